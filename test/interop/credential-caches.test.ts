import {
  createKdcClient,
  credentialOf,
  type KdcClient,
  listCredentialCaches,
  openCredentialCache,
} from '@s4u/kdc-client'
import { type CredentialCache, formatPrincipal } from '@s4u/krb5'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { realmOf, run, runOk } from '../realms/clients.js'
import { type KcmKind, startKcm } from '../realms/kcm.js'
import type { RealmsInfo } from '../realms/realm-info.js'
import { describeMissing, describeRealms } from '../realms/suite.js'

/**
 * Credential caches that MIT's programs write and read, wherever they are: files, folders, and the
 * memory of a KCM.
 */

const servers = ({ credentials }: CredentialCache): string[] => credentials.map(({ server }) => formatPrincipal(server))

/** What a place of caches is to do for us and for MIT alike. */
function aPlaceOfCaches(info: RealmsInfo, name: string, environment: Record<string, string>): void {
  const plain = realmOf(info, 'PLAIN')
  const { web, api } = plain.services
  const { host, port } = plain.kdc
  const cache = openCredentialCache(name, { krb5Config: environment.KRB5_CONFIG })
  const clientOf = (kdc: string): KdcClient =>
    createKdcClient({ kdc, krb5Config: environment.KRB5_CONFIG, credentials: { ccache: name } })
  const kinit = (user: string) =>
    runOk('kinit', [`${user}@PLAIN.TEST`], { environment, input: `${plain.users[user]?.password}\n` })
  const klist = async (...args: string[]) => (await runOk('klist', args, { environment })).stdout

  test('is read as klist reads it, and signs in', async () => {
    await kinit('alice')
    await runOk('kvno', [web.principal], { environment })
    const read = await cache.read()
    expect(formatPrincipal(read.principal)).toBe('alice@PLAIN.TEST')
    expect(servers(read).sort()).toEqual([web.principal, 'krbtgt/PLAIN.TEST@PLAIN.TEST'].sort())
    expect(servers(cache.readNow()).sort()).toEqual(servers(read).sort())
    const ticket = await clientOf(`${host}:${port}`).ticketFor(api.principal)
    expect([formatPrincipal(ticket.client), formatPrincipal(ticket.service)]).toEqual([
      'alice@PLAIN.TEST',
      api.principal,
    ])
  })

  test('gives a ticket that kvno has fetched without any KDC', async () => {
    const ticket = await clientOf('127.0.0.1:1').ticketFor(web.principal)
    expect(formatPrincipal(ticket.service)).toBe(web.principal)
  })

  test('is written so that klist shows it and kvno uses it', async () => {
    await kinit('alice')
    const read = await cache.read()
    await cache.replace({ ...read, credentials: read.credentials.slice(0, 1) })
    expect(await klist()).toContain('krbtgt/PLAIN.TEST@PLAIN.TEST')
    expect(await klist()).not.toContain(web.principal)
    await runOk('kvno', [web.principal], { environment })
    const fetched = (await cache.read()).credentials.find(({ server }) => formatPrincipal(server) === web.principal)
    if (fetched === undefined) throw new Error('kvno has stored nothing')
    await cache.replace(read)
    await cache.store(fetched)
    expect(await klist()).toContain(web.principal)
    expect((await cache.read()).settings.map((setting) => setting.name)).toContain('fast_avail')
  })

  test('is where a client that has signed in saves its ticket, and kvno goes on with it', async () => {
    const credentials = { principal: 'bob@PLAIN.TEST', password: plain.users.bob?.password ?? '' }
    const client = createKdcClient({ kdc: `${host}:${port}`, credentials })
    await client.saveTo(cache)
    await runOk('kvno', [web.principal], { environment })
    expect(await klist('-f')).toMatch(/Default principal: bob@PLAIN\.TEST[^]*krbtgt\/PLAIN\.TEST[^]*Flags: F[^]*HTTP\//)
    await cache.store(credentialOf(await client.ticketFor(api.principal)))
    expect(await klist()).toContain(api.principal)
    await cache.destroy()
  })

  test('is destroyed for klist too', async () => {
    await kinit('alice')
    expect(await cache.destroy()).toBe(true)
    expect((await run('klist', ['-s'], { environment })).status).toBe(1)
    expect(await cache.destroy()).toBe(false)
    await expect(cache.read()).rejects.toMatchObject({
      code: 'KRB5_FCC_NOFILE',
      hint: expect.stringMatching(/^Run kinit/),
    })
    await kinit('alice')
    expect(servers(await cache.read())).toEqual(['krbtgt/PLAIN.TEST@PLAIN.TEST'])
  })
}

/** More than one principal. */
function aCollection(info: RealmsInfo, name: string, environment: Record<string, string>): void {
  const plain = realmOf(info, 'PLAIN')
  const cache = openCredentialCache(name, { krb5Config: environment.KRB5_CONFIG })
  const ownerOf = async (): Promise<string> => formatPrincipal((await cache.read()).principal)

  test('has the cache that kinit wrote last as its current one, until kswitch says another', async () => {
    for (const user of ['alice', 'bob'])
      await runOk('kinit', [`${user}@PLAIN.TEST`], { environment, input: `${plain.users[user]?.password}\n` })
    expect(await ownerOf()).toBe('bob@PLAIN.TEST')
    await runOk('kswitch', ['-p', 'alice@PLAIN.TEST'], { environment })
    expect(await ownerOf()).toBe('alice@PLAIN.TEST')
  })

  test('keeps the caches of others when one is written, which becomes the current one', async () => {
    const alice = await cache.read()
    await runOk('kswitch', ['-p', 'bob@PLAIN.TEST'], { environment })
    const bob = await cache.read()
    await runOk('kdestroy', ['-p', 'alice@PLAIN.TEST'], { environment })
    await cache.replace(alice)
    const { stdout } = await runOk('klist', ['-l'], { environment })
    expect(stdout.split('\n')[2]).toContain('alice@PLAIN.TEST')
    expect(stdout.split('\n')[3]).toContain('bob@PLAIN.TEST')
    await cache.replace(bob)
    expect((await runOk('klist', [], { environment })).stdout).toContain('Default principal: bob@PLAIN.TEST')
    expect((await runOk('klist', ['-l'], { environment })).stdout.trim().split('\n')).toHaveLength(4)
    const all = await listCredentialCaches(name, { krb5Config: environment.KRB5_CONFIG })
    const owners = await Promise.all(all.map((one) => one.read()))
    expect(owners.map(({ principal }) => formatPrincipal(principal))).toEqual(['bob@PLAIN.TEST', 'alice@PLAIN.TEST'])
  })
}

function placeIn(info: RealmsInfo, folder: string, name: string, relation = ''): Record<string, string> {
  const path = join(folder, 'krb5.conf')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(path, readFileSync(info.krb5Config, 'utf8').replace('[libdefaults]', `[libdefaults]\n  ${relation}`))
  return { ...info.environment, KRB5_CONFIG: path, KRB5CCNAME: name }
}

await describeRealms('a credential cache', ['PLAIN', 'mit-clients'], (info) => {
  const folder = join(info.directory, 'credential-caches')
  describe('in a file', () => {
    const name = `FILE:${join(folder, 'cc')}`
    aPlaceOfCaches(info, name, placeIn(info, folder, name))
  })
  describe('in a folder', () => {
    const name = `DIR:${join(folder, 'caches')}`
    const environment = placeIn(info, folder, name)
    aPlaceOfCaches(info, name, environment)
    aCollection(info, name, environment)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
})

for (const kind of ['heimdal', 'sssd'] satisfies readonly KcmKind[]) {
  const title = `a credential cache in the KCM of ${kind}`
  const kcm = await startKcm(kind).catch((error: Error) => error.message)
  if (typeof kcm === 'string') {
    describeMissing(title, `the KCM of ${kind}`, kcm)
    continue
  }
  afterAll(() => kcm.stop())
  await describeRealms(title, ['PLAIN', 'mit-clients'], (info) => {
    const folder = join(info.directory, `kcm-${kind}`)
    const environment = placeIn(info, folder, 'KCM:', `default_ccache_name = KCM:\n  kcm_socket = ${kcm.socket}`)
    aPlaceOfCaches(info, 'KCM:', environment)
    aCollection(info, 'KCM:', environment)

    test('is the default one where krb5.conf says so, as on RHEL and Fedora', async () => {
      vi.stubEnv('KRB5CCNAME', undefined)
      const { host, port } = realmOf(info, 'PLAIN').kdc
      const krb5Config = environment.KRB5_CONFIG
      const client = createKdcClient({ kdc: `${host}:${port}`, krb5Config, credentials: { ccache: true } })
      expect(client.principal).toBe(
        formatPrincipal((await openCredentialCache(undefined, { krb5Config }).read()).principal),
      )
      vi.unstubAllEnvs()
    })

    test('that is asked for by a name that it does not have is not there', async () => {
      const other = openCredentialCache('KCM:0:none', { krb5Config: environment.KRB5_CONFIG })
      await expect(other.read()).rejects.toMatchObject({ code: 'KRB5_FCC_NOFILE' })
      expect(() => other.readNow()).toThrow('there is no credential cache KCM:0:none')
    })

    test('says that nobody is there when the KCM has gone', async () => {
      await kcm.stop()
      const gone = openCredentialCache('KCM:', { krb5Config: environment.KRB5_CONFIG })
      const refusal = { code: 'KRB5_KCM_NO_SERVER', hint: expect.stringContaining('kinit -c FILE:/path') }
      await expect(gone.read()).rejects.toMatchObject(refusal)
      expect(() => gone.readNow()).toThrow(expect.objectContaining(refusal))
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))
  })
}
