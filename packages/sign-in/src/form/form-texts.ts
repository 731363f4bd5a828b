/** The texts of the pages, in one language. All are plain text: what stands for HTML is escaped. */
export interface FormTexts {
  readonly signIn: string
  readonly userName: string
  readonly password: string
  readonly submit: string
  readonly computer: string
  readonly publicComputer: string
  readonly publicComputerHint: string
  readonly privateComputer: string
  readonly privateComputerHint: string
  readonly otherWays: string
  readonly changePassword: string
  /** Why a new password is needed. */
  readonly expired: string
  readonly currentPassword: string
  readonly newPassword: string
  readonly repeatedPassword: string
  readonly changeSubmit: string
  /** In front of the title, where something is wrong. */
  readonly error: string
  readonly wrong: string
  /** `{minutes}` stands for a number. */
  readonly tooMany: string
  readonly unavailable: string
  /** The form was left open too long, or cookies are off. */
  readonly stale: string
  readonly different: string
  /** `{text}` stands for what the directory says. */
  readonly refused: string
  readonly refusedWithoutText: string
  readonly signedOut: string
  readonly signOut: string
  readonly signOutQuestion: string
  readonly signOutSubmit: string
  readonly signInWithPassword: string
  readonly signInWithCode: string
  readonly code: string
  /** Also where the code was used before. */
  readonly wrongCode: string
  /** A page that asks for a code changes no passwords. */
  readonly passwordExpired: string
}

const en: FormTexts = {
  signIn: 'Sign in',
  userName: 'User name',
  password: 'Password',
  submit: 'Sign in',
  computer: 'This device',
  publicComputer: 'Others use it too',
  publicComputerHint: 'You are signed out after a short time.',
  privateComputer: 'Only I use it',
  privateComputerHint: 'You stay signed in for the working day.',
  otherWays: 'Other ways to sign in',
  changePassword: 'Choose a new password',
  expired: 'Your password has expired. Choose a new one to sign in.',
  currentPassword: 'Current password',
  newPassword: 'New password',
  repeatedPassword: 'New password again',
  changeSubmit: 'Change password and sign in',
  error: 'Error',
  wrong: 'The user name or the password is wrong.',
  tooMany: 'Too many attempts. Try again in {minutes} minutes.',
  unavailable: 'Nobody can sign in at the moment. Try again later.',
  stale: 'This form could not be used. Fill it in once more; your browser must accept cookies.',
  different: 'The two new passwords are not the same.',
  refused: 'The new password was not accepted. {text}',
  refusedWithoutText: 'The new password was not accepted. Choose a longer one that you have not used before.',
  signedOut: 'You are signed out.',
  signOut: 'Sign out',
  signOutQuestion: 'Do you want to sign out?',
  signOutSubmit: 'Sign out',
  signInWithPassword: 'Sign in with a password',
  signInWithCode: 'Sign in with a code',
  code: 'Code',
  wrongCode: 'What you entered is not right, or the code was used before. Wait for the next code.',
  passwordExpired: 'Your password has expired. Change it first.',
}

