export { default as latchkey, type AppOptions as LatchkeyOptions } from '../plugins/latchkey.ts'
export type { Latchkey } from '../plugins/internals.ts'
export { default as oauth } from '../plugins/oauth.ts'
export { default as clientProxy, type ClientProxyOptions } from '../plugins/client-proxy.ts'
export {
  default as authGuard, type AuthGuard, type AuthGuardOptions, type Guard, type Guarded, type GuardKind,
  type GuardOptions
} from '../plugins/auth-guard.ts'
export { authOf } from '../plugins/guard/request-auth.ts'
export type { Auth, BrowserAuth, ClientAuth, PersonalAuth, SessionAuth } from '../plugins/guard/auth.ts'
export { EmailSchema, PhoneSchema, UsernameSchema } from './schemas/identifiers.ts'
// Where packages only see their own dependencies (pnpm), a host has no typebox of its own
export { Type, type Static, type TSchema } from 'typebox'
export type { ViewModel, ViewName, Views } from './views/index.ts'
export type { PartialTexts, Texts } from './views/texts/index.ts'
export { OAuthError } from './oauth/errors.ts'
export { ConfigError, type Problem } from './config/config-error.ts'
export { HttpError, type ErrorCode, type ErrorDetails } from './http/http-error.ts'
export { DatabaseUnavailable } from './database/unavailable.ts'
export { TooManyAttempts } from './throttle/attempts.ts'
export { Overloaded } from './passwords/hashing.ts'
export type { BeforeDelete, LeavingUser } from './users/before-delete.ts'
export type { BeforeRegister, RegistrationAttempt, RegistrationRefusal } from './users/before-register.ts'
export type { EventDetails, EventHandler, EventName } from './events/events.ts'
