import type { SiteRequest } from '../requests/steps.js'
import { htmlPage, markup } from './html-page.js'
import type { Page } from './operation.js'
import { type PageSettings, themeFor } from './refusal-page.js'
import { languageOf, textsIn } from './texts.js'

/** The name of the page below the path of the gateway itself. */
export const SIGNED_OUT = 'signed-out'

/**
 * Returns the page to which a browser comes after a sign-out; undefined for any other request. It
 * is for unknown users: asked who they are, browsers with a ticket or a certificate would sign in
 * again.
 */
export function signedOutPage(request: SiteRequest, settings: PageSettings): Page | undefined {
  const { path, method } = request
  if (path !== `${settings.path}/${SIGNED_OUT}` || (method !== 'GET' && method !== 'HEAD')) return undefined
  const language = languageOf(request.request.headers['accept-language'], settings.language)
  const { title, sentence } = textsIn(language).signedOut
  const body = markup`<p>${sentence}</p>`
  return htmlPage(200, { language, title, body, theme: themeFor(request, settings) })
}