const de: FormTexts = {
  signIn: 'Anmelden',
  userName: 'Benutzername',
  password: 'Kennwort',
  submit: 'Anmelden',
  computer: 'Dieses Gerät',
  publicComputer: 'Auch andere benutzen es',
  publicComputerHint: 'Sie werden nach kurzer Zeit abgemeldet.',
  privateComputer: 'Nur ich benutze es',
  privateComputerHint: 'Sie bleiben für den Arbeitstag angemeldet.',
  otherWays: 'Andere Anmeldewege',
  changePassword: 'Neues Kennwort wählen',
  expired: 'Ihr Kennwort ist abgelaufen. Wählen Sie ein neues, um sich anzumelden.',
  currentPassword: 'Bisheriges Kennwort',
  newPassword: 'Neues Kennwort',
  repeatedPassword: 'Neues Kennwort wiederholen',
  changeSubmit: 'Kennwort ändern und anmelden',
  error: 'Fehler',
  wrong: 'Der Benutzername oder das Kennwort ist falsch.',
  tooMany: 'Zu viele Versuche. Versuchen Sie es in {minutes} Minuten wieder.',
  unavailable: 'Im Moment kann sich niemand anmelden. Versuchen Sie es später wieder.',
  stale: 'Dieses Formular war nicht mehr gültig. Füllen Sie es noch einmal aus; Ihr Browser muss Cookies annehmen.',
  different: 'Die beiden neuen Kennwörter sind nicht gleich.',
  refused: 'Das neue Kennwort wurde nicht angenommen. {text}',
  refusedWithoutText: 'Das neue Kennwort wurde nicht angenommen. Wählen Sie ein längeres, das Sie noch nie hatten.',
  signedOut: 'Sie sind abgemeldet.',
  signOut: 'Abmelden',
  signOutQuestion: 'Möchten Sie sich abmelden?',
  signOutSubmit: 'Abmelden',
  signInWithPassword: 'Mit Kennwort anmelden',
  signInWithCode: 'Mit Code anmelden',
  code: 'Code',
  wrongCode: 'Ihre Eingabe ist nicht richtig, oder der Code wurde schon benutzt. Warten Sie auf den nächsten Code.',
  passwordExpired: 'Ihr Kennwort ist abgelaufen. Ändern Sie es zuerst.',
}

const fr: FormTexts = {
  signIn: 'Connexion',
  userName: 'Nom d’utilisateur',
  password: 'Mot de passe',
  submit: 'Se connecter',
  computer: 'Cet appareil',
  publicComputer: 'D’autres l’utilisent aussi',
  publicComputerHint: 'Vous serez déconnecté après un court délai.',
  privateComputer: 'Je suis seul à l’utiliser',
  privateComputerHint: 'Vous restez connecté pour la journée de travail.',
  otherWays: 'Autres moyens de se connecter',
  changePassword: 'Choisir un nouveau mot de passe',
  expired: 'Votre mot de passe a expiré. Choisissez-en un nouveau pour vous connecter.',
  currentPassword: 'Mot de passe actuel',
  newPassword: 'Nouveau mot de passe',
  repeatedPassword: 'Répéter le nouveau mot de passe',
  changeSubmit: 'Changer le mot de passe et se connecter',
  error: 'Erreur',
  wrong: 'Le nom d’utilisateur ou le mot de passe est incorrect.',
  tooMany: 'Trop de tentatives. Réessayez dans {minutes} minutes.',
  unavailable: 'La connexion est impossible pour le moment. Réessayez plus tard.',
  stale: 'Ce formulaire n’était plus valable. Remplissez-le à nouveau ; votre navigateur doit accepter les cookies.',
  different: 'Les deux nouveaux mots de passe ne sont pas identiques.',
  refused: 'Le nouveau mot de passe n’a pas été accepté. {text}',
  refusedWithoutText:
    'Le nouveau mot de passe n’a pas été accepté. Choisissez-en un plus long que vous n’avez jamais utilisé.',
  signedOut: 'Vous êtes déconnecté.',
  signOut: 'Déconnexion',
  signOutQuestion: 'Voulez-vous vous déconnecter ?',
  signOutSubmit: 'Se déconnecter',
  signInWithPassword: 'Se connecter avec un mot de passe',
  signInWithCode: 'Se connecter avec un code',
  code: 'Code',
  wrongCode: 'Votre saisie est incorrecte, ou le code a déjà été utilisé. Attendez le code suivant.',
  passwordExpired: 'Votre mot de passe a expiré. Changez-le d’abord.',
}

/** The texts that are there without any option. */
export const FORM_TEXTS: Readonly<Record<string, FormTexts>> = Object.freeze({ en, de, fr })
