import { createHmac } from 'node:crypto'
import { deriveKeys } from './app-key.ts'

/** What tells one form of one page, in one browser, from every other. */
export type FormId = Uint8Array

/** Whoever presses again does so within this time; the same form later is another wish. Seconds. */
export const SAME_FORM = 600

/**
 * 256 bits for what a form makes, the same when the form is sent twice within `SAME_FORM`, to whichever process: of this period and the one
 * before, under each APP_KEY; the first is for making. A form of an hour ago gets others, so that what it made then never comes back.
 */
export type FormSecrets = (form: FormId, ...what: (string | number | boolean | null)[]) => [Buffer, ...Buffer[]]

/** @param label keeps what forms make apart */
export function createFormSecrets (appKeys: readonly string[], label: string, now = () => Date.now()): FormSecrets {
  const [current, ...previous] = deriveKeys(appKeys, label)
  return (form, ...what) => {
    const period = Math.floor(now() / 1000 / SAME_FORM)
    const under = (key: Buffer, at: number) =>
      createHmac('sha256', key).update(JSON.stringify([Buffer.from(form).toString('base64url'), at, ...what])).digest()
    return [under(current!, period), under(current!, period - 1),
      ...previous.flatMap((key) => [under(key, period), under(key, period - 1)])]
  }
}
