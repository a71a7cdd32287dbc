/** The terms that are in force. */
export type AcceptedTerms = {
  hasAccepted: (userId: string) => Promise<boolean>
  accept: (userId: string) => Promise<void>
}
