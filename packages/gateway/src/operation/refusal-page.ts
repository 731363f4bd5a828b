import { DelegationRefusedError } from '@s4u/negotiate'
import type { S4uError } from '@s4u/krb5'
import type { FormTheme } from '@s4u/sign-in'
import type { SiteSettings } from '../configuration/gateway-options.js'
import type { CallerRequest, ReceivedRequest } from '../requests/steps.js'
import { markup, htmlPage, textPage } from './html-page.js'
import type { Page } from './operation.js'
import { type Language, languageOf, type RefusalKind, textsIn } from './texts.js'

export interface PageSettings {
  /** Below it are the pages of the gateway: `/.s4u`. */
  readonly path: string
  readonly language: Language
  /** What the pages of a site look like. */
  readonly themeOf: (site: SiteSettings) => FormTheme
}

/**
 * Returns the page of a refusal. It says what a user may know, in the user's language, and a number
 * by which those who run the gateway find all the rest. No word of the error is on it.
 */
export function refusalPage(error: S4uError, request: ReceivedRequest | CallerRequest, settings: PageSettings): Page {
  const page = pageOf(error, request, settings)
  // Whatever the answer is: a client that showed a ticket wants the proof that it is ours.
  const own = 'answerHeaders' in request ? request.answerHeaders : {}
  return { ...page, headers: { ...own, ...page.headers, ...(error.status === 503 && { 'Retry-After': RETRY_AFTER }) } }
}

function pageOf(error: S4uError, request: ReceivedRequest, settings: PageSettings): Page {
  const { headers } = request.request
  const kind = kindOf(error)
  const language = languageOf(headers['accept-language'], settings.language)
  const texts = textsIn(language)
  const [title, sentence] = texts.refusals[kind]
  return /\btext\/html\b/i.test(headers.accept ?? '')
    ? htmlPage(error.status, {
        language,
        title,
        theme: themeFor(request, settings),
        body: markup`<p>${sentence}</p>
${kind === 'password-gone' ? signOutForm(settings.path, texts.signInAgain) : undefined}
<p class="number">${texts.number} <code>${request.id}</code></p>`,
      })
    : textPage(error.status, `${title}. ${sentence} (${request.id})\n`)
}

/** A request that fits no site has a page without a theme. */
export function themeFor(request: ReceivedRequest | CallerRequest, { themeOf }: PageSettings): FormTheme {
  return 'site' in request ? themeOf(request.site) : {}
}

/** Seconds. */
const RETRY_AFTER = '30'

/** Returns the button that ends the session; it needs no script. */
export function signOutForm(path: string, label: string) {
  return markup`<form method="post" action="${path}/sign-out"><button>${label}</button></form>`
}

function kindOf(error: S4uError): RefusalKind {
  if (error.code === 'S4U_PASSWORD_GONE') return 'password-gone'
  if (error instanceof DelegationRefusedError)
    return error.reason === 'user-not-delegable' ? 'protected-user' : 'not-set-up'
  switch (error.status) {
    case 400:
      return 'bad-request'
    case 401:
      return 'sign-in'
    case 403:
      return 'forbidden'
    case 502:
      return 'inner-fault'
    case 503:
    case 504:
      return 'later'
    default:
      return 'fault'
  }
}
