import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ACCEPTOR_OPTIONS } from './acceptor-options.js'

test('the README has a row for each option, and for nothing else', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, section = ''] = /^## Options\n([\s\S]*?)^## /m.exec(readme) ?? []
  const rows = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)
  expect(rows).toEqual(Object.keys(ACCEPTOR_OPTIONS))
})
