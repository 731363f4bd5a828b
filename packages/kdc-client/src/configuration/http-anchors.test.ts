import { parseKrb5Conf } from '@s4u/krb5'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { anchorsByRealm } from './http-anchors.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-http-anchors-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())

const pem = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`
for (const name of ['a', 'b']) writeFileSync(join(folder, `${name}.pem`), pem(name))
const inside = join(folder, 'authorities')
mkdirSync(join(inside, 'a folder'), { recursive: true })
for (const name of ['c', 'd']) writeFileSync(join(inside, `${name}.pem`), pem(name))
writeFileSync(join(inside, 'README'), 'no certificate')

const anchorsOf = (...anchors: readonly string[]) => {
  const lines = anchors.map((anchor) => `  http_anchors = ${anchor}\n`).join('')
  return anchorsByRealm(parseKrb5Conf(`[realms]\n A = {\n${lines} }\n B = {\n  kdc = x\n }\n`))
}

describe('http_anchors', () => {
  test('are the certificates of files, and of all files in a folder, for the realm that names them', () => {
    expect(anchorsOf(`FILE:${folder}/a.pem`, `FILE:${folder}/b.pem`)).toEqual(new Map([['A', [pem('a'), pem('b')]]]))
    expect(anchorsOf(`DIR:${inside}`)).toEqual(new Map([['A', [pem('c'), pem('d')]]]))
    expect(anchorsOf()).toEqual(new Map())
  })

  test('may be named by a variable of the environment', () => {
    vi.stubEnv('PROXY_CA', `FILE:${folder}/a.pem`)
    expect(anchorsOf('ENV:PROXY_CA')).toEqual(new Map([['A', [pem('a')]]]))
    vi.stubEnv('PROXY_CA', 'ENV:PROXY_CA')
    expect(() => anchorsOf('ENV:PROXY_CA')).toThrow('ENV: names a variable that is not set, or that names another')
  })

  test.each([
    ['FILE:/nowhere/ca.pem', 'cannot read the certificates in /nowhere/ca.pem, which http_anchors names'],
    ['DIR:/nowhere/ca.pem', 'cannot read the certificates in /nowhere/ca.pem, which http_anchors names'],
    ['ENV:NOT_SET_HERE', 'krb5.conf, http_anchors: ENV: names a variable that is not set, or that names another'],
    ['/etc/ssl/ca.pem', 'krb5.conf, http_anchors: neither FILE:, DIR: nor ENV: stands in front'],
    ['PKCS12:/etc/ssl/ca.p12', 'krb5.conf, http_anchors: neither FILE:, DIR: nor ENV: stands in front'],
  ])('that cannot be read are refused: %s', (anchor, message) => {
    expect(() => anchorsOf(anchor)).toThrow(message)
  })
})
