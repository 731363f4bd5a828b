import { createHash } from 'node:crypto'
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
 * Makes HTML: each text that is put in is escaped, each piece of HTML stands as it is. (Formatters
 * rewrite templates of the name `html`, and the hash of the style would be another.)
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

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0; min-height: 100vh; display: grid; place-items: center }
main { width: min(26rem, 90vw); padding: 1rem }
h1 { font-size: 1.4rem; line-height: 1.25 }
dt { font-weight: 600 } dd { margin: 0 0 .75rem; overflow-wrap: anywhere }
button { font: inherit; padding: .5rem 1.25rem; cursor: pointer }
.number { font-size: .875rem }
`

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Nothing is loaded and no script runs; a form goes to this site alone. */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`

/** Returns a page of the gateway: one heading, readable without a style, for every screen. */
export function htmlPage(
  statusCode: number,
  { language, title, body }: { readonly language: Language; readonly title: string; readonly body: Html },
): Page {
  const page = markup`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
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
      'Content-Security-Policy': POLICY,
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
