import type { SignInAnswer } from '@s4u/negotiate'
import { pageStyle, pageStyleSource } from '../form/page-style.js'

const STYLE = pageStyle({})

/** Headers of pages that hold no script and may not be framed. */
const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': `default-src 'none'; style-src ${pageStyleSource(STYLE)}; frame-ancestors 'none'; base-uri 'none'`,
  'Referrer-Policy': 'no-referrer',
} as const

/** The page that leads to the issuer, for a browser that has no ticket. */
export function leadingPage(href: string): SignInAnswer {
  const link = escaped(href)
  return page(
    401,
    'Sign in',
    `<meta http-equiv="refresh" content="0; url=${link}">`,
    `<p><a href="${link}">Continue</a></p>`,
  )
}

/**
 * The page after a sign-in that was refused. It leads nowhere by itself: an issuer that knows the
 * person already would send the browser back at once, for ever.
 */
export function refusedPage(statusCode: number, href: string, cookies: readonly string[]): SignInAnswer {
  const text = statusCode >= 500 ? 'Signing in is not possible now.' : 'You could not be signed in.'
  const answer = page(statusCode, text, '', `<p><a href="${escaped(href)}">Try again</a></p>`)
  return { ...answer, headers: { ...answer.headers, 'Set-Cookie': cookies } }
}

function page(statusCode: number, title: string, head: string, body: string): SignInAnswer {
  const viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8">${viewport}<title>${title}</title><style>${STYLE}</style>${head}</head>
<body><main><h1>${title}</h1>${body}</main></body>
</html>
`
  return { statusCode, headers: HEADERS, body: html }
}

/** Returns a redirect. */
export function redirect(location: string, cookies: readonly string[] = []): SignInAnswer {
  const headers = { Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' }
  return { statusCode: 303, headers: { ...headers, ...(cookies.length > 0 && { 'Set-Cookie': cookies }) }, body: '' }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
}
