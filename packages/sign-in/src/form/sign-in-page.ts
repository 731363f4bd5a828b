import type { FormTexts } from './form-texts.js'

/** What a page shows. A template makes HTML of it; every text has to be escaped. */
export interface SignInPage {
  /**
   * Which form it is. `passcode` has `user`, `password` if it is asked for, and `code`; `challenge`
   * the same without `user`.
   */
  readonly step: 'sign-in' | 'change-password' | 'sign-out' | 'passcode' | 'challenge'
  /** `de`: for the attribute `lang`. */
  readonly language: string
  readonly texts: FormTexts
  /** Where the form is posted to. */
  readonly action: string
  /** Hidden fields, by name: they must come back as they are. */
  readonly hidden: Readonly<Record<string, string>>
  /** The name that was typed before, for the field `user`. */
  readonly user: string
  /** Whether a form that asks for a code asks for the password too. */
  readonly asksPassword: boolean
  /** Whether the form asks whose computer it is: the field `computer` is `public` or `private`. */
  readonly asksComputer: boolean
  /** Which of both is chosen. */
  readonly computer: 'public' | 'private'
  /** What is wrong, and at which field. */
  readonly problem?: {
    readonly text: string
    readonly field: 'user' | 'password' | 'newPassword' | 'repeatedPassword' | 'code' | undefined
  }
  /** What a server says of the code that it wants; it may have several lines. */
  readonly message?: string
  /** What went well: the user is signed out. */
  readonly notice?: string
  /** Other ways to sign in. */
  readonly links: readonly { readonly href: string; readonly text: string }[]
  /** What the page looks like. */
  readonly theme: FormTheme
}

/** What the page looks like. Without any: the colours of the system, light or dark. */
export interface FormTheme {
  /** The name of the site, above the form. Example: `'Contoso orders'`. */
  readonly name?: string
  /**
   * A picture above the form: a path of this site that is public, or a `data:` URL. Example:
   * `'/logo.svg'`.
   */
  readonly logo?: string
  /** The colour of the button, `#rrggbb`. The text on it becomes black or white. */
  readonly accent?: string
  /** Rules behind those of the page. They can load nothing from elsewhere. */
  readonly css?: string
}
