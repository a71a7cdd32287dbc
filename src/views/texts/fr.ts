import type { Texts } from './en.ts'
import { account, password, verify } from './fr-account.ts'

export const fr: Texts = {
  attributes: { email: 'e-mail', phone: 'téléphone', username: 'nom d’utilisateur' },
  scopes: {
    openid: 'Savoir quel compte est le vôtre',
    profile: 'Voir votre nom et votre profil',
    email: 'Voir votre adresse e-mail',
    phone: 'Voir votre numéro de téléphone',
    offline_access: 'Garder cet accès en votre absence',
    address: 'Voir votre adresse postale',
    '*': 'Faire tout ce que vous pouvez faire'
  },
  passwordKinds: {
    mixedCase: 'des majuscules et des minuscules',
    letters: 'une lettre',
    symbols: 'un caractère spécial',
    numbers: 'un chiffre'
  },
  form: {
    errorPrefix: 'Erreur : ',
    colon: '\u00a0: ',
    problem: 'Vérifiez votre saisie',
    optional: 'facultatif'
  },
  problems: {
    wrongLogin: 'Le compte ou le mot de passe est incorrect. Vérifiez les deux et réessayez.',
    tooMany: (wait) => `Trop de tentatives. Réessayez dans ${wait}.`,
    overloaded: 'Le serveur est occupé. Réessayez dans un instant.',
    stale: 'Cette page est restée ouverte trop longtemps. Envoyez-la de nouveau.',
    noCookies: 'Votre navigateur n’a pas envoyé le cookie de cette page. Autorisez les cookies pour ce site, puis envoyez de nouveau le formulaire.',
    missing: 'Remplissez ce champ.',
    invalid: 'Ceci semble incorrect. Vérifiez qu’il n’y a pas de faute de frappe.',
    phoneCountry: 'Écrivez le numéro avec son indicatif de pays, par exemple +33 6 12 34 56 78.',
    mustAccept: 'Acceptez les conditions pour continuer.',
    taken: 'Ceci est déjà utilisé. Si c’est à vous, connectez-vous.',
    atProvider: (provider) => `Vous vous connectez avec ${provider} et n’avez pas de mot de passe ici.`,
    notInvited: 'L’invitation est pour une autre adresse. Utilisez celle à laquelle elle a été envoyée.',
    wrongPassword: 'Ce n’est pas votre mot de passe.',
    wrongCode: 'Ce code est incorrect, ou a déjà servi. Attendez le suivant.',
    changedMeanwhile: 'Ceci a été modifié entre-temps. Réessayez.',
    lastIdentifier: 'C’est votre seul identifiant de connexion. Ajoutez-en un autre avant de le retirer.',
    changedOften: 'Cette valeur a été modifiée trop souvent ces derniers temps. Réessayez dans quelques semaines.',
    oneNeeded: 'Remplissez au moins un de ces champs.',
    passwordShort: (length) => `Utilisez au moins ${length} caractères.`,
    passwordLong: 'Utilisez un mot de passe plus court.',
    passwordMixedCase: 'Utilisez au moins une majuscule et une minuscule.',
    passwordLetter: 'Utilisez au moins une lettre.',
    passwordSymbol: 'Utilisez au moins un caractère spécial, comme ! ou une espace.',
    passwordNumber: 'Utilisez au moins un chiffre.',
    passwordBreached: 'Ce mot de passe figure dans une fuite de données, il est donc connu des attaquants. Choisissez-en un autre.',
    passwordCommon: 'Ce mot de passe est l’un des premiers que les attaquants essaient. Choisissez-en un autre.',
    tooLarge: 'C’est trop long au total. Raccourcissez un champ.',
    tooManyTokens: 'Vous avez trop de jetons. Supprimez-en un d’abord.',
    unknownCode: 'Ce code est inconnu ou a expiré. Vérifiez-le, ou demandez-en un nouveau à l’appareil.'
  },
  login: {
    title: 'Connexion',
    to: (app) => `pour continuer vers ${app}`,
    password: 'Mot de passe',
    remember: 'Rester connecté sur cet appareil',
    submit: 'Se connecter',
    register: 'Créer un compte',
    forgot: 'Mot de passe oublié ?',
    next: 'Continuer',
    passwordTitle: 'Saisir le mot de passe',
    another: 'Ce n’est pas vous\u00a0? Utiliser un autre compte',
    again: (account) => `Vous êtes connecté en tant que ${account}. Connectez-vous de nouveau pour continuer, ou avec un autre compte.`,
    cancel: 'Annuler',
    idle: 'Vous avez été déconnecté, car ce navigateur n’a pas servi depuis un moment.',
    ended: 'Vous avez été déconnecté. Connectez-vous de nouveau pour continuer.'
  },
  secondFactor: {
    title: 'Saisir votre code',
    label: 'Code',
    hint: 'Les six chiffres que votre application d’authentification affiche en ce moment.',
    hintRecovery: 'Les six chiffres que votre application d’authentification affiche en ce moment, ou l’un de vos codes de récupération.',
    submit: 'Continuer',
    again: 'Se connecter autrement'
  },
  register: {
    title: 'Créer un compte',
    name: 'Nom',
    invited: 'Votre invitation a été envoyée à cette adresse.',
    oneNeeded: 'Un seul de ces champs suffit :',
    password: 'Mot de passe',
    passwordHint: (length, kinds) => `Au moins ${length} caractères${kinds && `, dont ${kinds}`}. Quelques mots à la suite se retiennent facilement.`,
    submit: 'Créer le compte',
    login: 'Se connecter à un compte que vous avez déjà',
    loginAs: (value) => `Se connecter en tant que ${value}`
  },
  terms: {
    before: 'J’accepte les ', terms: 'conditions d’utilisation', after: '.', privacy: 'Politique de confidentialité',
    title: 'Les conditions ont changé', lead: 'Lisez la nouvelle version et acceptez-la pour continuer.',
    submit: 'Continuer', logout: 'Se déconnecter'
  },
  password,
  upstream: {
    or: 'ou',
    logIn: (provider) => `Se connecter avec ${provider}`,
    register: (provider) => `Créer un compte avec ${provider}`,
    title: 'Autres façons de se connecter',
    hint: 'Vous pouvez vous connecter avec un compte que vous avez ailleurs.',
    since: (date) => `Depuis le ${date}`,
    link: (provider) => `Ajouter ${provider}`,
    unlink: 'Retirer',
    unlinkOf: (provider) => `Retirer ${provider}`,
    canceled: (provider) => `Vous avez annulé la connexion avec ${provider}. Réessayez, ou connectez-vous autrement.`,
    unavailable: (provider) => `${provider} ne répond pas en ce moment. Réessayez dans un instant, ou connectez-vous autrement.`,
    failed: (provider) => `La connexion avec ${provider} a échoué. Réessayez, ou connectez-vous autrement.`,
    expired: (provider) => `Cette connexion avec ${provider} a duré trop longtemps, a déjà été utilisée ou a été commencée dans un autre navigateur. Réessayez.`,
    unknown: (provider) => `Aucun compte n’est associé ici à ce compte chez ${provider}. Si vous en avez un, connectez-vous autrement ; vous pourrez alors ajouter ${provider} sur la page « Sécurité ».`,
    exists: (provider) => `Un compte existe déjà ici avec votre adresse e-mail. Connectez-vous autrement, ou choisissez un nouveau mot de passe ; vous pourrez alors ajouter ${provider} sur la page « Sécurité ».`,
    unverified: (provider) => `${provider} n’a confirmé aucune adresse e-mail pour vous, et il en faut une ici. Créez un compte avec un mot de passe ; vous pourrez alors ajouter ${provider} sur la page « Sécurité ».`,
    incomplete: (provider) => `Un compte demande plus que ce que ${provider} dit de vous. Créez un compte avec un mot de passe ; vous pourrez alors ajouter ${provider} sur la page « Sécurité ».`,
    refused: (provider) => `${provider} a confirmé qui vous êtes, mais vous ne pouvez pas vous connecter ici avec lui.`
  },
  verify,
  consent: {
    title: (app) => `Autoriser ${app} à utiliser votre compte\u00a0?`,
    unverified: (app, brand) => `${brand} n’a pas vérifié qui est derrière «\u00a0${app}\u00a0». Ne continuez que si vous lui faites confiance.`,
    signedIn: 'Connecté en tant que',
    switch: 'Utiliser un autre compte',
    resources: 'Auprès de ces services',
    redirect: 'Vous irez ensuite vers',
    redirectApp: (scheme) => `une application de cet appareil (${scheme})`,
    local: 'C’est un programme installé sur cet ordinateur. Ne continuez que si vous venez de le lancer vous-même.',
    scopes: 'L’application pourra',
    noScopes: 'Voir que vous avez un compte ici',
    allow: 'Autoriser',
    deny: 'Refuser',
    later: 'Vous pouvez retirer cet accès à tout moment dans votre compte.'
  },
  device: {
    title: 'Connecter un appareil',
    intro: 'Saisissez le code affiché par votre appareil.',
    code: 'Code',
    next: 'Continuer',
    confirm: (app) => `Connecter ${app} à votre compte\u00a0?`,
    shown: 'Code sur l’appareil',
    from: 'La demande venait de',
    warning: 'Ne continuez que si vous voyez exactement ce code sur un appareil à vous. Personne n’a de raison de vous en envoyer un.',
    allow: 'Connecter',
    deny: 'Ne pas connecter',
    allowedTitle: 'L’appareil est connecté',
    allowed: 'Vous pouvez fermer cette page et continuer là-bas.',
    deniedTitle: 'L’appareil n’a pas été connecté',
    denied: 'Rien n’a été transmis. Vous pouvez fermer cette page.'
  },
  start: {
    title: 'Bienvenue',
    lead: (brand) => `Les applications de ${brand} vous envoient ici pour vous connecter. Vous y voyez aussi ce qui a accès à votre compte.`,
    signedIn: 'Connecté en tant que',
    login: 'Se connecter',
    register: 'Créer un compte',
    account: 'Votre compte',
    logout: 'Se déconnecter',
    docs: 'Pour les développeurs : l’API'
  },
  logout: {
    title: 'Se déconnecter ?',
    question: 'Vous serez déconnecté de ce navigateur.',
    asked: (app) => `${app} demande à vous déconnecter de ce navigateur.`,
    alsoAt: (provider) => `Vous serez aussi déconnecté de ${provider}.`,
    signedIn: 'Connecté en tant que',
    submit: 'Se déconnecter',
    stay: 'Rester connecté',
    doneTitle: 'Vous êtes déconnecté',
    done: 'Vous pouvez fermer cette page.',
    login: 'Se reconnecter'
  },
  formPost: {
    title: 'Continuer vers l’application',
    untrusted: 'Sa demande n’a pas pu recevoir de réponse. Ne continuez que si vous connaissez cette adresse.',
    denied: 'Vous n’avez pas donné accès à l’application. N’y retournez que si vous connaissez cette adresse.',
    submit: 'Continuer'
  },
  errors: {
    id: 'Référence',
    again: 'Réessayer',
    notFound: {
      title: 'Il n’y a rien ici', message: 'Cette page n’existe pas.',
      advice: 'Vérifiez l’adresse, ou retournez à l’application d’où vous venez.'
    },
    badRequest: {
      title: 'Cela n’a pas fonctionné', message: 'L’application a envoyé une demande à laquelle il n’est pas possible de répondre.',
      advice: 'Retournez à l’application et réessayez. Si cela se reproduit, prévenez ceux qui la gèrent.'
    },
    notVerified: {
      title: 'Confirmez votre adresse e-mail', message: 'Vous pourrez vous connecter dès que votre adresse e-mail sera confirmée.',
      advice: 'Ouvrez le lien dans le message que nous vous avons envoyé.'
    },
    invitationRequired: {
      title: 'Il faut une invitation', message: 'Ici, on ne peut créer un compte qu’avec une invitation.',
      advice: 'Ouvrez le lien de votre invitation, ou demandez-en une aux responsables du site. Si vous avez un compte, connectez-vous.'
    },
    invitationInvalid: {
      title: 'Cette invitation n’est plus valable', message: 'Elle a déjà servi, a été retirée ou est trop ancienne.',
      advice: 'Demandez-en une autre à la personne qui vous a invité. Si vous avez un compte, connectez-vous.'
    },
    stale: {
      title: 'Cette page est trop ancienne', message: 'Elle est restée ouverte trop longtemps, ou a été envoyée d’ailleurs.',
      advice: 'Revenez en arrière, rechargez la page et recommencez.'
    },
    tooMany: {
      title: 'Trop de tentatives', message: 'Il y a eu plus de tentatives que la protection des comptes n’en permet.',
      advice: 'Réessayez plus tard.', wait: (time) => `Réessayez dans ${time}.`
    },
    server: {
      title: 'Un problème est survenu chez nous', message: 'Votre demande n’a pas pu aboutir.',
      advice: 'Réessayez dans un instant. Si cela se reproduit, indiquez-nous la référence ci-dessous.'
    }
  },
  ...account
}
