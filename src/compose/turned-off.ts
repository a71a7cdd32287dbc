import { HttpError } from '../http/http-error.ts'

/** In place of what a configuration turns off: nothing asks for it, since its routes are not there. */
export function turnedOff (option: string): () => Promise<never> {
  return async () => { throw new HttpError('LK_TURNED_OFF', { message: `${option} is off` }) }
}
