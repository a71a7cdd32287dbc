import { RequestError } from './request-error.ts'

/** In place of what a configuration turns off: nothing asks for it, since its routes are not there. */
export function turnedOff (option: string): () => Promise<never> {
  return async () => { throw new RequestError(404, 'LK_TURNED_OFF', `${option} is off`) }
}
