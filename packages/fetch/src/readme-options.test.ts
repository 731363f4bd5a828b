import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CONNECTIONS_OPTIONS } from './connections/connections-options.js'
import { PROXY_OPTIONS } from './connections/proxy.js'
import { CREATE_FETCH_OPTIONS } from './fetch/fetch-options.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test.each([
  ['## Options', CREATE_FETCH_OPTIONS],
  ['### Options of Connections', CONNECTIONS_OPTIONS],
  ['### Proxies', PROXY_OPTIONS],
])('the README has a row for each option, and for nothing else (%s)', (heading, table) => {
  const [, rest = ''] = readme.split(`\n${heading}\n`)
  const [section = ''] = rest.split(/^##/m)
  const rows = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)
  expect(rows).toEqual(Object.keys(table))
})
