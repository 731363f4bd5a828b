import {
  decodeCcache,
  encodeCcache,
  formatPrincipal,
  Key,
  Keytab,
  openTicket,
  parseKrb5Conf,
  parsePrincipal,
} from '@s4u/krb5'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { kinit, realmOf, runOk } from '../realms/clients.js'
import type { RealmsInfo } from '../realms/realms.js'
import { describeRealms } from '../realms/suite.js'

const newPath = (info: RealmsInfo, kind: string): string => join(info.directory, `${kind}-${randomUUID()}`)
const readKeytab = (path: string): Keytab => Keytab.decode(readFileSync(path), path)
const readCcache = (path: string) => decodeCcache(readFileSync(path), path)

/** The configuration of the run with another relation in [libdefaults]. */
function configured(info: RealmsInfo, relation: string): Record<string, string> {
  const path = newPath(info, 'krb5.conf')
  writeFileSync(path, readFileSync(info.krb5Config, 'utf8').replace('[libdefaults]', `[libdefaults]\n  ${relation}`))
  return { ...info.environment, KRB5_CONFIG: path }
}

/**
 * ktutil reads secrets past its own input buffer: it must have asked before the next line is there.
 */
async function ktutil(info: RealmsInfo, lines: readonly string[]): Promise<void> {
  const child = spawn('ktutil', [], { env: info.environment, stdio: ['pipe', 'ignore', 'ignore'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  for (const line of lines) {
    child.stdin.write(`${line}\n`)
    await sleep(150)
  }
  child.stdin.end('q\n')
  await ended
}

await describeRealms('keytabs of MIT', ['PLAIN'], (info) => {
  const plain = realmOf(info, 'PLAIN')
  const { web } = plain.services

  test('that kadmin wrote are read, and list as klist lists them', async () => {
    for (const { keytab } of Object.values(plain.services)) {
      const { stdout } = await runOk('klist', ['-e', '-k', '-t', '-K', keytab], { environment: info.environment })
      const { entries } = readKeytab(keytab)
      expect(entries.length).toBeGreaterThan(0)
      for (const { principal, kvno, key } of entries) {
        const secret = Buffer.from(key.exposeSecretBytes()).toString('hex')
        const [line] = stdout.split('\n').filter((one) => one.includes(secret))
        expect(line).toContain(`${kvno} `)
        expect(line).toContain(formatPrincipal(principal))
      }
    }
  })

  test('that ktutil wrote are read, versions above 255 and escapes included', async () => {
    const path = newPath(info, 'keytab')
    const secret = '000102030405060708090a0b0c0d0e0f'
    await ktutil(info, [
      'addent -password -p alice@PLAIN.TEST -k 300 -e aes256-cts',
      'secret',
      'addent -key -p HTTP/a\\\\/b@PLAIN.TEST -k 1 -e aes128-cts',
      secret,
      `wkt ${path}`,
    ])
    const [alice, odd] = readKeytab(path).entries
    expect([formatPrincipal(alice.principal), alice.kvno]).toEqual(['alice@PLAIN.TEST', 300])
    expect(alice.key.equals(await Key.fromPassword(18, 'secret', 'PLAIN.TESTalice'))).toBe(true)
    expect(odd.key.equals(new Key(17, Buffer.from(secret, 'hex')))).toBe(true)
    expect(Math.abs(odd.timestamp - Date.now())).toBeLessThan(60_000)
  })

  test('with a hole that kadmin left are read', async () => {
    const path = newPath(info, 'keytab')
    writeFileSync(
      path,
      new Keytab([...readKeytab(web.keytab).entries, ...readKeytab(plain.services.api.keytab).entries]).encode(),
    )
    const size = readFileSync(path).length
    const environment = { ...info.environment, KRB5_KDC_PROFILE: join(info.directory, 'PLAIN.TEST', 'kdc.conf') }
    await runOk('kadmin.local', ['-r', 'PLAIN.TEST', '-q', `ktrem -k ${path} ${web.principal} all`], { environment })
    expect(readFileSync(path)).toHaveLength(size)
    expect(readKeytab(path).principals).toEqual([plain.services.api.principal])
  })

  test('that we wrote are listed by klist and sign in with kinit', async () => {
    const path = newPath(info, 'keytab')
    const { entries } = readKeytab(web.keytab)
    const old = { ...entries[0], kvno: 70_000, principal: parsePrincipal('zoë@PLAIN.TEST') }
    writeFileSync(path, new Keytab([old, ...entries]).encode())
    const { stdout } = await runOk('klist', ['-e', '-k', '-t', path], { environment: info.environment })
    expect(stdout).toMatch(/70000 .*zoë@PLAIN\.TEST \(/)
    expect(stdout.split(web.principal)).toHaveLength(entries.length + 1)
    const environment = { ...info.environment, KRB5CCNAME: `FILE:${newPath(info, 'ccache')}` }
    await runOk('kinit', ['-k', '-t', path, web.principal], { environment })
    await runOk('kvno', ['-k', path, web.principal], { environment })
  })
})

await describeRealms('credential caches of MIT', ['PLAIN'], (info) => {
  const plain = realmOf(info, 'PLAIN')
  const { web } = plain.services

  test.each([1, 2, 3, 4])('of version %i that kinit wrote are read', async (version) => {
    const environment = configured(info, `ccache_type = ${version}`)
    const { ccache } = await kinit({ ...info, environment }, 'PLAIN', 'alice')
    expect(readFileSync(ccache)[1]).toBe(version)
    const { principal, credentials } = readCcache(ccache)
    expect(formatPrincipal(principal)).toBe('alice@PLAIN.TEST')
    expect(credentials.map(({ server }) => formatPrincipal(server))).toEqual(['krbtgt/PLAIN.TEST@PLAIN.TEST'])
    expect(Math.abs(credentials[0].authtime - Date.now())).toBeLessThan(60_000)
    expect(credentials[0].endtime).toBeGreaterThan(Date.now())
  })

  test('hold service tickets that the keytab opens, and settings', async () => {
    const alice = await kinit(info, 'PLAIN', 'alice')
    await runOk('kvno', [web.principal], alice)
    const { credentials, settings } = readCcache(alice.ccache)
    const { key, ticket } = credentials[1]
    const service = readKeytab(web.keytab).entries.find((entry) => entry.key.etype === ticket.encPart.etype)
    if (service === undefined) throw new Error('the keytab lacks the key')
    const { encTicketPart } = openTicket(ticket, service.key)
    expect(encTicketPart.key.equals(key)).toBe(true)
    expect(encTicketPart.flags).toEqual(credentials[1].flags)
    expect(settings.map(({ name }) => name)).toContain('fast_avail')
  })

  test('that we wrote are listed by klist and used by kvno', async () => {
    const alice = await kinit(info, 'PLAIN', 'alice')
    const ccache = newPath(info, 'ccache')
    writeFileSync(ccache, encodeCcache(readCcache(alice.ccache)), { mode: 0o600 })
    const environment = { ...info.environment, KRB5CCNAME: `FILE:${ccache}` }
    const list = async (path: string) =>
      (await runOk('klist', ['-e', '-f', '-C', path], { environment })).stdout.replaceAll(path, 'PATH')
    expect(await list(ccache)).toBe(await list(alice.ccache))
    await runOk('kvno', ['-k', web.keytab, web.principal], { environment })
    expect(readCcache(ccache).credentials).toHaveLength(2)
  })
})

await describeRealms('files of Heimdal', ['NORTH'], (info) => {
  const north = realmOf(info, 'NORTH')
  const { web } = north.services
  const programs = dirname(north.clients?.kinit ?? '')
  const environment = { ...info.environment, LD_LIBRARY_PATH: north.clients?.libraries ?? '' }
  const heimdal = (program: string, args: readonly string[], ccache = '', input = '') =>
    runOk(join(programs, program), args, { environment: { ...environment, KRB5CCNAME: `FILE:${ccache}` }, input })

  test('keytabs with versions above 255 and holes are read', async () => {
    const path = newPath(info, 'keytab')
    const tool = (...args: readonly string[]) => heimdal('ktutil.heimdal', ['-k', path, ...args])
    await tool('add', '-p', 'bob@NORTH.TEST', '-V', '7', '-e', 'aes256-cts-hmac-sha1-96', '-w', 'x')
    await tool('add', '-p', 'carl@NORTH.TEST', '-V', '400', '-e', 'arcfour-hmac-md5', '-w', 'x')
    await tool('remove', '-p', 'bob@NORTH.TEST', '-V', '7')
    const { entries } = readKeytab(path)
    expect(entries.map(({ principal, kvno }) => [formatPrincipal(principal), kvno])).toEqual([['carl@NORTH.TEST', 400]])
    expect(entries[0].key.equals(await Key.fromPassword(23, 'x', ''))).toBe(true)
  })

  test('keytabs that we wrote are listed and sign in', async () => {
    const path = newPath(info, 'keytab')
    const { entries } = readKeytab(web.keytab)
    writeFileSync(path, new Keytab([{ ...entries[0], kvno: 400 }, ...entries]).encode())
    const { stdout } = await heimdal('ktutil.heimdal', ['-k', path, 'list'])
    expect(stdout).toMatch(/^400 /m)
    expect(stdout.split(web.principal)).toHaveLength(entries.length + 2)
    await heimdal('kinit.heimdal', ['-k', '-t', path, web.principal], newPath(info, 'ccache'))
  })

  test.each([1, 2, 3, 4])('caches of version %i are read', async (version) => {
    const ccache = newPath(info, 'ccache')
    const args = [`--fcache-version=${version}`, '--password-file=STDIN', 'alice@NORTH.TEST']
    await heimdal('kinit.heimdal', args, ccache, 'pw-alice\n')
    const { principal, credentials } = readCcache(ccache)
    expect([readFileSync(ccache)[1], formatPrincipal(principal)]).toEqual([version, 'alice@NORTH.TEST'])
    expect(credentials.map(({ server }) => formatPrincipal(server))).toEqual(['krbtgt/NORTH.TEST@NORTH.TEST'])
  })

  test('caches that we wrote are listed and used', async () => {
    const alice = await kinit(info, 'NORTH', 'alice')
    const ccache = newPath(info, 'ccache')
    writeFileSync(ccache, encodeCcache(readCcache(alice.ccache)), { mode: 0o600 })
    const { stdout } = await heimdal('heimtools', ['klist', '-v'], ccache)
    expect(stdout).toContain('Server: krbtgt/NORTH.TEST@NORTH.TEST')
    await heimdal('kgetcred', [web.principal], ccache)
    expect(readCcache(ccache).credentials).toHaveLength(2)
  })
})

await describeRealms('the krb5.conf of the run', ['PLAIN'], (info) => {
  test('names the realms and their KDCs', () => {
    const conf = parseKrb5Conf(readFileSync(info.krb5Config, 'utf8'), { source: info.krb5Config })
    const { host, port } = realmOf(info, 'PLAIN').kdc
    expect([conf.defaultRealm, conf.kdcsOf('PLAIN.TEST')]).toEqual(['EAST.TEST', [{ host, port }]])
    expect(conf.realmOf('web.plain.test')).toBe('PLAIN.TEST')
    expect(conf.boolean('libdefaults', 'forwardable')).toBe(true)
  })
})
