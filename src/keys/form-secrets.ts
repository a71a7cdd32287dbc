import { createHmac } from 'node:crypto'
import { deriveKeys } from '../app-key.ts'

/** What tells one form of one page, in one browser, from every other. */
export type FormId = Uint8Array

/** Whoever presses again does so within this time; the same form later is another wish. Seconds. */
export const SAME_FORM = 600

/** 256 bits for what a form makes, the same when the form is sent twice, to whichever process. One for each APP_KEY, the current one first. */
export type FormSecrets = (form: FormId, ...what: (string | number | boolean | null)[]) => [Buffer, ...Buffer[]]

/** @param label keeps what forms make apart */
export function createFormSecrets (appKeys: readonly string[], label: string): FormSecrets {
  const [current, ...previous] = deriveKeys(appKeys, label)
  return (form, ...what) => {
    const text = JSON.stringify([Buffer.from(form).toString('base64url'), ...what])
    const under = (key: Buffer) => createHmac('sha256', key).update(text).digest()
    return [under(current!), ...previous.map(under)]
  }
}
