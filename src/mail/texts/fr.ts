import type { MailTexts } from './en.ts'

export const fr: MailTexts = {
  common: {
    greeting: 'Bonjour,',
    greetingName: (name) => `Bonjour ${name},`,
    code: 'Votre code',
    colon: '\u00a0:',
    link: 'Le bouton ne fonctionne pas ? Ouvrez cette adresse :',
    linkValid: (time) => `Le lien ne fonctionne qu’une fois, pendant ${time}.`,
    codeValid: (time) => `Le code est valable ${time}. Ne le saisissez que sur la page qui l’a demandé, et ne le donnez à personne.`,
    when: 'Quand',
    device: 'Appareil',
    address: 'Adresse IP',
    browserOn: (browser, system) => `${browser} sur ${system}`,
    footer: (brand) => `Vous recevez ce message parce que votre adresse a été indiquée à ${brand}. Les réponses ne sont pas lues.`
  },
  attributes: { email: 'adresse e-mail', phone: 'numéro de téléphone', username: 'nom d’utilisateur' },
  factors: {
    totp: 'une application d’authentification', passkey: 'une clé d’accès', recovery_codes: 'des codes de secours', email: 'des codes par e-mail'
  },
  verify: {
    subject: (brand) => `Confirmez votre adresse e-mail pour ${brand}`,
    lead: (brand) => `Confirmez que cette adresse e-mail est la vôtre, pour que ${brand} puisse l’utiliser pour votre compte.`,
    button: 'Confirmer l’adresse e-mail',
    note: 'Vous n’avez rien demandé ? Alors ne faites rien : sans confirmation, rien ne se passe.'
  },
  taken: {
    subject: (brand) => `Vous avez déjà un compte chez ${brand}`,
    lead: (brand) => `Quelqu’un a voulu s’inscrire chez ${brand} avec cette adresse e-mail, qui est déjà associée à un compte. Aucun second compte n’a été créé.`,
    button: 'Se connecter',
    reset: 'Choisir un nouveau mot de passe',
    note: 'C’était vous ? Connectez-vous, ou choisissez un nouveau mot de passe si vous l’avez oublié. C’était quelqu’un d’autre ? Il n’y a rien à faire : rien n’a été révélé de votre compte.'
  },
  welcome: {
    subject: (brand) => `Bienvenue chez ${brand}`,
    lead: (brand) => `Votre compte chez ${brand} est prêt.`,
    button: 'Votre compte',
    note: 'Votre compte montre où vous êtes connecté et quelles applications y ont accès.'
  },
  verified: {
    subject: (brand) => `Votre adresse e-mail est confirmée pour ${brand}`,
    lead: (brand) => `Cette adresse e-mail est maintenant confirmée pour votre compte chez ${brand}.`,
    button: 'Votre compte',
    note: 'Ce n’était pas vous ? Choisissez un nouveau mot de passe pour le compte, ou prévenez les responsables du site.'
  },
  reset: {
    subject: (brand) => `Nouveau mot de passe pour ${brand}`,
    lead: (brand) => `Un nouveau mot de passe a été demandé pour votre compte chez ${brand}.`,
    button: 'Choisir un nouveau mot de passe',
    note: 'Vous n’avez rien demandé ? Alors ne faites rien : votre mot de passe reste le même.'
  },
  passwordChanged: {
    subject: (brand) => `Votre mot de passe pour ${brand} a été changé`,
    lead: (brand) => `Le mot de passe de votre compte chez ${brand} a été changé. Vous avez été déconnecté partout ailleurs.`,
    button: 'Choisir un nouveau mot de passe',
    note: 'Ce n’était pas vous ? Choisissez tout de suite un nouveau mot de passe.'
  },
  newDevice: {
    subject: (brand) => `Nouvelle connexion à votre compte chez ${brand}`,
    lead: (brand) => `Quelqu’un s’est connecté à votre compte chez ${brand} avec un appareil qui n’avait encore jamais été utilisé.`,
    button: 'Où vous êtes connecté',
    note: 'Ce n’était pas vous ? Mettez fin à cette connexion et choisissez un nouveau mot de passe.'
  },
  factorAdded: {
    subject: (brand) => `Une seconde étape protège votre compte chez ${brand}`,
    lead: (brand, factor) => `Désormais, la connexion à votre compte chez ${brand} peut demander ${factor}.`,
    button: 'Votre compte',
    note: 'Ce n’était pas vous ? Retirez-la dans votre compte et choisissez un nouveau mot de passe.'
  },
  factorRemoved: {
    subject: (brand) => `Une seconde étape a été retirée de votre compte chez ${brand}`,
    lead: (brand, factor) => `La connexion à votre compte chez ${brand} ne demande plus ${factor}.`,
    button: 'Votre compte',
    note: 'Ce n’était pas vous ? Choisissez tout de suite un nouveau mot de passe, et ajoutez de nouveau la seconde étape.'
  },
  identityLinked: {
    subject: (brand) => `Une nouvelle façon de se connecter à ${brand}`,
    lead: (brand, provider) => `Désormais, vous pouvez vous connecter à votre compte chez ${brand} avec ${provider}.`,
    button: 'Votre compte',
    note: 'Ce n’était pas vous ? Retirez-la sur la page « Sécurité » de votre compte et choisissez un nouveau mot de passe.'
  },
  identityUnlinked: {
    subject: (brand) => `Une façon de se connecter à ${brand} a été retirée`,
    lead: (brand, provider) => `Vous ne pouvez plus vous connecter à votre compte chez ${brand} avec ${provider}.`,
    button: 'Votre compte',
    note: 'Ce n’était pas vous ? Choisissez tout de suite un nouveau mot de passe.'
  },
  identifierChange: {
    subject: (brand) => `Confirmez votre nouvelle adresse e-mail pour ${brand}`,
    lead: (brand) => `Confirmez que cette adresse est la nouvelle adresse e-mail de votre compte chez ${brand}. D’ici là, l’ancienne reste valable.`,
    button: 'Confirmer la nouvelle adresse',
    note: 'Vous n’avez rien demandé ? Alors ne faites rien : sans confirmation, rien ne change.'
  },
  identifierChanged: {
    subject: (brand) => `Votre compte chez ${brand} a été modifié`,
    lead: (brand, what) => `Une donnée de votre compte chez ${brand} a été modifiée\u00a0: ${what}.`,
    button: 'Annuler la modification',
    note: 'Ce n’était pas vous ? Annulez la modification : l’ancienne valeur revient, toutes les connexions prennent fin, et vous choisissez un nouveau mot de passe.'
  },
  changeUndone: {
    subject: (brand) => `Une modification de votre compte chez ${brand} a été annulée`,
    lead: (brand, what) => `Une modification de votre compte chez ${brand} a été annulée\u00a0: ${what}. Toutes les connexions sont terminées et le mot de passe est supprimé.`,
    button: 'Choisir un nouveau mot de passe',
    note: 'Si vous n’avez pas encore choisi de nouveau mot de passe, faites-le maintenant : personne ne peut se connecter avec l’ancien.'
  },
  identifierTaken: {
    subject: (brand) => `Cette adresse est déjà associée à un compte chez ${brand}`,
    lead: (brand) => `Quelqu’un a voulu utiliser cette adresse e-mail pour un autre compte chez ${brand}. Elle est déjà associée à un compte, donc rien n’a été modifié.`,
    button: 'Se connecter',
    note: 'C’était vous ? Une adresse ne peut être associée qu’à un seul compte : changez d’abord celle du compte existant. C’était quelqu’un d’autre ? Alors il n’y a rien à faire : personne n’a rien appris sur votre compte.'
  },
  deletionScheduled: {
    subject: (brand) => `Votre compte chez ${brand} va être supprimé`,
    lead: (brand, date) => `Votre compte chez ${brand} sera supprimé le ${date}. Vous avez été déconnecté partout.`,
    button: 'Garder le compte',
    note: 'Vous avez changé d’avis, ou ce n’était pas vous ? Connectez-vous avant ce jour pour garder le compte.'
  },
  restored: {
    subject: (brand) => `Votre compte chez ${brand} est rétabli`,
    lead: (brand) => `Votre compte chez ${brand} ne sera pas supprimé.`,
    button: 'Votre compte',
    note: 'Ce n’était pas vous ? Choisissez tout de suite un nouveau mot de passe.'
  },
  invitation: {
    subject: (brand) => `Votre invitation chez ${brand}`,
    lead: (brand) => `Vous êtes invité à créer un compte chez ${brand}.`,
    button: 'Créer un compte',
    note: 'Vous ne savez pas de quoi il s’agit ? Alors ne faites rien : rien ne se passe sans vous.'
  },
  test: {
    subject: (brand) => `Message d’essai de ${brand}`,
    lead: (brand) => `Ceci est un essai\u00a0: les messages de ${brand} arrivent.`,
    note: 'Il n’y a rien à faire.'
  },
  sms: {
    code: (brand, code, time) => `${code} est votre code pour ${brand}, valable ${time}. Ne le donnez à personne.`
  }
}
