import { closeOptions, type OptionTableOf } from '@s4u/krb5'
import { ConfigurationError } from '@s4u/negotiate'
import { type OwnTexts, type TextsByLanguage, textsWith } from './language.js'
import { renderPage } from './render-page.js'
import type { FormTheme, SignInPage } from './sign-in-page.js'

/** Options of `form`. */
export interface FormOptions {
  /** Whether passwords may come over TLS only. Default `true`. */
  readonly requireTls?: boolean
  /**
   * Whether the page asks who uses the computer: `ask` (default), or is told: `public`, `private`.
   * On a private one a session lasts as the option `session` says.
   */
  readonly computer?: 'ask' | 'public' | 'private'
  /** How long a session on a public computer lasts, milliseconds. Default 900,000 (15 minutes). */
  readonly publicMaxAge?: number
  /**
   * Whether the answer with the page offers Negotiate too, so that a browser with a ticket never
   * shows it. Default `true`. With `false` a browser without one cannot ask for a password of its
   * own first, as browsers on Windows do, and tickets count only where a client sends them unasked.
   */
  readonly offerNegotiate?: boolean
  /** Whether a user whose password has expired may choose a new one. Default `true`. */
  readonly changePassword?: boolean
  /**
   * Texts of your own, by language: some for `en`, `de` and `fr`, or all for another language.
   * Example: `{ en: { signIn: 'Sign in to Contoso' } }`.
   */
  readonly texts?: OwnTexts
  /** What the page looks like. Example: `{ name: 'Contoso orders', accent: '#7a1fa2' }`. */
  readonly theme?: FormTheme
  /**
   * Makes the HTML of all pages in place of the page that is there. It has to escape what it is
   * given, and to send all hidden fields.
   */
  readonly template?: (page: SignInPage) => string
  /**
   * The Content-Security-Policy of pages from `template`. Default: nothing may be loaded but from
   * this site, and no script or style may stand in the page.
   */
  readonly contentSecurityPolicy?: string
}

/** Every name in FormOptions; others are refused. */
export const FORM_OPTIONS = {
  requireTls: 'flag',
  computer: 'value',
  publicMaxAge: 'value',
  changePassword: 'flag',
  offerNegotiate: 'flag',
  texts: 'map',
  theme: { name: 'value', logo: 'value', accent: 'value', css: 'value' },
  template: 'function',
  contentSecurityPolicy: 'value',
} as const satisfies OptionTableOf<FormOptions>

/** Checked and complete options. */
export interface FormSettings {
  readonly requireTls: boolean
  readonly computer: 'ask' | 'public' | 'private'
  readonly publicMaxAge: number
  readonly changePassword: boolean
  readonly offerNegotiate: boolean
  readonly texts: TextsByLanguage
  readonly theme: FormTheme
  readonly template: (page: SignInPage) => string
  /** That of a template; undefined for the page that is there. */
  readonly contentSecurityPolicy: string | undefined
}

/** Outlook on the web and TMG had the same for public computers. */
const PUBLIC_MAX_AGE = 900_000

const OF_TEMPLATES =
  "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"

/** @throws ConfigurationError */
export function formSettings(given: FormOptions | undefined, owner = 'form'): FormSettings {
  const options = closeOptions(owner, given, FORM_OPTIONS)
  const { computer = 'ask', publicMaxAge = PUBLIC_MAX_AGE, template, theme = {} } = options
  if (!['ask', 'public', 'private'].includes(computer))
    throw new ConfigurationError(`${owner}: computer must be ask, public or private`)
  if (typeof publicMaxAge !== 'number' || !(publicMaxAge > 0))
    throw new ConfigurationError(`${owner}: publicMaxAge must be a number of milliseconds, more than 0`)
  requireTheme(theme, owner)
  const { contentSecurityPolicy = OF_TEMPLATES } = options
  if (typeof contentSecurityPolicy !== 'string' || !/^[\x20-\x7e]+$/.test(contentSecurityPolicy))
    throw new ConfigurationError(`${owner}: contentSecurityPolicy must be the value of that header`)
  return {
    ...{ computer, publicMaxAge, theme },
    requireTls: options.requireTls ?? true,
    changePassword: options.changePassword ?? true,
    offerNegotiate: options.offerNegotiate ?? true,
    texts: textsWith(options.texts, owner),
    template: template ?? renderPage,
    contentSecurityPolicy: template && contentSecurityPolicy,
  }
}

function requireTheme({ name, logo, accent, css }: FormTheme, owner: string): void {
  for (const [option, value] of Object.entries({ name, logo, accent, css }))
    if (value !== undefined && typeof value !== 'string')
      throw new ConfigurationError(`${owner}: theme.${option} must be a text`)
  if (accent !== undefined && !/^#[0-9a-f]{6}$/i.test(accent))
    throw new ConfigurationError(`${owner}: theme.accent must be a colour`, { hint: "Write it as '#7a1fa2'." })
  if (logo !== undefined && !/^(?:\/(?!\/)|data:image\/)[\x21\x23-\x5b\x5d-\x7e]*$/.test(logo))
    throw new ConfigurationError(`${owner}: theme.logo must be a path of this site, or a data: URL of a picture`)
  if (css !== undefined && /<\/style/i.test(css))
    throw new ConfigurationError(`${owner}: theme.css must be rules, without the tag that ends them`)
}
