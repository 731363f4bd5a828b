import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { INITIATOR_OPTIONS } from './initiator.js'

test('the README has a row for each option of createInitiator, and for nothing else', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, section = ''] = /^## Options of createInitiator\n([\s\S]*?)^## /m.exec(readme) ?? []
  const rows = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)
  expect(rows).toEqual(Object.keys(INITIATOR_OPTIONS))
})
