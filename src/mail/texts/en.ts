/** All texts of mails and text messages. Another language is another file of this shape. */
export const en = {
  common: {
    greeting: 'Hello,',
    greetingName: (name: string) => `Hello ${name},`,
    code: 'Your code',
    /** After a label. */
    colon: ':',
    link: 'Does the button not work? Open this address:',
    linkValid: (time: string) => `The link works once, within ${time}.`,
    codeValid: (time: string) => `The code is valid for ${time}. Type it only on the page that asked for it, and do not give it to anybody.`,
    when: 'When',
    device: 'Device',
    address: 'IP address',
    browserOn: (browser: string, system: string) => `${browser} on ${system}`,
    footer: (brand: string) => `You receive this mail because your address was given to ${brand}. Replies to it are not read.`
  },
  attributes: { email: 'e-mail address', phone: 'phone number', username: 'user name' } as Record<string, string>,
  factors: {
    totp: 'an authenticator app', passkey: 'a passkey', recovery_codes: 'recovery codes', email: 'codes by e-mail'
  } as Record<string, string>,
  verify: {
    subject: (brand: string) => `Confirm your e-mail address for ${brand}`,
    lead: (brand: string) => `Confirm that this e-mail address is yours, so that ${brand} can use it for your account.`,
    button: 'Confirm e-mail address',
    note: 'Did you not ask for this? Then do nothing: without the confirmation nothing happens.'
  },
  taken: {
    subject: (brand: string) => `You already have an account at ${brand}`,
    lead: (brand: string) => `Somebody tried to register at ${brand} with this e-mail address, which has an account already. No second one was created.`,
    button: 'Log in',
    reset: 'Set a new password',
    note: 'Was it you? Log in, or set a new password if you have forgotten it. Was it somebody else? Then there is nothing to do: they have learned nothing about your account.'
  },
  welcome: {
    subject: (brand: string) => `Welcome to ${brand}`,
    lead: (brand: string) => `Your account at ${brand} is ready.`,
    button: 'Your account',
    note: 'In your account you see where you are logged in and which apps have access.'
  },
  verified: {
    subject: (brand: string) => `Your e-mail address is confirmed for ${brand}`,
    lead: (brand: string) => `This e-mail address is now confirmed for your account at ${brand}.`,
    button: 'Your account',
    note: 'Was this not you? Set a new password for the account, or tell those who run the site.'
  },
  reset: {
    subject: (brand: string) => `Set a new password for ${brand}`,
    lead: (brand: string) => `Somebody asked for a new password for your account at ${brand}.`,
    button: 'Set a new password',
    note: 'Did you not ask for this? Then do nothing: your password stays as it is.'
  },
  passwordChanged: {
    subject: (brand: string) => `Your password for ${brand} was changed`,
    lead: (brand: string) => `The password of your account at ${brand} was changed. You were logged out everywhere else.`,
    button: 'Set a new password',
    note: 'Was this not you? Set a new password at once.'
  },
  newDevice: {
    subject: (brand: string) => `New login to your account at ${brand}`,
    lead: (brand: string) => `Somebody logged in to your account at ${brand} from a device that was not used before.`,
    button: 'Where you are logged in',
    note: 'Was this not you? End that login and set a new password.'
  },
  factorAdded: {
    subject: (brand: string) => `A second step was added to your account at ${brand}`,
    lead: (brand: string, factor: string) => `From now on, logging in to your account at ${brand} can ask for ${factor}.`,
    button: 'Your account',
    note: 'Was this not you? Remove it in your account and set a new password.'
  },
  factorRemoved: {
    subject: (brand: string) => `A second step was removed from your account at ${brand}`,
    lead: (brand: string, factor: string) => `Logging in to your account at ${brand} does not ask for ${factor} any more.`,
    button: 'Your account',
    note: 'Was this not you? Set a new password at once, and add the second step again.'
  },
  identityLinked: {
    subject: (brand: string) => `A new way to log in to ${brand}`,
    lead: (brand: string, provider: string) => `From now on you can log in to your account at ${brand} with ${provider}.`,
    button: 'Your account',
    note: 'Was this not you? Remove it on the security page of your account, and set a new password.'
  },
  identityUnlinked: {
    subject: (brand: string) => `A way to log in to ${brand} was removed`,
    lead: (brand: string, provider: string) => `You cannot log in to your account at ${brand} with ${provider} any more.`,
    button: 'Your account',
    note: 'Was this not you? Set a new password at once.'
  },
  identifierChange: {
    subject: (brand: string) => `Confirm your new e-mail address for ${brand}`,
    lead: (brand: string) => `Confirm that this is the new e-mail address of your account at ${brand}. Until then, the previous one stays.`,
    button: 'Confirm new address',
    note: 'Did you not ask for this? Then do nothing: without the confirmation nothing changes.'
  },
  identifierChanged: {
    subject: (brand: string) => `Your account at ${brand} was changed`,
    lead: (brand: string, what: string) => `The ${what} of your account at ${brand} was changed.`,
    button: 'Undo the change',
    note: 'Was this not you? Undo the change: what you had before is restored, every login ends, and you set a new password.'
  },
  changeUndone: {
    subject: (brand: string) => `A change to your account at ${brand} was undone`,
    lead: (brand: string, what: string) => `A change of the ${what} of your account at ${brand} was undone. Every login has ended, and the password is removed.`,
    button: 'Set a new password',
    note: 'If you have not set a new password yet, do it now: nobody can log in with the old one.'
  },
  identifierTaken: {
    subject: (brand: string) => `This address has an account at ${brand}`,
    lead: (brand: string) => `Somebody wanted to use this e-mail address for another account at ${brand}. It has an account already, so nothing was changed.`,
    button: 'Log in',
    note: 'Was it you? An address can have one account only: change the address of this one first. Was it somebody else? Then there is nothing to do: they have learned nothing about your account.'
  },
  deletionScheduled: {
    subject: (brand: string) => `Your account at ${brand} will be deleted`,
    lead: (brand: string, date: string) => `Your account at ${brand} will be deleted on ${date}. You were logged out everywhere.`,
    button: 'Keep the account',
    note: 'Did you change your mind, or was it not you? Log in before that day to keep the account.'
  },
  restored: {
    subject: (brand: string) => `Your account at ${brand} is restored`,
    lead: (brand: string) => `Your account at ${brand} will not be deleted.`,
    button: 'Your account',
    note: 'Was this not you? Set a new password at once.'
  },
  invitation: {
    subject: (brand: string) => `Your invitation to ${brand}`,
    lead: (brand: string) => `You are invited to create an account at ${brand}.`,
    button: 'Create an account',
    note: 'Do you not know what this is about? Then do nothing: nothing happens without you.'
  },
  test: {
    subject: (brand: string) => `Test mail of ${brand}`,
    lead: (brand: string) => `This is a test: the mails of ${brand} arrive.`,
    note: 'There is nothing to do.'
  },
  sms: {
    code: (brand: string, code: string, time: string) => `${code} is your code for ${brand}, valid for ${time}. Do not give it to anybody.`
  }
}

export type MailTexts = typeof en
