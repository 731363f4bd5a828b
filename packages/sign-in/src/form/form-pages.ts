import type { SignInAnswer, SignInLink, SignInRequest, SignInSite } from '@s4u/negotiate'
import type { FormSettings } from './form-options.js'
import { FORM_TEXTS, type FormTexts } from './form-texts.js'
import { CsrfTokens } from './csrf-tokens.js'
import { languageFor } from './language.js'
import { pageStyle, pageStyleSource } from './page-style.js'
import type { SignInPage } from './sign-in-page.js'

/** What is particular to one page. */
export interface PageState {
  readonly statusCode: number
  readonly step: SignInPage['step']
  /** Where the user wants to go: a path of this site. */
  readonly next?: string
  readonly user?: string
  readonly computer?: SignInPage['computer']
  readonly problem?: {
    readonly text: (texts: FormTexts) => string
    readonly field?: NonNullable<SignInPage['problem']>['field']
  }
  readonly notice?: keyof FormTexts
  readonly asksPassword?: boolean
  readonly message?: string
  /** Further hidden fields. */
  readonly hidden?: Readonly<Record<string, string>>
}

/** Makes the pages of one negotiator. */
export class FormPages {
  readonly csrf: CsrfTokens
  readonly #settings: FormSettings
  readonly #site: SignInSite

  constructor(site: SignInSite, settings: FormSettings) {
    this.csrf = new CsrfTokens(site)
    this.#settings = settings
    this.#site = site
  }

  /** Returns how the page of another source leads to a page of these. */
  link(page: 'sign-in' | 'passcode', next: string, text: keyof FormTexts): SignInLink {
    const { texts } = this.#settings
    return {
      href: `${this.#site.path}/${page}?${new URLSearchParams({ next })}`,
      label: (language) => (texts.get(language) ?? FORM_TEXTS.en)[text],
    }
  }

  answer(request: SignInRequest, state: PageState): SignInAnswer {
    const { template, contentSecurityPolicy, theme } = this.#settings
    const { token, cookie } = this.csrf.issue(request)
    const page = this.#page(request, state, token)
    const headers = {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': page.language,
      'Content-Security-Policy': contentSecurityPolicy ?? policyOf(pageStyle(theme)),
      // Not no-referrer: browsers would send `Origin: null` with the form.
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Cache-Control': 'private, no-store',
      Vary: 'Authorization, Cookie, Accept-Language',
      ...(cookie !== undefined && { 'Set-Cookie': [cookie] }),
    }
    return { statusCode: state.statusCode, headers, body: template(page) }
  }

  #page(request: SignInRequest, state: PageState, token: string): SignInPage {
    const { texts: byLanguage, computer: asked, theme } = this.#settings
    const language = languageFor(request.header('accept-language'), byLanguage)
    const texts = byLanguage.get(language)
    if (texts === undefined) throw new Error('languageFor returns a language that is there')
    const { step, next = '/', user = '', computer = 'public', asksPassword = false, problem, notice, message } = state
    const isFirst = step === 'sign-in' || step === 'passcode'
    return {
      ...{ step, language, texts, user, computer, theme, asksPassword },
      action: `${this.#site.path}/${ACTIONS[step]}`,
      hidden: step === 'sign-out' ? {} : { ...(!isFirst && { computer }), ...state.hidden, next, token },
      asksComputer: asked === 'ask',
      links: (isFirst ? this.#site.links(request) : []).map(({ href, label }) => ({
        href,
        text: label(language),
      })),
      ...(problem && { problem: { text: problem.text(texts), field: problem.field } }),
      ...(notice && { notice: texts[notice] }),
      ...(message && { message }),
    }
  }
}

/** Where the form of each step is posted to, below the path of sources. */
const ACTIONS: Readonly<Record<SignInPage['step'], string>> = {
  'sign-in': 'sign-in',
  'change-password': 'sign-in',
  'sign-out': 'sign-out',
  passcode: 'passcode',
  challenge: 'passcode',
}

/** Nothing is loaded but a picture; forms go to this site; no page shows this one in a frame. */
function policyOf(style: string): string {
  return [
    "default-src 'none'",
    `style-src ${pageStyleSource(style)}`,
    "img-src 'self' data:",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}
