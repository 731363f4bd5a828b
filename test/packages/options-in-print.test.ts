import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ACCEPTOR_OPTIONS } from '@s4u/acceptor'
import { DIRECTORY_OPTIONS } from '@s4u/directory'
import { KDC_CLIENT_OPTIONS } from '@s4u/kdc-client'
import { REDIS_OPTIONS } from '@s4u/redis'
import { describe, expect, test } from 'vitest'
import { CLIENT_OPTIONS } from '../../packages/kerberos/src/client/client-options.js'
import { GATEWAY_OPTIONS } from '../../packages/gateway/src/configuration/gateway-options.js'
import { FETCH_OPTIONS } from '../../packages/fetch/src/fetch/fetch-options.js'
import { NEGOTIATOR_OPTIONS } from '../../packages/negotiate/src/negotiator-options.js'
import { REALM_OPTIONS } from '../../packages/test-kdc/src/realm/settings-check.js'
import { root } from './sources.js'
import { unfinishedOf } from './unfinished.js'

/**
 * The options of the function that each package is about. The compiler compares these tables with
 * the interfaces of the options, so a new option is missed here until the README has it.
 */
const optionsOf: Readonly<Record<string, object>> = {
  acceptor: ACCEPTOR_OPTIONS,
  directory: DIRECTORY_OPTIONS,
  fetch: FETCH_OPTIONS,
  gateway: GATEWAY_OPTIONS.fields,
  'kdc-client': KDC_CLIENT_OPTIONS,
  kerberos: CLIENT_OPTIONS,
  negotiate: NEGOTIATOR_OPTIONS,
  redis: REDIS_OPTIONS,
  'test-kdc': REALM_OPTIONS,
}

describe.each(Object.entries(optionsOf))('the README of %s', (name, options) => {
  const rows = optionRows(readFileSync(join(root, 'packages', name, 'README.md'), 'utf8'))
  const named = rows.map(([option]) => /^`([\w.]+)`$/.exec(option)?.[1] ?? option)

  test('lists every option', () => {
    const missing = Object.keys(options).filter((option) => !named.includes(option))
    expect(missing.filter((option) => !unfinishedOf(name).options?.includes(option))).toEqual([])
  })

  test('says of each its type, its default and what it does', () => {
    expect(rows.filter((cells) => cells.length !== 4 || cells.includes('')).map(([option]) => option)).toEqual([])
  })

  test('lists none twice', () => {
    expect(named.filter((option, index) => named.indexOf(option) !== index)).toEqual([])
  })
})

/**
 * The cells of each row of the tables that begin with `| option | type | default | what it does |`.
 */
function optionRows(page: string): string[][] {
  const tables = page.matchAll(/^\| option \| type \| default \| what it does \|\n\|[ |:-]+\n((?:\|.*\n)*)/gm)
  return [...tables].flatMap(([, rows]) => rows.trimEnd().split('\n').map(cellsOf))
}

/** `\|` within a cell is no border, nor is one in a code span. */
function cellsOf(row: string): string[] {
  const cells = row.replaceAll(/`[^`]*`|\\\|/g, (span) => span.replaceAll('|', '\0')).split('|')
  return cells.slice(1, -1).map((cell) => cell.replaceAll('\0', '|').trim())
}

test('the reader of tables takes no border from a code span', () => {
  const page = '| option | type | default | what it does |\n| --- | --- | --- | --- |\n| `a` | `1 | 2` | `1` | adds |\n'
  expect(optionRows(page)).toEqual([['`a`', '`1 | 2`', '`1`', 'adds']])
})
