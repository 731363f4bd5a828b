import { createKdcClient, openCredentialCache } from '@s4u/kdc-client'
import { encodeCacheEntry, decodeCcache, formatPrincipal, Key, Keytab, parsePrincipal } from '@s4u/krb5'
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kinit, realmOf, run, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

/** Files with one record that nobody needs: MIT's programs work with each, and so must we. */

await describeRealms('a keytab with one odd record', ['PLAIN', 'mit-clients'], (info) => {
  const plain = realmOf(info, 'PLAIN')
  const { web, api } = plain.services
  const { host, port } = plain.kdc
  const whole = Keytab.decode(readFileSync(web.keytab))
  const records = whole.encode().subarray(2)
  const folder = join(info.directory, 'odd-records')
  mkdirSync(folder, { recursive: true })

  /** A record in front, unless it belongs behind. */
  const record = (octets: Uint8Array): Buffer => {
    const size = Buffer.alloc(4)
    size.writeUInt32BE(octets.length)
    return Buffer.concat([size, octets])
  }
  const other = (name: string, key: Key): Buffer =>
    Buffer.from(new Keytab([{ principal: parsePrincipal(name), kvno: 1, key, timestamp: 0 }]).encode().subarray(6))
  const latin1 = (): Buffer => {
    const octets = other('Jorg@PLAIN.TEST', Key.random(18))
    octets[octets.indexOf('Jorg') + 1] = 0xf6
    return octets
  }
  /** Of an encryption type that is known, with octets that are not of its length. */
  const keyOf = (length: number): Buffer => {
    const octets = other('odd@PLAIN.TEST', new Key(0x7e, new Uint8Array(length)))
    octets.writeUInt16BE(18, octets.indexOf(Buffer.of(0x00, 0x7e)))
    return octets
  }

  const cases: readonly [string, () => readonly Uint8Array[]][] = [
    ['of a name in Latin-1', () => [record(latin1()), records]],
    ['with a key of another length than its type has', () => [record(keyOf(7)), records]],
    ['with a key of no octets', () => [records, record(keyOf(0))]],
    ['that is cut short, at the end', () => [records, record(keyOf(32)).subarray(0, 20)]],
    ['of one octet, behind the end', () => [records, Buffer.of(7)]],
  ]
  test.each(cases)('%s signs in as kinit does', async (what, parts) => {
    const path = join(folder, `${what.replaceAll(/\W+/g, '-')}.keytab`)
    writeFileSync(path, Buffer.concat([Buffer.of(5, 2), ...parts()]))
    const environment = { ...info.environment, KRB5CCNAME: `FILE:${path}.cc` }
    await runOk('kinit', ['-k', '-t', path, web.principal], { environment })
    expect((await runOk('klist', ['-k', path], { environment })).stdout).toContain(web.principal)
    const keytab = Keytab.decode(readFileSync(path))
    expect([keytab.entries.length, keytab.leftOut.length]).toEqual([whole.entries.length, 1])
    const client = createKdcClient({
      kdc: `${host}:${port}`,
      credentials: { keytab: path, principal: web.principal },
    })
    expect(formatPrincipal((await client.ticketFor(api.principal)).client)).toBe(web.principal)
  })
})

await describeRealms('a credential cache with one odd entry', ['PLAIN', 'mit-clients'], (info) => {
  const plain = realmOf(info, 'PLAIN')
  const { web, api } = plain.services
  const { host, port } = plain.kdc

  test('whose ticket gssproxy has sealed is used as kvno uses it', async () => {
    const login = await kinit(info, 'PLAIN', 'alice')
    const bytes = readFileSync(login.ccache)
    const { principal, credentials } = decodeCcache(bytes)
    const sealed = { ...credentials[0], server: parsePrincipal('Encrypted/Credentials/v1@X-GSSPROXY:') }
    const entry = Buffer.from(encodeCacheEntry(sealed, principal))
    // As gssproxy has it: what stands in place of the ticket is none.
    const at = entry.indexOf(Buffer.of(0x61, 0x82))
    entry.fill(0x5a, at, entry.length - 4)
    writeFileSync(login.ccache, Buffer.concat([bytes, entry]))
    expect((await runOk('klist', [], login)).stdout).toContain('krbtgt/PLAIN.TEST')
    await runOk('kvno', [web.principal], login)
    const read = await openCredentialCache(login.ccache).read()
    expect(read.leftOut).toMatchObject([{ name: 'Encrypted/Credentials/v1@X-GSSPROXY:' }])
    expect(read.credentials.map(({ server }) => formatPrincipal(server))).toContain(web.principal)
    const client = createKdcClient({ kdc: `${host}:${port}`, credentials: { ccache: login.ccache } })
    expect(formatPrincipal((await client.ticketFor(api.principal)).client)).toBe('alice@PLAIN.TEST')
  })

  test('that is cut short is told, and what is before it is used', async () => {
    const login = await kinit(info, 'PLAIN', 'alice')
    await runOk('kvno', [web.principal], login)
    writeFileSync(login.ccache, readFileSync(login.ccache).subarray(0, -20))
    const { stdout, status } = await run('klist', [], login)
    expect([status, stdout.includes('krbtgt/PLAIN.TEST')]).toEqual([expect.any(Number), true])
    const { leftOut } = await openCredentialCache(login.ccache).read()
    expect(leftOut).toHaveLength(1)
    const client = createKdcClient({ kdc: `${host}:${port}`, credentials: { ccache: login.ccache } })
    expect(formatPrincipal((await client.ticketFor(api.principal)).service)).toBe(api.principal)
  })
})

await describeRealms('what a hint says of credential caches', ['PLAIN', 'mit-clients'], (info) => {
  const { services } = realmOf(info, 'PLAIN')
  const { host, port } = realmOf(info, 'PLAIN').kdc
  const api = services.api.principal
  const use = (ccache: string) => createKdcClient({ kdc: `${host}:${port}`, credentials: { ccache } }).ticketFor(api)

  test.each(['KEYRING:session:x', 'MEMORY:x', 'API:x'])(
    '%s: with the tickets in a file they are used',
    async (name) => {
      const refused = await Promise.resolve()
        .then(() => use(name))
        .catch((error: { hint?: string }) => error.hint)
      expect(refused).toContain('kinit -c FILE:/path')
      const path = join(info.directory, `hinted-${name.split(':')[0]}`)
      const password = `${realmOf(info, 'PLAIN').users.alice?.password}\n`
      const environment = { ...info.environment, KRB5CCNAME: name }
      await runOk('kinit', ['-c', `FILE:${path}`, 'alice@PLAIN.TEST'], { environment, input: password })
      expect(formatPrincipal((await use(`FILE:${path}`)).client)).toBe('alice@PLAIN.TEST')
    },
  )

  test('one that is empty or not there: after kinit it is used', async () => {
    const path = join(info.directory, 'hinted-empty')
    for (const content of [undefined, '']) {
      if (content !== undefined) writeFileSync(path, content)
      expect(() => use(path)).toThrow(expect.objectContaining({ hint: expect.stringMatching(/^Run kinit/) }))
      const environment = { ...info.environment, KRB5CCNAME: path }
      await runOk('kinit', ['alice@PLAIN.TEST'], {
        environment,
        input: `${realmOf(info, 'PLAIN').users.alice?.password}\n`,
      })
      expect(formatPrincipal((await use(path)).client)).toBe('alice@PLAIN.TEST')
    }
  })
})
