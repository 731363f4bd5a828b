import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { debianMirror } from './debian-mirror.js'

/**
 * Where the harness gets packages of a newer Debian from: the mirror that the machine has, in
 * whatever form it is written down.
 */
let etc = ''
beforeEach(() => {
  etc = mkdtempSync(join(tmpdir(), 's4u-etc-'))
  mkdirSync(join(etc, 'apt/sources.list.d'), { recursive: true })
  write('os-release', 'ID=debian\nVERSION_CODENAME=bookworm\n')
})
afterEach(() => rmSync(etc, { recursive: true, force: true }))

const write = (path: string, text: string): void => writeFileSync(join(etc, path), text)

test.each([
  'deb http://mirror.test/debian bookworm main contrib\n',
  '# deb http://old.test/debian bookworm main\ndeb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main # ours\n',
  'deb http://security.test/debian bookworm-security main\ndeb-src http://src.test/debian bookworm main\ndeb http://mirror.test/debian bookworm main\n',
])('of sources.list: %j', (text) => {
  write('apt/sources.list', text)
  expect(debianMirror(etc)).toBe('http://mirror.test/debian')
})

test('of a file of stanzas, of which some are for something else or not in use', () => {
  const stanzas = [
    'Types: deb\nURIs: http://security.test/debian\nSuites: bookworm-security\nComponents: main',
    'Types: deb\nEnabled: no\nURIs: http://off.test/debian\nSuites: bookworm\nComponents: main',
    'Types: deb-src\nURIs: http://src.test/debian\nSuites: bookworm\nComponents: main',
    'Types: deb\n# the one\nURIs: http://mirror.test/debian\nSuites: bookworm\n bookworm-updates\nComponents: main',
  ]
  write('apt/sources.list.d/debian.sources', `${stanzas.join('\n\n')}\n`)
  expect(debianMirror(etc)).toBe('http://mirror.test/debian')
})

test('is not to be had where the machine is another, or has none', () => {
  expect(() => debianMirror(etc)).toThrow('the machine’s package sources name no mirror of bookworm main')
  write('os-release', 'ID=ubuntu\nVERSION_CODENAME=noble\n')
  expect(() => debianMirror(etc)).toThrow('this machine is not Debian')
})
