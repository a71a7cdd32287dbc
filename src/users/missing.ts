/** What a user must do before a token or a browser session is created for them. */
export type Missing = 'email_verification' | 'restoration'

export const NOTHING_MISSING: readonly Missing[] = []
export const EMAIL_VERIFICATION: readonly Missing[] = ['email_verification']
/** Of an account whose deletion was requested. Whatever else is missing is asked for afterwards. */
export const RESTORATION: readonly Missing[] = ['restoration']

/** The error that tells it, to those who know the password. */
export const MISSING_ERRORS = {
  email_verification: { code: 'LK_EMAIL_NOT_VERIFIED', description: 'The e-mail address is not verified' },
  restoration: { code: 'LK_DELETION_SCHEDULED', description: 'The account will be deleted, and can be restored' }
} as const satisfies Record<Missing, { code: string, description: string }>
