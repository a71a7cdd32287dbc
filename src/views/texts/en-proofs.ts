/** Forgotten passwords. */
export const password = {
  forgotTitle: 'Forgot your password?',
  forgotIntro: 'We send you a link with which you set a new one.',
  send: 'Send link',
  sentTitle: 'Look into your mailbox',
  sent: 'If there is such an account, a mail with a link is on its way. It may take a minute.',
  sentAdvice: 'Nothing there? Look into the folder for spam, or try another address. We send at most one mail a minute.',
  again: 'Try again',
  back: 'Back to the login',
  title: 'Set a new password',
  of: 'Account',
  label: 'New password',
  submit: 'Set password',
  ends: 'You will be logged out everywhere.',
  removed: 'Your e-mail address is confirmed, and the old password is gone. Choose a new one.',
  doneTitle: 'Your new password is set',
  done: 'You were logged out everywhere. Log in with the new password.',
  login: 'Log in',
  badTitle: 'This link does not work any more',
  bad: 'It was used already, it is too old, or a newer one was sent.',
  newLink: 'Get a new link'
}

/** Verification of an e-mail address. */
export const verify = {
  title: 'Confirm your e-mail address',
  sent: (address: string) => `We have sent a mail to ${address}. Open the link in it, or type its code here.`,
  unsent: (address: string) => `We send a mail to ${address}, with a link and a code.`,
  required: 'You can log in as soon as it is confirmed.',
  code: 'Code',
  codeHint: 'Six digits, valid for ten minutes',
  submit: 'Confirm',
  send: 'Send a mail',
  sendAgain: 'Send the mail again',
  onceAMinute: 'We send at most one mail a minute.',
  wrongCode: 'This code is wrong or too old. Check it, or have another mail sent.',
  ask: 'Say what you log in with, and we send a new link.',
  linkIntro: 'Is this address yours?',
  address: 'E-mail address',
  password: 'Password of the account',
  passwordHint: 'You are not logged in here. With the password, the account stays as it is.',
  withoutTitle: 'You do not know the password?',
  without: 'Perhaps somebody else has created the account with your address. Go on without it: the old password is removed, everybody is logged out, and you choose a new one.',
  withoutSubmit: 'Go on without the password',
  doneTitle: 'Your e-mail address is confirmed',
  done: 'You can close this page, or go on.',
  goOn: 'Go on'
}
