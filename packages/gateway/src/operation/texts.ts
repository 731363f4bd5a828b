/** What the pages of the gateway say, in each language. */

export const LANGUAGES = ['en', 'de', 'fr'] as const
export type Language = (typeof LANGUAGES)[number]

export interface Texts {
  readonly number: string
  readonly signOut: string
  readonly signInAgain: string
  readonly home: {
    readonly title: string
    readonly user: string
    readonly way: string
    readonly until: string
    readonly nobody: string
    readonly oneRequest: string
  }
  readonly signedOut: { readonly title: string; readonly sentence: string }
  /** Title and sentence of each refusal. */
  readonly refusals: Readonly<Record<RefusalKind, readonly [title: string, sentence: string]>>
  /** Ways to sign in; others are shown by their names. */
  readonly ways: Readonly<Record<string, string>>
}

/** What a user may know of a refusal. */
export type RefusalKind =
  | 'bad-request'
  | 'sign-in'
  | 'password-gone'
  | 'forbidden'
  | 'protected-user'
  | 'not-set-up'
  | 'fault'
  | 'inner-fault'
  | 'later'

const en: Texts = {
  number: 'If you ask for help, give this number:',
  signOut: 'Sign out',
  signInAgain: 'Sign in again',
  home: {
    title: 'You are signed in',
    user: 'User',
    way: 'Signed in by',
    until: 'Until',
    nobody: 'You are not signed in',
    oneRequest: 'for each request',
  },
  signedOut: {
    title: 'You are signed out',
    sentence:
      'Your computer may sign you in again by itself as soon as a page is opened here. If others use it too, sign out of the computer, or close all windows of the browser.',
  },
  refusals: {
    'bad-request': ['This request cannot be read', 'Your browser or program sent something that is not allowed here.'],
    'sign-in': ['Please sign in', 'This page is for signed-in users.'],
    'password-gone': [
      'Please sign in again',
      'This application needs your password, and it is not kept for long. Sign out and type it once more.',
    ],
    forbidden: ['You may not open this page', 'Your account has no access here.'],
    'protected-user': [
      'Your account is protected',
      'No application may act in the name of your account, so this one cannot be opened from here.',
    ],
    'not-set-up': [
      'This application cannot be opened yet',
      'It is not set up for the way in which you signed in. Your administrators have been told.',
    ],
    fault: ['Something went wrong', 'The fault is on our side. Your administrators have been told.'],
    'inner-fault': ['The application does not answer properly', 'Please try again in a few minutes.'],
    later: ['Please try again later', 'A part of the network cannot be reached at the moment.'],
  },
  ways: {
    negotiate: 'your computer (Kerberos)',
    session: 'an earlier sign-in',
    form: 'name and password',
    basic: 'name and password',
    certificate: 'certificate',
    oidc: 'another sign-in service',
    bearer: 'access token',
    passcode: 'one-time code',
    digest: 'name and password (Digest)',
    ntlm: 'name and password (NTLM)',
  },
}

const de: Texts = {
  number: 'Wenn Sie um Hilfe bitten, nennen Sie diese Nummer:',
  signOut: 'Abmelden',
  signInAgain: 'Neu anmelden',
  home: {
    title: 'Sie sind angemeldet',
    user: 'Benutzer',
    way: 'Angemeldet durch',
    until: 'Bis',
    nobody: 'Sie sind nicht angemeldet',
    oneRequest: 'für jede Anfrage',
  },
  signedOut: {
    title: 'Sie sind abgemeldet',
    sentence:
      'Ihr Computer kann Sie von selbst wieder anmelden, sobald hier eine Seite geöffnet wird. Wenn ihn auch andere benutzen, melden Sie sich vom Computer ab oder schließen Sie alle Fenster des Browsers.',
  },
  refusals: {
    'bad-request': [
      'Diese Anfrage ist nicht lesbar',
      'Ihr Browser oder Programm hat etwas geschickt, das hier nicht erlaubt ist.',
    ],
    'sign-in': ['Bitte melden Sie sich an', 'Diese Seite ist für angemeldete Benutzer.'],
    'password-gone': [
      'Bitte melden Sie sich neu an',
      'Diese Anwendung braucht Ihr Kennwort, das nur kurz behalten wird. Melden Sie sich ab und geben Sie es noch einmal ein.',
    ],
    forbidden: ['Sie dürfen diese Seite nicht öffnen', 'Ihr Konto hat hier keinen Zugang.'],
    'protected-user': [
      'Ihr Konto ist geschützt',
      'Keine Anwendung darf im Namen Ihres Kontos handeln, darum lässt sich diese von hier aus nicht öffnen.',
    ],
    'not-set-up': [
      'Diese Anwendung lässt sich noch nicht öffnen',
      'Sie ist für die Art Ihrer Anmeldung nicht eingerichtet. Ihre Administratoren wissen davon.',
    ],
    fault: ['Etwas ist schiefgegangen', 'Der Fehler liegt bei uns. Ihre Administratoren wissen davon.'],
    'inner-fault': ['Die Anwendung antwortet nicht richtig', 'Bitte versuchen Sie es in einigen Minuten wieder.'],
    later: ['Bitte versuchen Sie es später', 'Ein Teil des Netzes ist zurzeit nicht erreichbar.'],
  },
  ways: {
    negotiate: 'Ihren Computer (Kerberos)',
    session: 'eine frühere Anmeldung',
    form: 'Name und Kennwort',
    basic: 'Name und Kennwort',
    certificate: 'Zertifikat',
    oidc: 'einen anderen Anmeldedienst',
    bearer: 'Zugriffstoken',
    passcode: 'Einmalcode',
    digest: 'Name und Kennwort (Digest)',
    ntlm: 'Name und Kennwort (NTLM)',
  },
}

