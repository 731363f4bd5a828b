import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { API, corporation, Desktop, PASSWORD } from './fixtures/corporation.js'

/**
 * What whoever runs a service reads of it, who has set nothing up to read. On the built packages,
 * as in production.
 */

const folder = mkdtempSync(join(tmpdir(), 's4u-told-'))
const keytab = join(folder, 'web.keytab')
const realm = await corporation()
const { port: kdcPort } = await realm.listen()
writeFileSync(keytab, realm.keytabFile('web'))
const [alice, carol] = [new Desktop(realm, 'alice'), new Desktop(realm, 'carol')]
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await realm[Symbol.asyncDispose]()
})

const NTLM = `Negotiate ${Buffer.from('NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2').toString('base64')}`
const OTHER = 'HTTP/other.ad.test'

/** A site, visited: what it wrote. */
async function visited(env: Record<string, string>): Promise<string> {
  const app = fileURLToPath(new URL('told-app.mjs', import.meta.url))
  const set = { ...process.env, NODE_OPTIONS: '', NODE_DEBUG: '', KEYTAB: keytab, KDC: `127.0.0.1:${kdcPort}`, ...env }
  const child = spawn(process.execPath, [app], { env: set, stdio: ['pipe', 'pipe', 'pipe'] })
  let written = ''
  let port = ''
  child.stderr.on('data', (chunk: Buffer) => (written += chunk.toString()))
  const listening = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      written += chunk.toString()
      port = /port (\d+)/.exec(written)?.[1] ?? ''
      if (port !== '') resolve()
    })
  })
  await Promise.race([listening, once(child, 'exit')])
  if (port === '') throw new Error(written)
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${port}/${path}`, { headers })
  await get('')
  await get('', { authorization: NTLM })
  await get('', { authorization: NTLM })
  const signedIn = await get('', { authorization: await alice.authorization() })
  const cookie = signedIn.headers
    .getSetCookie()
    .map((one) => one.replace(/;.*/, ''))
    .join('; ')
  await get(API, { cookie })
  await get(API, { cookie })
  await get(OTHER, { cookie })
  await get(API, { authorization: await carol.authorization() })
  child.stdin.end()
  await once(child, 'exit')
  return written
}

const timesIn = (text: string, part: RegExp): number => text.match(new RegExp(part, 'g'))?.length ?? 0

function expectNoSecrets(text: string): void {
  expect(text).not.toContain(PASSWORD)
  expect(text).not.toContain('a key of thirty-two letters')
  expect(text).not.toMatch(/YII[A-Za-z0-9+/]{20}/)
}

test('by default the first refusal of each kind is a warning that says what to do, and nothing else is written', async () => {
  const written = await visited({})
  expect(timesIn(written, /S4uWarning/)).toBe(3)
  expect(written).toMatch(/\[S4U_REFUSED\] S4uWarning: refused a caller: GSS_S_BAD_MECH: .*NTLM/)
  expect(written).toMatch(/\n {4}The URL has the IP address 127\.0\.0\.1, .* let users open the site by its name/)
  // The commands themselves are in the error, so that one refusal prints them once.
  expect(written).toMatch(/\n {4}The commands that permit it are in the hint of the error/)
  expect(written).toMatch(/\n {4}https:\S+error-codes\.md#kdc_err_badoption\n/)
  expect(written).toMatch(
    /S4uWarning: impersonate: web@AD\.TEST as alice@AD\.TEST to HTTP\/other\.ad\.test: KDC_ERR_BADOPTION: [^\n]*may not delegate/,
  )
  expect(written).toMatch(/S4uWarning: impersonate: web@AD\.TEST as carol@AD\.TEST to HTTP\/api\.ad\.test: /)
  expect(timesIn(written, /Told once for each kind; NODE_DEBUG=s4u shows/)).toBe(3)
  expect(written).not.toContain('accepted alice')
  expectNoSecrets(written)
})

describe.each([
  ['NODE_DEBUG=s4u', { NODE_DEBUG: 's4u' }, 'S4U \\d+: '],
  ['a logger', { LOGGER: 'console' }, ''],
] as const)('with %s all is told', (_name, env, prefix) => {
  test('the refusals with their hints, who came in by what, each exchange, what the cache had', async () => {
    const written = await visited(env)
    const line = (pattern: RegExp): RegExp => new RegExp(`^${prefix}${pattern.source}`, 'm')
    expect(written).toMatch(line(/asked a caller to authenticate \(no-token, from 127\.0\.0\.1\)$/))
    expect(timesIn(written, /refused a caller: GSS_S_BAD_MECH: /)).toBe(2)
    expect(written).toMatch(/refused a caller: GSS_S_BAD_MECH: [^\n]*\n {4}[^\n]+/)
    expect(written).toMatch(line(/accepted alice@AD\.TEST \(for HTTP\/web\.ad\.test@AD\.TEST, .*from 127\.0\.0\.1\)$/))
    expect(written).toMatch(line(/alice@AD\.TEST: from now on known by a cookie session$/))
    expect(written).toMatch(line(/alice@AD\.TEST is known by a cookie session, from 127\.0\.0\.1$/))
    expect(written).toMatch(line(/AS: web@AD\.TEST has signed in \(/))
    expect(written).toMatch(line(/S4U2Proxy: web@AD\.TEST got a ticket for HTTP\/api\.ad\.test as alice@AD\.TEST \(/))
    expect(written).toMatch(
      line(/impersonate: web@AD\.TEST as alice@AD\.TEST to HTTP\/api\.ad\.test \(way s4u2proxy, evidence presented/),
    )
    expect(written).toMatch(line(/cache: the ticket of alice@AD\.TEST for HTTP\/api\.ad\.test@AD\.TEST, good until /))
    expect(written).toMatch(
      line(/impersonate: web@AD\.TEST as alice@AD\.TEST to HTTP\/other\.ad\.test: KDC_ERR_BADOPTION: /),
    )
    expect(written).not.toContain('S4uWarning')
    expectNoSecrets(written)
  })
})
