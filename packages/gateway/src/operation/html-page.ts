import { type FormTheme, pageStyle, pageStyleSource } from '@s4u/sign-in'
import type { Page } from './operation.js'
import type { Language } from './texts.js'

/** A piece of HTML; texts in it have been escaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * Makes HTML: each text that is put in is escaped, each piece of HTML stands as it is.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly (string | Html | undefined)[]): Html {
  const pieces = parts.map((part, index) => {
    const value = values[index]
    return part + (value instanceof Html ? value.text : escaped(value ?? ''))
  })
  return new Html(pieces.join(''))
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
}

/** Nothing is loaded but the site's picture, and no script runs; a form goes to this site alone. */
function policyOf(style: string): string {
  return `default-src 'none'; style-src ${pageStyleSource(style)}; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`
}

export interface PageContent {
  readonly language: Language
  readonly title: string
  readonly body: Html
  /** That of the form of the site, so that users see one site. */
  readonly theme: FormTheme
}

/** Returns a page of the gateway: one heading, readable without a style, for every screen. */
export function htmlPage(statusCode: number, { language, title, body, theme }: PageContent): Page {
  const style = pageStyle(theme)
  const page = markup`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
${theme.logo === undefined ? undefined : markup`<img class="logo" src="${theme.logo}" alt="">`}
${theme.name === undefined ? undefined : markup`<p class="site">${theme.name}</p>`}
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`
  return {
    statusCode,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': language,
      'Content-Security-Policy': policyOf(style),
      ...GUARDED,
    },
    body: page.text,
  }
}

/** Headers of every answer of the gateway itself. (With no-referrer a form has `Origin: null`.) */
export const GUARDED = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
} as const

/** Returns an answer for programs. */
export function textPage(statusCode: number, text: string, type = 'text/plain; charset=utf-8'): Page {
  return { statusCode, headers: { 'Content-Type': type, ...GUARDED }, body: text }
}