const fr: Texts = {
  number: 'Si vous demandez de l’aide, indiquez ce numéro :',
  signOut: 'Se déconnecter',
  signInAgain: 'Se reconnecter',
  home: {
    title: 'Vous êtes connecté',
    user: 'Utilisateur',
    way: 'Connecté par',
    until: 'Jusqu’à',
    nobody: 'Vous n’êtes pas connecté',
    oneRequest: 'à chaque requête',
  },
  signedOut: {
    title: 'Vous êtes déconnecté',
    sentence:
      'Votre ordinateur peut vous reconnecter de lui-même dès qu’une page est ouverte ici. Si d’autres l’utilisent aussi, fermez la session de l’ordinateur ou toutes les fenêtres du navigateur.',
  },
  refusals: {
    'bad-request': [
      'Cette requête est illisible',
      'Votre navigateur ou programme a envoyé quelque chose qui n’est pas permis ici.',
    ],
    'sign-in': ['Veuillez vous connecter', 'Cette page est réservée aux utilisateurs connectés.'],
    'password-gone': [
      'Veuillez vous reconnecter',
      'Cette application a besoin de votre mot de passe, qui n’est gardé que peu de temps. Déconnectez-vous et saisissez-le de nouveau.',
    ],
    forbidden: ['Vous ne pouvez pas ouvrir cette page', 'Votre compte n’y a pas accès.'],
    'protected-user': [
      'Votre compte est protégé',
      'Aucune application ne peut agir au nom de votre compte ; celle-ci ne peut donc pas être ouverte d’ici.',
    ],
    'not-set-up': [
      'Cette application ne peut pas encore être ouverte',
      'Elle n’est pas prévue pour votre façon de vous connecter. Vos administrateurs sont prévenus.',
    ],
    fault: ['Une erreur s’est produite', 'Elle vient de notre côté. Vos administrateurs sont prévenus.'],
    'inner-fault': ['L’application ne répond pas correctement', 'Veuillez réessayer dans quelques minutes.'],
    later: ['Veuillez réessayer plus tard', 'Une partie du réseau est momentanément inaccessible.'],
  },
  ways: {
    negotiate: 'votre ordinateur (Kerberos)',
    session: 'une connexion antérieure',
    form: 'nom et mot de passe',
    basic: 'nom et mot de passe',
    certificate: 'certificat',
    oidc: 'un autre service de connexion',
    bearer: 'jeton d’accès',
    passcode: 'code à usage unique',
    digest: 'nom et mot de passe (Digest)',
    ntlm: 'nom et mot de passe (NTLM)',
  },
}

const ALL: Readonly<Record<Language, Texts>> = { en, de, fr }

/**
 * Returns the language of a browser, by the order of its list; weights are written in that order by
 * all browsers. Source: RFC 9110 section 12.5.4.
 */
export function languageOf(accepted: string | undefined, otherwise: Language): Language {
  for (const entry of (accepted ?? '').slice(0, 200).split(',')) {
    const wanted = entry.trim().slice(0, 2).toLowerCase()
    const found = LANGUAGES.find((language) => language === wanted)
    if (found !== undefined) return found
  }
  return otherwise
}

export function textsIn(language: Language): Texts {
  return ALL[language]
}
