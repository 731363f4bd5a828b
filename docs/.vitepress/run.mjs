/**
 * `npm run docs`: builds the site from the pages of `docs` into `docs/.vitepress/dist`.
 *
 *     npm run docs                              builds
 *     npm run docs -- --serve                   builds, and shows it on http://localhost:4173
 *     npm run docs -- --serve --port 8080       … elsewhere
 *     npm run docs -- --if-changed              builds only if a page, a source or a tool has changed
 *     S4U_DOCS_BASE=/s4u/ npm run docs          for a place below a host
 *
 * What is built is plain files, and needs no network.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { build, serve } from 'vitepress'
import { apiPages } from './api.mjs'
import { assemble, pagesOfSite, root } from './pages.mjs'

const { values } = parseArgs({
  options: {
    serve: { type: 'boolean', default: false },
    port: { type: 'string', default: '4173' },
    'if-changed': { type: 'boolean', default: false },
  },
})

const docs = fileURLToPath(new URL('..', import.meta.url))
const stamp = fileURLToPath(new URL('dist/built-from.txt', import.meta.url))

if (!values['if-changed'] || !isBuilt()) {
  const digest = digestOfSources()
  assemble(await apiPages())
  await build(docs)
  writeFileSync(stamp, digest)
}
if (values.serve) await serve({ root: docs, port: Number(values.port) })

function isBuilt() {
  try {
    return readFileSync(stamp, 'utf8') === digestOfSources()
  } catch {
    return false
  }
}

/** What the site is made of. */
function digestOfSources() {
  const tools = readdirSync(join(root, 'docs/.vitepress')).filter((name) => /\.(?:mjs|json)$/.test(name))
  const theme = readdirSync(join(root, 'docs/.vitepress/theme')).map((name) => `theme/${name}`)
  const sources = readdirSync(join(root, 'packages')).flatMap((name) =>
    readdirSync(join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
      .map((path) => `packages/${name}/src/${path}`),
  )
  const files = [...[...tools, ...theme].map((name) => `docs/.vitepress/${name}`), ...sources, ...pagesOfSite().keys()]
  const hash = createHash('sha256').update(process.env.S4U_DOCS_BASE ?? '/')
  for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}
