import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TICKET_OPTIONS } from '../cache/ticket-options.js'
import { KDC_CLIENT_OPTIONS } from './kdc-client-options.js'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** The first cells of the table of options below a heading. */
function optionsBelow(heading: string): string[] {
  const [, section = ''] = new RegExp(`^## ${heading}\n([\\s\\S]*?)^## `, 'm').exec(readme) ?? []
  const [, table = ''] = /^\| option \|[^\n]*\n([\s\S]*?)\n\n/m.exec(section) ?? []
  return [...table.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)
}

test('the README has a row for each option of a client, and for nothing else', () => {
  expect(optionsBelow('Options')).toEqual(Object.keys(KDC_CLIENT_OPTIONS))
})

test('the README has a row for each option of a method, and for nothing else', () => {
  expect(optionsBelow('Methods')).toEqual(Object.keys(TICKET_OPTIONS))
})
