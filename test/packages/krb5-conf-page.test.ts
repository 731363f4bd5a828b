import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseKrb5Conf, REALM_SETTINGS_READ, SETTINGS_READ, settingsNotRead } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { readSources, root } from './sources.js'

const page = readFileSync(join(root, 'docs/krb5-conf.md'), 'utf8')
const [read, notRead] = page.split('## What is not read')

/** The first two cells of each row whose first cell is a name in backquotes. */
const rowsOf = (text: string): (readonly [string, string])[] =>
  [...text.matchAll(/^\| `([\w-]+)` \| ([^|]*) \|/gm)].map(([, name, cell]) => [name, cell] as const)

describe('docs/krb5-conf.md', () => {
  test('has a row for each setting that is read, and for no other', () => {
    const names = rowsOf(read).map(([name]) => name)
    expect(names.toSorted()).toEqual([...SETTINGS_READ, ...REALM_SETTINGS_READ].toSorted())
  })

  test('has a row for each setting that is known and not read, with what the diagnosis says of it', () => {
    const [inLibdefaults, inRealm, sections] = notRead.split(/^\| .* \| why \|$/m).slice(1)
    const text = [
      '[libdefaults]',
      ...rowsOf(inLibdefaults).map(([name]) => `${name} = x`),
      '[realms]',
      'R = {',
      ...rowsOf(inRealm).map(([name]) => `${name} = x`),
      '}',
      ...rowsOf(sections).map(([name]) => `[${name}]`),
    ]
    const told = settingsNotRead(parseKrb5Conf(text.join('\n'))).map(({ path, why }) => [path.at(-1), why])
    expect(told).toEqual([...rowsOf(inLibdefaults), ...rowsOf(inRealm), ...rowsOf(sections)])
    expect(told.length).toBeGreaterThan(70)
  })

  test('and each setting that is said to be read is asked for somewhere', () => {
    const sources = readSources('packages').filter(({ path }) => !/\.test\.ts$|configuration\/settings/.test(path))
    const asked = (name: string): boolean => sources.some(({ text }) => text.includes(`'${name}'`))
    expect([...SETTINGS_READ, ...REALM_SETTINGS_READ].filter((name) => !asked(name))).toEqual([])
  })
})
