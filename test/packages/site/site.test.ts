import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { sections } from '../../../docs/.vitepress/navigation.mjs'
import { packageNames, pagesOfSite, repository, textOnSite } from '../../../docs/.vitepress/pages.mjs'
import { root } from '../sources.js'
import {
  anchorsOf,
  assetsOf,
  assetsOfStyles,
  built,
  type BuiltPage,
  builtPages,
  buildSite,
  linksOf,
} from './built-site.js'

/** The documentation site, as `npm run docs` builds it. */

let pages: BuiltPage[]
beforeAll(() => {
  buildSite()
  pages = builtPages()
}, 900_000)

const isOutside = (link: string): boolean => /^[a-z][a-z+.-]*:/i.test(link)

test('every page of docs and every README of a package is a page of the site', () => {
  const expected = [...pagesOfSite().values()].map((page) => `/${page.replace(/\.md$/, '.html')}`)
  expect(expected.length).toBeGreaterThan(35)
  expect(expected.filter((path) => !pages.some((page) => page.path === path))).toEqual([])
})

test('every page stands in the navigation once', () => {
  const links = sections(packageNames).flatMap(({ items }) => items.map(({ link }) => link))
  const shown = links.map((link) => `${link.replace(/\/$/, '/index')}.html`).sort()
  expect(shown).toEqual(
    pages
      .map(({ path }) => path)
      .filter((path) => path !== '/404.html')
      .sort(),
  )
})

test('every page is reached from the first by links', () => {
  const reached = new Set(['/index.html'])
  for (const path of reached) {
    const page = pages.find((one) => one.path === path)
    for (const link of page === undefined ? [] : linksOf(page)) if (!isOutside(link)) reached.add(link.split('#')[0])
  }
  expect(pages.map(({ path }) => path).filter((path) => path !== '/404.html' && !reached.has(path))).toEqual([])
})

test.each(['/index', '/packages/koa', '/api/koa'])(
  'beside %s are the ways to the first page and to all packages',
  (name) => {
    const html = pages.find(({ path }) => path === `${name}.html`)?.html ?? ''
    const list = /<nav[^>]* id="VPSidebarNav"[^]*?<\/nav>/.exec(html)?.[0] ?? ''
    expect([...list.matchAll(/href="([^"]+)"/g)].map(([, href]) => href)).toEqual(
      expect.arrayContaining(['/', '/packages/', `${name}.html`.replace('/index.html', '/tutorial.html')]),
    )
  },
)

test.each(packageNames)('the API of %s has each name that the package exports', async (name) => {
  const page = pages.find(({ path }) => path === `/api/${name}.html`)
  const exported = Object.keys(await import(`@s4u/${name}`))
  expect(exported.length).toBeGreaterThan(1)
  const explained = page === undefined ? new Set<string>() : anchorsOf(page)
  const handedOn = page === undefined ? '' : page.html
  const missing = exported.filter(
    (one) => !explained.has(one.toLowerCase()) && !handedOn.includes(`<code>${one}</code></a>`),
  )
  expect(missing).toEqual([])
})

test('no link of it is dead, and each anchor is there', () => {
  const anchors = new Map(pages.map((page) => [page.path, anchorsOf(page)]))
  const dead = pages.flatMap((page) =>
    linksOf(page)
      .filter((link) => !isOutside(link))
      .filter((link) => {
        const [path, anchor] = link.split('#')
        if (!existsSync(join(built, path))) return true
        return anchor !== undefined && anchor !== '' && anchors.get(path)?.has(anchor) !== true
      })
      .map((link) => `${page.path}: ${link}`),
  )
  expect([...new Set(dead)]).toEqual([])
})

test('links into the repository lead to what it holds', () => {
  const outside = new Set(pages.flatMap(linksOf).filter((link) => link.startsWith(`${repository}/`)))
  const files = [...outside].flatMap((link) => /\/(?:blob|tree)\/main\/([^#]+)/.exec(link)?.[1] ?? [])
  expect(files.length).toBeGreaterThan(20)
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
})

test('nothing of it is loaded from another host', () => {
  const loaded = [...pages.flatMap(assetsOf), ...assetsOfStyles()]
  expect(loaded.length).toBeGreaterThan(100)
  expect([...new Set(loaded.filter((asset) => isOutside(asset) && !asset.startsWith('data:')))]).toEqual([])
  const missing = pages.flatMap(assetsOf).filter((asset) => !isOutside(asset) && !existsSync(join(built, asset)))
  expect([...new Set(missing)]).toEqual([])
})

test('it can be searched, without a service of others', () => {
  const scripts = readdirSync(join(built, 'assets/chunks'))
  expect(scripts.filter((name) => /^(?:@localSearchIndexroot|VPLocalSearchBox)\..*\.js$/.test(name)).length).toBe(2)
  expect(scripts.filter((name) => /algolia|docsearch/i.test(name))).toEqual([])
})

describe('a page on the site', () => {
  const pagesThere = new Map([
    ['docs/nginx.md', 'nginx.md'],
    ['packages/koa/README.md', 'packages/koa.md'],
  ])
  const shown = (text: string): string => textOnSite('docs/nginx.md', text, pagesThere)

  test('links to pages of the site, and to the repository for the rest', () => {
    expect(shown('[one](../packages/koa), [two](../packages/koa/README.md#options), [three](../package.json)')).toBe(
      `[one](/packages/koa.md), [two](/packages/koa.md#options), [three](${repository}/blob/main/package.json)`,
    )
    expect(shown('[here](#there), [out](https://example.test/)')).toBe('[here](#there), [out](https://example.test/)')
  })

  test('refuses a link to nothing', () => {
    expect(() => shown('[one](gone.md)')).toThrow('docs/nginx.md: nothing is at gone.md')
  })

  test('shows code as it is, and no comment', () => {
    const code = '```ts\n<!-- kept -->\n[a](gone.md)\n```'
    expect(shown(`<!-- given: declare const a: 1 -->\n${code}\n\n\`[b](gone.md)\``)).toBe(`${code}\n\n\`[b](gone.md)\``)
  })
})
