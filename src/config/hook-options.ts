import { Type } from 'typebox'
import type { OnUpstreamLogin } from '../social/on-upstream-login.ts'
import type { BeforeDelete } from '../users/before-delete.ts'
import type { BeforeRegister } from '../users/before-register.ts'
import { ConfigError } from './config-error.ts'

/** Functions of the host that may refuse. */
export const hookOptions = {
  beforeRegister: Type.Optional(Type.Unsafe<BeforeRegister>({ description: 'Your function that may refuse a registration, with a reason for a field or the whole form; it has one second' })),
  onUpstreamLogin: Type.Optional(Type.Unsafe<OnUpstreamLogin>({ description: 'Your function that is asked at each login at another provider: it may change what the provider says, or refuse with a reason; it has one second' })),
  beforeDelete: Type.Optional(Type.Unsafe<BeforeDelete>({ description: 'Your function that may refuse that a user deletes their account, with a reason; it has one second' }))
}

/** @throws ConfigError for what is no function */
export function checkHooks (settings: { [Name in keyof typeof hookOptions]?: unknown }): void {
  const given = { beforeRegister: 'what somebody entered', onUpstreamLogin: 'who has logged in at a provider', beforeDelete: 'the user who wants to leave' }
  for (const [name, what] of Object.entries(given)) {
    const hook = settings[name as keyof typeof given]
    if (hook !== undefined && typeof hook !== 'function') throw new ConfigError([{ name, message: `must be a function that is given ${what}` }])
  }
}
