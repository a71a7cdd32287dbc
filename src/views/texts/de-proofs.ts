import type { Texts } from './en.ts'

export const password: Texts['password'] = {
  forgotTitle: 'Passwort vergessen?',
  forgotIntro: 'Wir senden Ihnen einen Link, mit dem Sie ein neues festlegen.',
  send: 'Link senden',
  sentTitle: 'Sehen Sie in Ihr Postfach',
  sent: 'Wenn es dieses Konto gibt, ist eine E-Mail mit einem Link unterwegs. Das kann eine Minute dauern.',
  sentAdvice: 'Nichts da? Sehen Sie im Spam-Ordner nach, oder versuchen Sie es mit einer anderen Adresse. Wir senden höchstens eine E-Mail pro Minute.',
  again: 'Noch einmal versuchen',
  back: 'Zurück zur Anmeldung',
  title: 'Neues Passwort festlegen',
  of: 'Konto',
  label: 'Neues Passwort',
  submit: 'Passwort festlegen',
  ends: 'Sie werden überall abgemeldet.',
  removed: 'Ihre E-Mail-Adresse ist bestätigt, und das alte Passwort gilt nicht mehr. Wählen Sie ein neues.',
  doneTitle: 'Ihr neues Passwort gilt',
  done: 'Sie wurden überall abgemeldet. Melden Sie sich mit dem neuen Passwort an.',
  login: 'Anmelden',
  badTitle: 'Dieser Link gilt nicht mehr',
  bad: 'Er wurde schon verwendet, er ist zu alt, oder es wurde ein neuerer gesendet.',
  newLink: 'Neuen Link anfordern'
}

export const verify: Texts['verify'] = {
  title: 'Bestätigen Sie Ihre E-Mail-Adresse',
  sent: (address) => `Wir haben eine E-Mail an ${address} gesendet. Öffnen Sie den Link darin, oder geben Sie hier ihren Code ein.`,
  unsent: (address) => `Wir senden eine E-Mail mit einem Link und einem Code an ${address}.`,
  required: 'Sie können sich anmelden, sobald sie bestätigt ist.',
  code: 'Code',
  codeHint: 'Sechs Ziffern, zehn Minuten gültig',
  submit: 'Bestätigen',
  send: 'E-Mail senden',
  sendAgain: 'E-Mail noch einmal senden',
  onceAMinute: 'Wir senden höchstens eine E-Mail pro Minute.',
  wrongCode: 'Dieser Code ist falsch oder zu alt. Prüfen Sie ihn, oder lassen Sie sich eine neue E-Mail senden.',
  ask: 'Geben Sie an, womit Sie sich anmelden, und wir senden einen neuen Link.',
  linkIntro: 'Ist das Ihre Adresse?',
  address: 'E-Mail-Adresse',
  password: 'Passwort des Kontos',
  passwordHint: 'Sie sind hier nicht angemeldet. Mit dem Passwort bleibt das Konto, wie es ist.',
  withoutTitle: 'Sie kennen das Passwort nicht?',
  without: 'Vielleicht hat jemand anderes das Konto mit Ihrer Adresse angelegt. Machen Sie ohne Passwort weiter: Das alte wird entfernt, alle werden abgemeldet, und Sie wählen ein neues.',
  withoutSubmit: 'Ohne Passwort weiter',
  doneTitle: 'Ihre E-Mail-Adresse ist bestätigt',
  done: 'Sie können diese Seite schließen oder weitermachen.',
  goOn: 'Weiter'
}
