import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { configuredHostNames } from './host-names.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-host-names-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())

let count = 0
function conf(line: string): string {
  const path = join(folder, `${count++}.conf`)
  writeFileSync(path, `[libdefaults]\n${line}\n`)
  return path
}

test.each([
  ['', {}],
  ['dns_canonicalize_hostname = true', { canonicalName: true }],
  ['dns_canonicalize_hostname = false', { canonicalName: false }],
  ['dns_canonicalize_hostname = Fallback', { canonicalName: false }],
  ['qualify_shortname = corp.test', { qualifyShortName: 'corp.test' }],
  ['qualify_shortname = ""', {}],
])('%j says of hosts %j', (line, names) => {
  expect(configuredHostNames(conf(line))).toEqual(names)
})

test('the file is that of KRB5_CONFIG, and one that is not there says nothing', () => {
  vi.stubEnv('KRB5_CONFIG', conf('qualify_shortname = env.test'))
  expect(configuredHostNames()).toEqual({ qualifyShortName: 'env.test' })
  expect(configuredHostNames('/nowhere/krb5.conf')).toEqual({})
  expect(() => configuredHostNames(conf('dns_canonicalize_hostname = perhaps'))).toThrow('line 2: expected yes or no')
})
