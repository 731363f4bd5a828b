/**
 * `npm run docs`: builds the site from the pages of `docs` into `docs/.vitepress/dist`.
 *
 *     npm run docs                              builds
 *     npm run docs -- --serve                   builds, and shows it on http://localhost:4173
 *     npm run docs -- --serve --port 8080       … elsewhere
 *     S4U_DOCS_BASE=/s4u/ npm run docs          for a place below a host
 *
 * What is built is plain files, and needs no network.
 */
import { parseArgs } from 'node:util'
import { build, serve } from 'vitepress'
import { assemble } from './pages.mjs'
import { fileURLToPath } from 'node:url'

const { values } = parseArgs({
  options: { serve: { type: 'boolean', default: false }, port: { type: 'string', default: '4173' } },
})

const docs = fileURLToPath(new URL('..', import.meta.url))
assemble()
await build(docs)
if (values.serve) await serve({ root: docs, port: Number(values.port) })
