import { account, password, verify } from './de-account.ts'
import type { Texts } from './en.ts'

export const de: Texts = {
  attributes: { email: 'E-Mail', phone: 'Telefon', username: 'Benutzername' },
  scopes: {
    openid: 'Wissen, welches Konto Ihnen gehört',
    profile: 'Ihren Namen und Ihr Profil sehen',
    email: 'Ihre E-Mail-Adresse sehen',
    phone: 'Ihre Telefonnummer sehen',
    offline_access: 'Diesen Zugriff behalten, während Sie weg sind',
    address: 'Ihre Postanschrift sehen',
    '*': 'Alles tun, was Sie selbst tun können'
  },
  passwordKinds: {
    mixedCase: 'Groß- und Kleinbuchstaben',
    letters: 'ein Buchstabe',
    symbols: 'ein Sonderzeichen',
    numbers: 'eine Ziffer'
  },
  form: {
    errorPrefix: 'Fehler: ',
    colon: ': ',
    problem: 'Bitte prüfen Sie Ihre Angaben',
    optional: 'freiwillig'
  },
  problems: {
    wrongLogin: 'Das Konto oder das Passwort ist falsch. Prüfen Sie beides und versuchen Sie es noch einmal.',
    tooMany: (wait) => `Zu viele Versuche. Versuchen Sie es in ${wait} noch einmal.`,
    overloaded: 'Der Server ist gerade ausgelastet. Versuchen Sie es gleich noch einmal.',
    stale: 'Diese Seite war zu lange offen. Bitte senden Sie sie noch einmal ab.',
    noCookies:
      'Ihr Browser hat kein Cookie dieser Seite gesendet. Erlauben Sie Cookies für diese Seite und senden Sie das Formular noch einmal ab.',
    missing: 'Füllen Sie dieses Feld aus.',
    invalid: 'Das sieht nicht richtig aus. Prüfen Sie es auf Tippfehler.',
    phoneCountry: 'Schreiben Sie die Nummer mit ihrer Landesvorwahl, zum Beispiel +49 170 1234567.',
    mustAccept: 'Stimmen Sie den Bedingungen zu, um fortzufahren.',
    taken: 'Das wird schon verwendet. Gehört es Ihnen, melden Sie sich damit an.',
    atProvider: (provider) => `Sie melden sich mit ${provider} an und haben hier kein Passwort.`,
    notInvited: 'Die Einladung gilt für eine andere Adresse. Nehmen Sie die, an die sie ging.',
    wrongPassword: 'Das ist nicht Ihr Passwort.',
    wrongCode: 'Dieser Code ist falsch oder wurde schon benutzt. Warten Sie auf den nächsten.',
    changedMeanwhile: 'Das wurde inzwischen geändert. Versuchen Sie es noch einmal.',
    lastIdentifier: 'Damit melden Sie sich an. Fügen Sie etwas anderes hinzu, bevor Sie es entfernen.',
    changedOften: 'Das wurde in letzter Zeit zu oft geändert. Versuchen Sie es in einigen Wochen noch einmal.',
    oneNeeded: 'Füllen Sie mindestens eines davon aus.',
    passwordShort: (length) => `Verwenden Sie mindestens ${length} Zeichen.`,
    passwordLong: 'Verwenden Sie ein kürzeres Passwort.',
    passwordMixedCase: 'Verwenden Sie mindestens einen Groß- und einen Kleinbuchstaben.',
    passwordLetter: 'Verwenden Sie mindestens einen Buchstaben.',
    passwordSymbol: 'Verwenden Sie mindestens ein Sonderzeichen, etwa ! oder ein Leerzeichen.',
    passwordNumber: 'Verwenden Sie mindestens eine Ziffer.',
    passwordBreached: 'Dieses Passwort stand in einem Datenleck, Angreifer kennen es also. Wählen Sie ein anderes.',
    passwordCommon: 'Dieses Passwort gehört zu den ersten, die Angreifer versuchen. Wählen Sie ein anderes.',
    tooLarge: 'Das ist insgesamt zu viel. Kürzen Sie ein Feld.',
    tooManyTokens: 'Sie haben zu viele Token. Löschen Sie zuerst eines.',
    unknownCode: 'Dieser Code ist unbekannt oder abgelaufen. Prüfen Sie ihn, oder lassen Sie das Gerät einen neuen anzeigen.'
  },
  login: {
    title: 'Anmelden',
    to: (app) => `und weiter zu ${app}`,
    password: 'Passwort',
    remember: 'Auf diesem Gerät angemeldet bleiben',
    submit: 'Anmelden',
    register: 'Konto anlegen',
    forgot: 'Passwort vergessen?',
    next: 'Weiter',
    passwordTitle: 'Passwort eingeben',
    another: 'Nicht Sie? Anderes Konto verwenden',
    again: (account) =>
      `Sie sind als ${account} angemeldet. Melden Sie sich noch einmal an, um weiterzumachen, oder mit einem anderen Konto.`,
    cancel: 'Abbrechen',
    idle: 'Sie wurden abgemeldet, weil dieser Browser eine Weile nicht verwendet wurde.',
    ended: 'Sie wurden abgemeldet. Melden Sie sich wieder an, um weiterzumachen.'
  },
  secondFactor: {
    title: 'Code eingeben',
    label: 'Code',
    hint: 'Die sechs Ziffern, die Ihre Authenticator-App gerade zeigt.',
    hintRecovery: 'Die sechs Ziffern, die Ihre Authenticator-App gerade zeigt, oder einer Ihrer Wiederherstellungscodes.',
    submit: 'Weiter',
    again: 'Anders anmelden'
  },
  register: {
    title: 'Konto anlegen',
    name: 'Name',
    invited: 'An diese Adresse ging Ihre Einladung.',
    oneNeeded: 'Eines davon genügt:',
    password: 'Passwort',
    passwordHint: (length, kinds) => `Mindestens ${length} Zeichen${kinds && `, darunter ${kinds}`}. Mehrere Wörter hintereinander kann man sich leicht merken.`,
    submit: 'Konto anlegen',
    login: 'Mit einem vorhandenen Konto anmelden',
    loginAs: (value) => `Als ${value} anmelden`
  },
  terms: {
    before: 'Ich stimme den ', terms: 'Nutzungsbedingungen', after: ' zu.', privacy: 'Datenschutzerklärung',
    title: 'Die Bedingungen haben sich geändert', lead: 'Lesen Sie die neue Fassung, und stimmen Sie ihr zu, um fortzufahren.',
    submit: 'Weiter', logout: 'Abmelden'
  },
  password,
  upstream: {
    or: 'oder',
    logIn: (provider) => `Mit ${provider} anmelden`,
    register: (provider) => `Konto mit ${provider} anlegen`,
    title: 'Andere Arten, sich anzumelden',
    hint: 'Sie können sich mit einem Konto anmelden, das Sie anderswo haben.',
    since: (date) => `Seit ${date}`,
    link: (provider) => `${provider} hinzufügen`,
    unlink: 'Entfernen',
    unlinkOf: (provider) => `${provider} entfernen`,
    canceled: (provider) => `Sie haben die Anmeldung mit ${provider} abgebrochen. Versuchen Sie es noch einmal, oder melden Sie sich anders an.`,
    unavailable: (provider) => `${provider} antwortet zurzeit nicht. Versuchen Sie es gleich noch einmal, oder melden Sie sich anders an.`,
    failed: (provider) => `Die Anmeldung mit ${provider} ist fehlgeschlagen. Versuchen Sie es noch einmal, oder melden Sie sich anders an.`,
    expired: (provider) => `Diese Anmeldung mit ${provider} hat zu lange gedauert, wurde schon benutzt oder in einem anderen Browser begonnen. Versuchen Sie es noch einmal.`,
    unknown: (provider) => `Mit diesem Konto bei ${provider} ist hier kein Konto verbunden. Wenn Sie eines haben, melden Sie sich anders an; dann können Sie ${provider} auf der Seite „Sicherheit“ hinzufügen.`,
    exists: (provider) => `Zu Ihrer E-Mail-Adresse gibt es hier schon ein Konto. Melden Sie sich anders an, oder legen Sie ein neues Passwort fest; dann können Sie ${provider} auf der Seite „Sicherheit“ hinzufügen.`,
    unverified: (provider) => `${provider} hat keine E-Mail-Adresse von Ihnen bestätigt, die hier gebraucht wird. Legen Sie ein Konto mit Passwort an; dann können Sie ${provider} auf der Seite „Sicherheit“ hinzufügen.`,
    incomplete: (provider) => `Ein Konto braucht mehr, als ${provider} über Sie sagt. Legen Sie ein Konto mit Passwort an; dann können Sie ${provider} auf der Seite „Sicherheit“ hinzufügen.`,
    refused: (provider) => `${provider} hat bestätigt, wer Sie sind, aber Sie können sich hier damit nicht anmelden.`
  },
  verify,
  consent: {
    title: (app) => `Darf ${app} Ihr Konto verwenden?`,
    unverified: (app, brand) => `${brand} hat nicht geprüft, wer hinter „${app}“ steht. Fahren Sie nur fort, wenn Sie der App vertrauen.`,
    signedIn: 'Angemeldet als',
    switch: 'Anderes Konto verwenden',
    resources: 'Bei diesen Diensten',
    redirect: 'Danach geht es zu',
    redirectApp: (scheme) => `einer App auf diesem Gerät (${scheme})`,
    local: 'Das ist ein Programm auf diesem Computer. Fahren Sie nur fort, wenn Sie es gerade selbst gestartet haben.',
    scopes: 'Die App wird Folgendes können',
    noScopes: 'Sehen, dass Sie hier ein Konto haben',
    allow: 'Erlauben',
    deny: 'Ablehnen',
    later: 'Sie können das in Ihrem Konto jederzeit zurücknehmen.'
  },
  device: {
    title: 'Gerät verbinden',
    intro: 'Geben Sie den Code ein, den Ihr Gerät anzeigt.',
    code: 'Code',
    next: 'Weiter',
    confirm: (app) => `${app} mit Ihrem Konto verbinden?`,
    shown: 'Code auf dem Gerät',
    from: 'Die Anfrage kam von',
    warning:
      'Fahren Sie nur fort, wenn Sie genau diesen Code auf einem eigenen Gerät sehen. Niemand hat einen Grund, Ihnen einen zu schicken.',
    allow: 'Verbinden',
    deny: 'Nicht verbinden',
    allowedTitle: 'Das Gerät ist verbunden',
    allowed: 'Sie können diese Seite schließen und dort weitermachen.',
    deniedTitle: 'Das Gerät wurde nicht verbunden',
    denied: 'Es wurde nichts weitergegeben. Sie können diese Seite schließen.'
  },
  start: {
    title: 'Willkommen',
    lead: (brand) => `Apps von ${brand} führen Sie zum Anmelden hierher. Hier sehen Sie auch, was Zugriff auf Ihr Konto hat.`,
    signedIn: 'Angemeldet als',
    login: 'Anmelden',
    register: 'Konto anlegen',
    account: 'Ihr Konto',
    logout: 'Abmelden',
    docs: 'Für Entwickler: die API'
  },
  logout: {
    title: 'Abmelden?',
    question: 'Sie werden in diesem Browser abgemeldet.',
    asked: (app) => `${app} möchte Sie in diesem Browser abmelden.`,
    alsoAt: (provider) => `Sie werden auch bei ${provider} abgemeldet.`,
    signedIn: 'Angemeldet als',
    submit: 'Abmelden',
    stay: 'Angemeldet bleiben',
    doneTitle: 'Sie sind abgemeldet',
    done: 'Sie können diese Seite schließen.',
    login: 'Wieder anmelden'
  },
  formPost: {
    title: 'Weiter zur App',
    untrusted: 'Ihre Anfrage konnte nicht beantwortet werden. Gehen Sie nur weiter, wenn Sie diese Adresse kennen.',
    denied: 'Sie haben der App keinen Zugriff gegeben. Gehen Sie nur zu ihr zurück, wenn Sie diese Adresse kennen.',
    submit: 'Weiter'
  },
  errors: {
    id: 'Kennung',
    again: 'Noch einmal versuchen',
    notFound: {
      title: 'Hier ist nichts', message: 'Diese Seite gibt es nicht.',
      advice: 'Prüfen Sie die Adresse, oder gehen Sie zurück zu der App, aus der Sie kommen.'
    },
    badRequest: {
      title: 'Das hat nicht geklappt', message: 'Die App hat eine Anfrage gesendet, die nicht beantwortet werden kann.',
      advice: 'Gehen Sie zurück zur App und versuchen Sie es noch einmal. Geschieht es wieder, sagen Sie es den Betreibern der App.'
    },
    notVerified: {
      title: 'Bestätigen Sie Ihre E-Mail-Adresse', message: 'Sie können sich anmelden, sobald Ihre E-Mail-Adresse bestätigt ist.',
      advice: 'Öffnen Sie den Link in der E-Mail, die wir Ihnen gesendet haben.'
    },
    invitationRequired: {
      title: 'Eine Einladung ist nötig', message: 'Ein Konto können Sie hier nur mit einer Einladung anlegen.',
      advice: 'Öffnen Sie den Link in Ihrer Einladung, oder bitten Sie die Betreiber dieser Seite um eine. Haben Sie ein Konto, melden Sie sich an.'
    },
    invitationInvalid: {
      title: 'Diese Einladung gilt nicht mehr', message: 'Sie wurde schon benutzt, zurückgezogen oder ist zu alt.',
      advice: 'Bitten Sie um eine neue. Haben Sie ein Konto, melden Sie sich an.'
    },
    stale: {
      title: 'Diese Seite ist veraltet', message: 'Sie war zu lange offen oder wurde von anderswo gesendet.',
      advice: 'Gehen Sie zurück, laden Sie die Seite neu und wiederholen Sie, was Sie getan haben.'
    },
    tooMany: {
      title: 'Zu viele Versuche', message: 'Es waren mehr Versuche, als zum Schutz der Konten erlaubt sind.',
      advice: 'Versuchen Sie es später noch einmal.', wait: (time) => `Versuchen Sie es in ${time} noch einmal.`
    },
    server: {
      title: 'Bei uns ist etwas schiefgegangen', message: 'Ihre Anfrage konnte nicht ausgeführt werden.',
      advice: 'Versuchen Sie es gleich noch einmal. Geschieht es wieder, nennen Sie uns die Kennung unten.'
    }
  },
  ...account
}
