import { createHash } from 'node:crypto'
import type { FormTheme } from './sign-in-page.js'

const DEFAULT_ACCENT = '#0b57a4'

/**
 * Returns the rules of a page, with those of a theme: one `main` with one `h1`. Pages beside the
 * form that have them look like it.
 *
 * ```ts
 * import { pageStyle, pageStyleSource } from '@s4u/sign-in'
 *
 * const style = pageStyle({ accent: '#0b57a4' })
 * export const head = `<style>${style}</style>`
 * export const policy = `default-src 'none'; style-src ${pageStyleSource(style)}`
 * ```
 */
export function pageStyle({ accent = DEFAULT_ACCENT, css = '' }: FormTheme): string {
  return `${RULES.replaceAll('ACCENT', accent).replaceAll('ON-IT', textOn(accent))}${css}`
}

/**
 * Returns the source by which a Content-Security-Policy allows just these rules.
 *
 * @example
 * ```ts
 * import { pageStyleSource } from '@s4u/sign-in'
 *
 * console.log(pageStyleSource('main{color:#000}').startsWith("'sha256-")) // true
 * ```
 */
export function pageStyleSource(style: string): string {
  return `'sha256-${createHash('sha256').update(style).digest('base64')}'`
}

/** Black or white, whatever contrasts more with a colour. WCAG 2.2, "relative luminance". */
function textOn(accent: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(accent.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? '#000' : '#fff'
}

const RULES = `
:root{color-scheme:light dark;--ground:#f4f5f7;--sheet:#fff;--ink:#1a1c1f;--soft:#55595f;--line:#80858c;--bad:#a3131b;--bad-ground:#fdecec;--good:#0d5c2e;--good-ground:#e6f5ec;--link:#0b57a4}
@media (prefers-color-scheme:dark){:root{--ground:#16181b;--sheet:#212428;--ink:#eceef0;--soft:#b3b8bf;--line:#8b9198;--bad:#ffb4ab;--bad-ground:#431a1a;--good:#9fe0b5;--good-ground:#15301f;--link:#9ecbff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;align-items:center;justify-items:center;padding:1rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:26rem;background:var(--sheet);padding:1.75rem;border-radius:.75rem;border:1px solid color-mix(in srgb,var(--line) 40%,transparent)}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1.25rem}
.logo{display:block;max-width:60%;max-height:4rem;margin:0 0 1rem}
.site{margin:0 0 .25rem;color:var(--soft);overflow-wrap:anywhere}
.problem,.notice{margin:0 0 1.25rem;padding:.75rem 1rem;border-radius:.5rem;border-inline-start:.3rem solid}
.problem{color:var(--bad);background:var(--bad-ground)}
.notice{color:var(--good);background:var(--good-ground)}
.message{margin:0 0 1.25rem;white-space:pre-line;overflow-wrap:anywhere}
label,legend{display:block;font-weight:600;margin:0 0 .25rem;padding:0}
.field{margin:0 0 1.1rem}
.field input{width:100%;min-height:2.9rem;padding:.5rem .75rem;font:inherit;color:inherit;background:var(--sheet);border:1px solid var(--line);border-radius:.4rem}
.field input[aria-invalid=true]{border-color:var(--bad);border-width:2px}
fieldset{border:0;margin:0 0 1.25rem;padding:0;min-width:0}
.choice{display:grid;grid-template-columns:auto 1fr;gap:0 .6rem;align-items:start;padding:.4rem 0;font-weight:400;margin:0}
.choice input{inline-size:1.25rem;block-size:1.25rem;margin:.15rem 0 0;accent-color:var(--link)}
.choice small{grid-column:2;color:var(--soft);font-size:.875rem}
button{width:100%;min-height:3rem;padding:.5rem 1rem;font:inherit;font-weight:600;color:ON-IT;background:ACCENT;border:1px solid transparent;border-radius:.4rem;cursor:pointer}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
a{color:var(--link)}
dl{margin:0 0 1.25rem}
dt{font-weight:600}
dd{margin:0 0 .75rem;overflow-wrap:anywhere}
.number{margin:1.25rem 0 0;color:var(--soft);font-size:.875rem;overflow-wrap:anywhere}
nav{margin-top:1.5rem}
nav h2{font-size:1rem;margin:0 0 .25rem}
nav ul{margin:0;padding:0;list-style:none}
nav a{display:inline-block;padding:.5rem 0}
@media (max-width:30rem){body{padding:0;align-items:start;background:var(--sheet)}main{border:0;border-radius:0;padding:1.5rem 1.25rem}}
`
