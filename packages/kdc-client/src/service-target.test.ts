import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Krb5Configuration } from './krb5-configuration.js'
import { ServiceTargets } from './service-target.js'

test('a target is read once, and again when krb5.conf has changed', () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-service-target-'))
  const path = join(folder, 'krb5.conf')
  let now = 0
  const write = (realm: string): void => {
    writeFileSync(path, `[domain_realm]\n  .partner.test = ${realm}\n`)
    utimesSync(path, now, now)
  }
  write('PARTNER.TEST')
  const targets = new ServiceTargets('AD.TEST', new Krb5Configuration(path, () => now))
  const first = targets.read('HTTP/api.partner.test')
  expect(first.text).toBe('HTTP/api.partner.test@PARTNER.TEST')
  expect(targets.read('HTTP/api.partner.test')).toBe(first)
  now = 20_000
  expect(targets.read('HTTP/api.partner.test')).toBe(first)
  write('OTHER.TEST')
  now = 40_000
  expect(targets.read('HTTP/api.partner.test').text).toBe('HTTP/api.partner.test@OTHER.TEST')
  rmSync(folder, { recursive: true })
})
