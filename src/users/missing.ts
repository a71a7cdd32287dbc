/** What a user must do before a token or a browser session is created for them. */
export type Missing = 'email_verification'

export const NOTHING_MISSING: readonly Missing[] = []
export const EMAIL_VERIFICATION: readonly Missing[] = ['email_verification']
