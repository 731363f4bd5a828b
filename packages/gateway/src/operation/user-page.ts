import type { CallerRequest } from '../requests/steps.js'
import { markup, htmlPage } from './html-page.js'
import type { Page } from './operation.js'
import { type PageSettings, signOutForm, themeFor } from './refusal-page.js'
import { type Language, languageOf, textsIn } from './texts.js'

/** Returns the page that tells users who they are here, how, and until when; with a way out. */
export function userPage(request: CallerRequest, settings: PageSettings): Page {
  const page = pageOf(request, settings)
  return { ...page, headers: { ...request.answerHeaders, ...page.headers } }
}

function pageOf(request: CallerRequest, settings: PageSettings): Page {
  const { caller, session, way, answerHeaders } = request
  const language = languageOf(request.request.headers['accept-language'], settings.language)
  const texts = textsIn(language)
  const theme = themeFor(request, settings)
  if (caller === undefined) return htmlPage(200, { language, title: texts.home.nobody, body: markup``, theme })
  const how = session?.authenticationMethod ?? way
  // A session that begins with this very answer has no end to show yet.
  const begins = session === undefined && answerHeaders['Set-Cookie'] !== undefined
  const until = session === undefined ? texts.home.oneRequest : time(session.expiresAt, language)
  const body = markup`<dl>
<dt>${texts.home.user}</dt><dd>${caller.principal}</dd>
<dt>${texts.home.way}</dt><dd>${texts.ways[how === 'kerberos' ? 'negotiate' : how] ?? how}</dd>
${
  begins
    ? undefined
    : markup`<dt>${texts.home.until}</dt><dd>${until}</dd>
`
}</dl>
${session === undefined && !begins ? undefined : signOutForm(settings.path, texts.signOut)}`
  return htmlPage(200, { language, title: texts.home.title, body, theme })
}

/** The zone is named, since the server does not know that of the user. */
function time(at: number, language: Language) {
  const shown = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'long', timeZone: 'UTC' }).format(at)
  return markup`<time datetime="${new Date(at).toISOString()}">${shown}</time>`
}
