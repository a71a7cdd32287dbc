import { HttpError } from '../http/http-error.ts'

/** Stands in for a part that the configuration turns off; it is never called, since its routes do not exist. */
export function turnedOff (option: string): () => Promise<never> {
  return async () => { throw new HttpError('LK_TURNED_OFF', { message: `${option} is off` }) }
}
