import { account, password, verify } from './en-account.ts'

/** All texts of the pages. Another language is another file of this shape. */
export const en = {
  /** As in the middle of a sentence; capitalized at the beginning of one. */
  attributes: { email: 'e-mail', phone: 'phone', username: 'user name' } as Record<string, string>,
  /** For scopes without a description by the operator. */
  scopes: {
    openid: 'Know which account is yours',
    profile: 'See your name and profile',
    email: 'See your e-mail address',
    phone: 'See your phone number',
    offline_access: 'Keep this access while you are away',
    address: 'See your postal address',
    '*': 'Do everything that you can do'
  } as Record<string, string>,
  /** What a password needs, as in the middle of a sentence; they are listed in `register.passwordHint`. */
  passwordKinds: {
    mixedCase: 'uppercase and lowercase letters',
    letters: 'a letter',
    symbols: 'a symbol',
    numbers: 'a number'
  },
  form: {
    errorPrefix: 'Error: ',
    /** Between a label and its value. */
    colon: ': ',
    problem: 'Please check your entries',
    optional: 'optional'
  },
  problems: {
    wrongLogin: 'The account or the password is wrong. Check both and try again.',
    tooMany: (wait: string) => `Too many attempts. Try again in ${wait}.`,
    overloaded: 'The server is busy. Try again in a moment.',
    stale: 'This page was open for too long. Please submit it again.',
    noCookies: 'Your browser did not send a cookie of this page. Allow cookies for this site, then send the form again.',
    missing: 'Fill in this field.',
    invalid: 'This does not look right. Check it for typing errors.',
    phoneCountry: 'Write the number with its country code, such as +49 170 1234567.',
    mustAccept: 'Accept the terms to go on.',
    taken: 'This is already in use. If it is yours, log in instead.',
    atProvider: (provider: string) => `You log in with ${provider}, and have no password here.`,
    notInvited: 'The invitation is for another address. Use the one that it was sent to.',
    wrongPassword: 'This is not your password.',
    wrongCode: 'This code is wrong, or was used before. Wait for the next one.',
    changedMeanwhile: 'This was changed in the meantime. Try again.',
    lastIdentifier: 'You log in with this. Add another before you remove it.',
    changedOften: 'This was changed too often recently. Try again in a few weeks.',
    oneNeeded: 'Fill in at least one of these.',
    passwordShort: (length: number) => `Use at least ${length} characters.`,
    passwordLong: 'Use a shorter password.',
    passwordMixedCase: 'Use at least one uppercase and one lowercase letter.',
    passwordLetter: 'Use at least one letter.',
    passwordSymbol: 'Use at least one symbol, such as ! or a space.',
    passwordNumber: 'Use at least one number.',
    passwordBreached: 'This password has appeared in a data leak, so attackers know it. Choose another.',
    passwordCommon: 'This password is one of the first that attackers try. Choose another.',
    tooLarge: 'This is too much in all. Shorten a field.',
    tooManyTokens: 'You have too many tokens. Delete one first.',
    unknownCode: 'This code is unknown or has expired. Check it, or ask the device for a new one.'
  },
  login: {
    title: 'Log in',
    to: (app: string) => `to go on to ${app}`,
    password: 'Password',
    remember: 'Keep me logged in on this device',
    submit: 'Log in',
    register: 'Create an account',
    forgot: 'Forgot your password?',
    next: 'Continue',
    passwordTitle: 'Enter your password',
    another: 'Not you? Use another account',
    again: (account: string) => `You are logged in as ${account}. Log in again to go on, or as somebody else.`,
    cancel: 'Cancel',
    idle: 'You were logged out because this browser was not used for a while.',
    ended: 'You have been logged out. Log in again to go on.'
  },
  /** After the password, where the user has a second factor. */
  secondFactor: {
    title: 'Enter your code',
    label: 'Code',
    hint: 'The six digits that your authenticator app shows now.',
    hintRecovery: 'The six digits that your authenticator app shows now, or one of your recovery codes.',
    submit: 'Continue',
    again: 'Log in another way'
  },
  register: {
    title: 'Create an account',
    name: 'Name',
    invited: 'Your invitation was sent to this address.',
    oneNeeded: 'One of these is enough:',
    password: 'Password',
    passwordHint: (length: number, kinds: string) => `At least ${length} characters${kinds && `, with ${kinds}`}. A few words in a row are easy to keep in mind.`,
    submit: 'Create account',
    login: 'Log in to an account you have',
    loginAs: (value: string) => `Log in as ${value}`
  },
  /** `before`, the linked `terms` and `after` are one sentence. */
  terms: {
    before: 'I accept the ', terms: 'terms of use', after: '.', privacy: 'Privacy policy',
    title: 'The terms have changed', lead: 'Read the new version, and accept it to go on.', submit: 'Go on', logout: 'Log out'
  },
  password,
  /** Logins at other providers. */
  upstream: {
    or: 'or',
    logIn: (provider: string) => `Log in with ${provider}`,
    register: (provider: string) => `Create an account with ${provider}`,
    title: 'Other ways to log in',
    hint: 'You can log in with an account that you have elsewhere.',
    since: (date: string) => `Since ${date}`,
    link: (provider: string) => `Add ${provider}`,
    unlink: 'Remove',
    unlinkOf: (provider: string) => `Remove ${provider}`,
    canceled: (provider: string) => `You have canceled the login with ${provider}. You can try again, or log in another way.`,
    unavailable: (provider: string) => `${provider} does not answer at the moment. Try again in a moment, or log in another way.`,
    failed: (provider: string) => `The login with ${provider} has failed. Try again, or log in another way.`,
    expired: (provider: string) => `This login with ${provider} took too long, was used already, or was started in another browser. Try again.`,
    unknown: (provider: string) => `No account here is connected to this account at ${provider}. If you have one, log in to it another way; then you can add ${provider} on its security page.`,
    exists: (provider: string) => `There is already an account here with your e-mail address. Log in to it another way, or set a new password; then you can add ${provider} on its security page.`,
    unverified: (provider: string) => `${provider} has not confirmed an e-mail address of yours, which is needed here. Create an account with a password; then you can add ${provider} on its security page.`,
    incomplete: (provider: string) => `An account needs more than ${provider} says about you. Create an account with a password; then you can add ${provider} on its security page.`,
    refused: (provider: string) => `${provider} has confirmed who you are, but you cannot log in here with it.`
  },
  verify,
  consent: {
    title: (app: string) => `Allow ${app} to use your account?`,
    unverified: (app: string, brand: string) => `${brand} has not checked who is behind “${app}”. Go on only if you trust it.`,
    signedIn: 'Logged in as',
    switch: 'Use another account',
    resources: 'At these services',
    redirect: 'Then you go to',
    redirectApp: (scheme: string) => `an app on this device (${scheme})`,
    local: 'That is a program on this computer. Go on only if you have just started it yourself.',
    scopes: 'It will be able to',
    noScopes: 'See that you have an account here',
    allow: 'Allow',
    deny: 'Deny',
    later: 'You can take this back in your account at any time.'
  },
  device: {
    title: 'Connect a device',
    intro: 'Type the code that your device shows.',
    code: 'Code',
    next: 'Continue',
    confirm: (app: string) => `Connect ${app} to your account?`,
    shown: 'Code on the device',
    from: 'The request came from',
    warning: 'Go on only if you see this very code on a device of your own. Nobody has a reason to send you one.',
    allow: 'Connect',
    deny: 'Do not connect',
    allowedTitle: 'The device is connected',
    allowed: 'You can close this page and go on there.',
    deniedTitle: 'The device was not connected',
    denied: 'Nothing was shared. You can close this page.'
  },
  start: {
    title: 'Welcome',
    lead: (brand: string) => `Apps of ${brand} send you here to log in. Here you also see what has access to your account.`,
    signedIn: 'Logged in as',
    login: 'Log in',
    register: 'Create an account',
    account: 'Your account',
    logout: 'Log out',
    docs: 'For developers: the API'
  },
  logout: {
    title: 'Log out?',
    question: 'You will be logged out of this browser.',
    asked: (app: string) => `${app} asks to log you out of this browser.`,
    alsoAt: (provider: string) => `You will be logged out of ${provider} as well.`,
    signedIn: 'Logged in as',
    submit: 'Log out',
    stay: 'Stay logged in',
    doneTitle: 'You are logged out',
    done: 'You can close this page.',
    login: 'Log in again'
  },
  formPost: {
    title: 'Go on to the app',
    untrusted: 'Its request could not be answered. Go on only if you know this address.',
    denied: 'You did not give the app access. Go back to it only if you know this address.',
    submit: 'Continue'
  },
  errors: {
    id: 'Reference',
    again: 'Try again',
    notFound: {
      title: 'There is nothing here', message: 'The page does not exist.',
      advice: 'Check the address, or go back to the app you came from.'
    },
    badRequest: {
      title: 'That did not work', message: 'The app sent a request that cannot be answered.',
      advice: 'Go back to the app and try again. If it happens again, tell those who run the app.'
    },
    notVerified: {
      title: 'Confirm your e-mail address', message: 'You can log in as soon as your e-mail address is confirmed.',
      advice: 'Open the link in the mail that we have sent you.'
    },
    invitationRequired: {
      title: 'An invitation is needed', message: 'You can create an account here only with an invitation.',
      advice: 'Open the link in your invitation, or ask those who run this site for one. If you have an account, log in.'
    },
    invitationInvalid: {
      title: 'This invitation cannot be used', message: 'It was used already, was withdrawn, or is too old.',
      advice: 'Ask whoever invited you for another one. If you have an account, log in.'
    },
    stale: {
      title: 'This page is too old', message: 'It was open for too long, or was sent from elsewhere.',
      advice: 'Go back, load the page again and repeat what you did.'
    },
    tooMany: {
      title: 'Too many attempts', message: 'There were more attempts than are allowed, to keep accounts safe.',
      advice: 'Try again later.', wait: (time: string) => `Try again in ${time}.`
    },
    server: {
      title: 'Something went wrong on our side', message: 'Your request could not be completed.',
      advice: 'Try again in a moment. If it happens again, tell us the reference below.'
    }
  },
  ...account
}

export type Texts = typeof en
