/**
 * Which files of the repository are pages of the site, and what their text is there. The files are
 * written to be read in the repository; the site shows the same text, with links that lead to its
 * own pages where it has them, and to the repository otherwise.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
/** Where the pages lie that VitePress reads. */
export const assembled = fileURLToPath(new URL('pages', import.meta.url))

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
/** `https://github.com/s4u/s4u` */
export const repository = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '')

export const packageNames = readdirSync(join(root, 'packages')).sort()

/** Pages that do not lie below `docs`: the file in the repository, and its place on the site. */
const ELSEWHERE = {
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md',
  'test/interop/README.md': 'interop.md',
  ...Object.fromEntries(packageNames.map((name) => [`packages/${name}/README.md`, `packages/${name}.md`])),
}

/** A folder of the repository whose page is made for the site: see {@link packagesPage}. */
const FOLDERS = new Map([['packages', 'packages/index.md']])

/**
 * Each page of the site by the file that it is made of: `docs/nginx.md` to `nginx.md`.
 *
 * @returns {Map<string, string>}
 */
export function pagesOfSite() {
  const below = filesBelow(join(root, 'docs'))
    .map((path) => posix.relative(root, path))
    .filter((path) => path.endsWith('.md') && !path.startsWith('docs/api/'))
  return new Map([...below.map((path) => [path, path.slice('docs/'.length)]), ...Object.entries(ELSEWHERE)])
}

/**
 * Writes the pages to where VitePress reads them.
 *
 * @param {ReadonlyMap<string, string>} made pages that are made of the sources: `api/krb5.md`
 */
export function assemble(made) {
  rmSync(assembled, { recursive: true, force: true })
  const pages = pagesOfSite()
  for (const [file, page] of pages) {
    const text = textOnSite(file, readFileSync(join(root, file), 'utf8'), pages)
    const api = page.replace(/^packages\//, 'api/')
    write(page, page !== api && made.has(api) ? `${text}\n## API\n\n[Each export of this package](/${api}).\n` : text)
  }
  for (const [page, text] of made) write(page, text)
  write('packages/index.md', packagesPage())
  // What VitePress copies as it is.
  cpSync(fileURLToPath(new URL('brand', import.meta.url)), join(assembled, 'public'), { recursive: true })
}

/** The list of all packages: what each is, its page, and the page of what it exports. */
function packagesPage() {
  const rows = packageNames.map((name) => {
    const { description } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
    return `| [@s4u/${name}](/packages/${name}.md) | [API](/api/${name}.md) | ${description} |`
  })
  return `# All packages

Each package has a page that says how to use it, and a page of all that it exports (API).

| package | exports | what it is |
| --- | --- | --- |
${rows.join('\n')}
`
}

function write(page, content) {
  const path = join(assembled, page)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/**
 * The text of a file as the site shows it: what comments tell the tests is left out, and links lead
 * to pages of the site.
 *
 * @param {string} file `docs/nginx.md`
 * @param {string} text
 * @param {ReadonlyMap<string, string>} pages
 */
export function textOnSite(file, text, pages) {
  return text.replaceAll(FENCE_COMMENT_SPAN_OR_LINK, (all, fence, comment, span, target) => {
    if (comment !== undefined) return ''
    return target === undefined ? all : `](${linkOnSite(file, target, pages)})`
  })
}

const FENCE_COMMENT_SPAN_OR_LINK =
  /(^ *(?:`{3,}|~{3,})[^]*?^ *(?:`{3,}|~{3,})$)|(^[ \t]*<!--[^]*?-->\n+)|(`[^`\n]+`)|\]\(([^)\s]+)\)/gm

function linkOnSite(file, target, pages) {
  if (/^[a-z][a-z+.-]*:|^#/i.test(target)) return target
  const [path, anchor = ''] = target.split(/(?=#)/)
  const found = posix.join(posix.dirname(file), path).replace(/\/$/, '')
  const page = pages.get(found) ?? pages.get(`${found}/README.md`) ?? FOLDERS.get(found)
  if (page !== undefined) return `/${page}${anchor}`
  if (!existsSync(join(root, found))) throw new Error(`${file}: nothing is at ${target}`)
  const kind = statSync(join(root, found)).isDirectory() ? 'tree' : 'blob'
  return `${repository}/${kind}/main/${found}${anchor}`
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}
