import type { MailTexts } from './en.ts'

export const de: MailTexts = {
  common: {
    greeting: 'Guten Tag,',
    greetingName: (name) => `Guten Tag ${name},`,
    code: 'Ihr Code',
    colon: ':',
    link: 'Funktioniert die Schaltfläche nicht? Öffnen Sie diese Adresse:',
    linkValid: (time) => `Der Link gilt ${time} lang, und nur ein einziges Mal.`,
    codeValid: (time) => `Der Code gilt ${time} lang. Geben Sie ihn nur auf der Seite ein, die danach gefragt hat, und geben Sie ihn an niemanden weiter.`,
    when: 'Wann',
    device: 'Gerät',
    address: 'IP-Adresse',
    browserOn: (browser, system) => `${browser} auf ${system}`,
    footer: (brand) => `Sie erhalten diese E-Mail, weil Ihre Adresse bei ${brand} angegeben wurde. Antworten darauf werden nicht gelesen.`
  },
  attributes: { email: 'E-Mail-Adresse', phone: 'Telefonnummer', username: 'Benutzername' },
  factors: { totp: 'eine Authenticator-App', passkey: 'einen Passkey', recovery_codes: 'Wiederherstellungscodes', email: 'Codes per E-Mail' },
  verify: {
    subject: (brand) => `Bestätigen Sie Ihre E-Mail-Adresse für ${brand}`,
    lead: (brand) => `Bestätigen Sie, dass diese E-Mail-Adresse Ihnen gehört, damit ${brand} sie für Ihr Konto verwenden kann.`,
    button: 'E-Mail-Adresse bestätigen',
    note: 'Haben Sie das nicht angefordert? Dann tun Sie nichts: Ohne Bestätigung geschieht nichts.'
  },
  taken: {
    subject: (brand) => `Sie haben schon ein Konto bei ${brand}`,
    lead: (brand) => `Jemand wollte sich bei ${brand} mit dieser E-Mail-Adresse registrieren, zu der es schon ein Konto gibt. Ein zweites wurde nicht angelegt.`,
    button: 'Anmelden',
    reset: 'Neues Passwort festlegen',
    note: 'Waren Sie das? Melden Sie sich an, oder legen Sie ein neues Passwort fest, wenn Sie es vergessen haben. War es jemand anderes? Dann ist nichts zu tun: Über Ihr Konto wurde nichts verraten.'
  },
  welcome: {
    subject: (brand) => `Willkommen bei ${brand}`,
    lead: (brand) => `Ihr Konto bei ${brand} ist bereit.`,
    button: 'Ihr Konto',
    note: 'In Ihrem Konto sehen Sie, wo Sie angemeldet sind und welche Apps Zugriff haben.'
  },
  verified: {
    subject: (brand) => `Ihre E-Mail-Adresse ist für ${brand} bestätigt`,
    lead: (brand) => `Diese E-Mail-Adresse ist jetzt für Ihr Konto bei ${brand} bestätigt.`,
    button: 'Ihr Konto',
    note: 'Waren Sie das nicht? Legen Sie ein neues Passwort für das Konto fest, oder wenden Sie sich an die Betreiber.'
  },
  reset: {
    subject: (brand) => `Neues Passwort für ${brand}`,
    lead: (brand) => `Für Ihr Konto bei ${brand} wurde ein neues Passwort angefordert.`,
    button: 'Neues Passwort festlegen',
    note: 'Haben Sie das nicht angefordert? Dann tun Sie nichts: Ihr Passwort bleibt, wie es ist.'
  },
  passwordChanged: {
    subject: (brand) => `Ihr Passwort für ${brand} wurde geändert`,
    lead: (brand) => `Das Passwort Ihres Kontos bei ${brand} wurde geändert. Überall sonst wurden Sie abgemeldet.`,
    button: 'Neues Passwort festlegen',
    note: 'Waren Sie das nicht? Legen Sie sofort ein neues Passwort fest.'
  },
  newDevice: {
    subject: (brand) => `Neue Anmeldung in Ihrem Konto bei ${brand}`,
    lead: (brand) => `Jemand hat sich in Ihrem Konto bei ${brand} mit einem Gerät angemeldet, das bisher nicht benutzt wurde.`,
    button: 'Wo Sie angemeldet sind',
    note: 'Waren Sie das nicht? Beenden Sie diese Anmeldung und legen Sie ein neues Passwort fest.'
  },
  factorAdded: {
    subject: (brand) => `Ihr Konto bei ${brand} ist jetzt mit einem zweiten Schritt geschützt`,
    lead: (brand, factor) => `Für die Anmeldung in Ihrem Konto bei ${brand} brauchen Sie ab jetzt vielleicht auch ${factor}.`,
    button: 'Ihr Konto',
    note: 'Waren Sie das nicht? Entfernen Sie den zweiten Schritt in Ihrem Konto und legen Sie ein neues Passwort fest.'
  },
  factorRemoved: {
    subject: (brand) => `Ein zweiter Schritt wurde aus Ihrem Konto bei ${brand} entfernt`,
    lead: (brand, factor) => `Für die Anmeldung in Ihrem Konto bei ${brand} müssen Sie nicht mehr ${factor} verwenden.`,
    button: 'Ihr Konto',
    note: 'Waren Sie das nicht? Legen Sie sofort ein neues Passwort fest, und fügen Sie den zweiten Schritt wieder hinzu.'
  },
  identityLinked: {
    subject: (brand) => `Eine neue Art, sich bei ${brand} anzumelden`,
    lead: (brand, provider) => `Ab jetzt können Sie sich in Ihrem Konto bei ${brand} mit ${provider} anmelden.`,
    button: 'Ihr Konto',
    note: 'Waren Sie das nicht? Entfernen Sie es auf der Seite „Sicherheit“ Ihres Kontos, und legen Sie ein neues Passwort fest.'
  },
  identityUnlinked: {
    subject: (brand) => `Eine Art, sich bei ${brand} anzumelden, wurde entfernt`,
    lead: (brand, provider) => `In Ihrem Konto bei ${brand} können Sie sich nicht mehr mit ${provider} anmelden.`,
    button: 'Ihr Konto',
    note: 'Waren Sie das nicht? Legen Sie sofort ein neues Passwort fest.'
  },
  identifierChange: {
    subject: (brand) => `Bestätigen Sie Ihre neue E-Mail-Adresse für ${brand}`,
    lead: (brand) => `Bestätigen Sie, dass dies die neue E-Mail-Adresse Ihres Kontos bei ${brand} ist. Bis dahin bleibt die bisherige.`,
    button: 'Neue Adresse bestätigen',
    note: 'Haben Sie das nicht angefordert? Dann tun Sie nichts: Ohne Bestätigung ändert sich nichts.'
  },
  identifierChanged: {
    subject: (brand) => `Ihr Konto bei ${brand} wurde geändert`,
    lead: (brand, what) => `In Ihrem Konto bei ${brand} wurde etwas geändert: ${what}.`,
    button: 'Änderung rückgängig machen',
    note: 'Waren Sie das nicht? Machen Sie die Änderung rückgängig: Dann gilt wieder, was vorher galt, jede Anmeldung endet, und Sie legen ein neues Passwort fest.'
  },
  changeUndone: {
    subject: (brand) => `Eine Änderung an Ihrem Konto bei ${brand} wurde rückgängig gemacht`,
    lead: (brand, what) => `In Ihrem Konto bei ${brand} wurde eine Änderung rückgängig gemacht: ${what}. Alle Anmeldungen sind beendet, und das Passwort ist entfernt.`,
    button: 'Neues Passwort festlegen',
    note: 'Wenn Sie noch kein neues Passwort festgelegt haben, tun Sie es jetzt: Mit dem alten kann sich niemand mehr anmelden.'
  },
  identifierTaken: {
    subject: (brand) => `Zu dieser Adresse gibt es ein Konto bei ${brand}`,
    lead: (brand) => `Jemand wollte diese E-Mail-Adresse für ein anderes Konto bei ${brand} verwenden. Zu ihr gibt es schon ein Konto, deshalb wurde nichts geändert.`,
    button: 'Anmelden',
    note: 'Waren Sie das? Eine Adresse kann nur zu einem Konto gehören: Ändern Sie zuerst die Adresse des bisherigen Kontos. War es jemand anderes? Dann ist nichts zu tun: Über Ihr Konto hat niemand etwas erfahren.'
  },
  deletionScheduled: {
    subject: (brand) => `Ihr Konto bei ${brand} wird gelöscht`,
    lead: (brand, date) => `Ihr Konto bei ${brand} wird am ${date} gelöscht. Sie wurden überall abgemeldet.`,
    button: 'Konto behalten',
    note: 'Haben Sie es sich anders überlegt, oder waren Sie das nicht? Melden Sie sich vor diesem Tag an, um das Konto zu behalten.'
  },
  restored: {
    subject: (brand) => `Ihr Konto bei ${brand} ist wiederhergestellt`,
    lead: (brand) => `Ihr Konto bei ${brand} wird nicht gelöscht.`,
    button: 'Ihr Konto',
    note: 'Waren Sie das nicht? Legen Sie sofort ein neues Passwort fest.'
  },
  invitation: {
    subject: (brand) => `Ihre Einladung zu ${brand}`,
    lead: (brand) => `Sie sind eingeladen, ein Konto bei ${brand} anzulegen.`,
    button: 'Konto anlegen',
    note: 'Wissen Sie nicht, worum es geht? Dann tun Sie nichts: Ohne Sie geschieht nichts.'
  },
  test: {
    subject: (brand) => `Testmail von ${brand}`,
    lead: (brand) => `Dies ist ein Test: Die E-Mails von ${brand} kommen an.`,
    note: 'Es ist nichts zu tun.'
  },
  sms: {
    code: (brand, code, time) => `${code} ist Ihr Code für ${brand}, gültig ${time}. Geben Sie ihn an niemanden weiter.`
  }
}
