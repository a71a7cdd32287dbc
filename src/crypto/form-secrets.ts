import { createHmac } from 'node:crypto'
import { deriveKeys } from './app-key.ts'

/** Identifies one form of one page in one browser. */
export type FormId = Uint8Array

/** Seconds in which a repeated submission counts as the same; later, the same form is a new request. */
export const SAME_FORM = 600

/**
 * 256-bit secrets for what a form creates, equal when the form is submitted twice within `SAME_FORM`, to any process: for the current and
 * the previous period, under each APP_KEY; the first one is used for creating. An hour later the form yields other secrets, so that what it
 * created never comes back.
 */
export type FormSecrets = (form: FormId, ...what: (string | number | boolean | null)[]) => [Buffer, ...Buffer[]]

/**
 * @param label gives each kind of form different secrets
 * @param now milliseconds since 1970
 */
export function createFormSecrets (appKeys: readonly string[], label: string, now: () => number): FormSecrets {
  const [current, ...previous] = deriveKeys(appKeys, label)
  return (form, ...what) => {
    const period = Math.floor(now() / 1000 / SAME_FORM)
    const under = (key: Buffer, at: number) =>
      createHmac('sha256', key).update(JSON.stringify([Buffer.from(form).toString('base64url'), at, ...what])).digest()
    return [
      under(current!, period),
      under(current!, period - 1),
      ...previous.flatMap((key) => [under(key, period), under(key, period - 1)])
    ]
  }
}
