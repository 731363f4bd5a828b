import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { root } from '../sources.js'

/** Where `npm run docs` puts what it builds. */
export const built = join(root, 'docs/.vitepress/dist')

/**
 * Builds the site as `npm run docs` does, if a page or a source has changed since. It takes forty
 * seconds of a processor.
 */
export function buildSite(): void {
  execFileSync(process.execPath, [join(root, 'docs/.vitepress/run.mjs'), '--if-changed'], {
    cwd: root,
    stdio: 'pipe',
    env: { ...process.env, S4U_DOCS_BASE: '/' },
  })
}

/** A page of the site as a browser gets it. */
export interface BuiltPage {
  /** `/packages/koa.html` */
  readonly path: string
  readonly html: string
}

export function builtPages(): BuiltPage[] {
  const files = readdirSync(built, { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.html'))
    .map((file) => ({ path: `/${file}`, html: readFileSync(join(built, file), 'utf8') }))
}

/** What each link of a page leads to. Links to other hosts are left as they are. */
export function linksOf({ path, html }: BuiltPage): string[] {
  return [...html.matchAll(/<a\b[^>]*?\bhref="([^"]*)"/g)].map(([, href]) => resolved(path, unescaped(href)))
}

/** What a browser loads by itself with a page: scripts, styles, pictures, fonts. */
export function assetsOf({ path, html }: BuiltPage): string[] {
  const forms = [/<(?:script|img|source|iframe|video|audio)\b[^>]*?\bsrc="([^"]*)"/g, /<link\b[^>]*?\bhref="([^"]*)"/g]
  return forms.flatMap((form) => [...html.matchAll(form)].map(([, href]) => resolved(path, unescaped(href))))
}

/** What the style sheets of the site load. */
export function assetsOfStyles(): string[] {
  const files = readdirSync(built, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.css'))
  return files.flatMap((file) =>
    [...readFileSync(join(built, file), 'utf8').matchAll(/url\(["']?([^"')]+)["']?\)|@import\s*["']([^"']+)/g)].map(
      ([, url, imported]) => url ?? imported,
    ),
  )
}

/** The anchors of a page. */
export const anchorsOf = ({ html }: BuiltPage): Set<string> =>
  new Set([...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => unescaped(id)))

function resolved(path: string, href: string): string {
  if (/^[a-z][a-z+.-]*:/i.test(href)) return href
  const url = new URL(href, `http://site${path}`)
  const file = url.pathname.endsWith('/') ? posix.join(url.pathname, 'index.html') : url.pathname
  return decodeURIComponent(file + url.hash)
}

const unescaped = (text: string): string => text.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
