import { createKdcClient, KDC_CHANNEL, type KdcClientOptions, type KdcEvent } from '@s4u/kdc-client'
import { AsReq, decode, encodeCcache, formatPrincipal, hasFlag, KdcOption, TgsReq } from '@s4u/krb5'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 's4u-story-krb5-conf-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())

let realm: TestRealm
beforeAll(async () => {
  realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'pw-alice' } },
    services: { web: { spns: ['HTTP/web.ad.test'] }, api: { spns: ['HTTP/api.ad.test'] } },
  })
})

let count = 0
function conf(...lines: readonly string[]): string {
  const path = join(folder, `${count++}.conf`)
  writeFileSync(path, `[libdefaults]\n${lines.join('\n')}\n`)
  return path
}

/** What the KDC is asked, first at sign-in and then for a ticket. */
async function asked(krb5Config: string, options: Partial<KdcClientOptions> = {}) {
  const requests: Uint8Array[] = []
  const client = createKdcClient({
    kdc: (request, context) => {
      requests.push(request)
      return realm.transport(request, context)
    },
    krb5Config,
    credentials: { keytab: realm.keytabFor('web') },
    ...options,
  })
  await client.ticketFor('HTTP/api.ad.test')
  const [signIn, ticket] = [requests[0], requests[requests.length - 1]]
  return { signIn: decode(AsReq, signIn).reqBody, ticket: decode(TgsReq, ticket).reqBody }
}

describe('a client asks as krb5.conf says', () => {
  test('for encryption types', async () => {
    const { signIn, ticket } = await asked(
      conf('default_tkt_enctypes = aes128-cts', 'default_tgs_enctypes = aes256-cts aes128-cts'),
    )
    expect([signIn.etype, ticket.etype]).toEqual([[17], [18, 17]])
    const permitted = await asked(conf('permitted_enctypes = aes128-cts'))
    expect([permitted.signIn.etype, permitted.ticket.etype]).toEqual([[17], [17]])
    const said = await asked(conf('permitted_enctypes = aes128-cts'), { encryptionTypes: [18] })
    expect([said.signIn.etype, said.ticket.etype]).toEqual([[18], [18]])
  })

  test.each([
    ['forwardable = false', {}, false],
    ['forwardable = true', {}, true],
    ['', {}, true],
    ['forwardable = false', { forwardable: true }, true],
    ['forwardable = true', { forwardable: false }, false],
  ])('for what can be forwarded: %j with %j', async (line, options, expected) => {
    const { signIn, ticket } = await asked(conf(line), options)
    expect(hasFlag(signIn.kdcOptions, KdcOption.FORWARDABLE)).toBe(expected)
    expect(hasFlag(ticket.kdcOptions, KdcOption.FORWARDABLE)).toBe(expected)
  })

  test('and a ticket-granting ticket that nobody wanted to be more is kept as any other', async () => {
    const signIns: KdcEvent[] = []
    const listen = (event: unknown): void => void signIns.push(Object(event))
    let now = realm.now
    const client = createKdcClient({
      kdc: realm.transport,
      krb5Config: conf('forwardable = false'),
      credentials: { keytab: realm.keytabFor('web') },
      now: () => now,
    })
    subscribe(KDC_CHANNEL, listen)
    try {
      await client.ticketFor('HTTP/api.ad.test')
      now += 120_000
      await client.ticketFor('HTTP/web.ad.test')
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      unsubscribe(KDC_CHANNEL, listen)
    }
    expect(signIns.filter(({ step }) => step === 'AS').map(({ forwardable }) => forwardable)).toEqual([false])
  })

  test.each([
    ['canonicalize = true', {}, true],
    ['', {}, false],
    ['canonicalize = true', { canonicalize: false }, false],
  ])('for its name to be resolved: %j with %j', async (line, options, expected) => {
    expect(hasFlag((await asked(conf(line), options)).signIn.kdcOptions, KdcOption.CANONICALIZE)).toBe(expected)
  })

  test('but not as one that is not meant: who names the KDCs must name it as well', async () => {
    vi.stubEnv('KRB5_CONFIG', conf('permitted_enctypes = aes128-cts', 'forwardable = false'))
    const client = createKdcClient({ kdc: realm.transport, credentials: { keytab: realm.keytabFor('web') } })
    const ticket = await client.ticketFor('HTTP/api.ad.test')
    expect(ticket.sessionKey.etype).toBe(18)
  })

  test('and tells its logger what in it has no effect', () => {
    const lines: string[] = []
    const say = (text: string): void => void lines.push(text)
    const path = conf('rdns = false')
    const logger = { debug: say, info: say, warn: say, error: say }
    createKdcClient({ kdc: realm.transport, krb5Config: path, credentials: { keytab: realm.keytabFor('web') }, logger })
    expect(lines).toContain(
      `S4U_SETTING_NOT_READ: ${path}, line 2: libdefaults rdns has no effect: no address is looked up backwards`,
    )
  })

  test.each(['forwardable', 'udp_preference_limit'])('and says at once that it cannot read %s', (name) => {
    const path = conf(`${name} = perhaps`)
    const make = () =>
      createKdcClient({ kdc: realm.transport, krb5Config: path, credentials: { keytab: realm.keytabFor('web') } })
    expect(make).toThrow(`${path}, line 2: expected `)
  })
})

describe('who names no file gets the one that krb5.conf names', () => {
  const principalOf = (credentials: KdcClientOptions['credentials']): string =>
    createKdcClient({ kdc: realm.transport, credentials }).principal

  test('the credential cache, with what stands for the user and the machine', async () => {
    const client = createKdcClient({
      kdc: realm.transport,
      credentials: { principal: 'alice@AD.TEST', password: 'pw-alice' },
    })
    const tgt = await client.tgtToForward()
    const times = { authtime: tgt.authenticatedAt, starttime: tgt.startsAt, endtime: tgt.expiresAt, renewTill: 0 }
    const rest = { isSkey: false, addresses: [], authorizationData: [], secondTicket: new Uint8Array(0) }
    const credential = {
      client: tgt.client,
      server: tgt.service,
      key: tgt.sessionKey,
      ...times,
      flags: tgt.flags,
      ...rest,
      ticket: tgt.ticket,
    }
    const cache = encodeCcache({ principal: tgt.client, credentials: [credential], settings: [], kdcOffset: 0 })
    writeFileSync(join(folder, `cc-${process.getuid?.()}-${userInfo().username}`), cache)
    vi.stubEnv('KRB5CCNAME', undefined)
    vi.stubEnv('TMPDIR', folder)
    vi.stubEnv('KRB5_CONFIG', conf('default_ccache_name = FILE:%{TEMP}/cc%{null}-%{uid}-%{username}'))
    expect(principalOf({ ccache: true })).toBe('alice@AD.TEST')
    vi.stubEnv('KRB5CCNAME', 'FILE:/nowhere/krb5cc_1')
    expect(() => principalOf({ ccache: true })).toThrow('cannot read the credential cache /nowhere/krb5cc_1')
  })

  test('the keytab of clients', () => {
    const path = join(folder, 'client.keytab')
    writeFileSync(path, realm.keytabFor('web').encode())
    vi.stubEnv('KRB5_CLIENT_KTNAME', undefined)
    vi.stubEnv('KRB5_CONFIG', conf(`default_client_keytab_name = FILE:${path}`))
    expect(principalOf({ keytab: true })).toBe(formatPrincipal(realm.keytabFor('web').entries[0].principal))
    vi.stubEnv('KRB5_CLIENT_KTNAME', '/nowhere/client.keytab')
    expect(() => principalOf({ keytab: true })).toThrow('the keytab /nowhere/client.keytab does not exist')
  })

  test('or is told where to name it', () => {
    vi.stubEnv('KRB5_CLIENT_KTNAME', undefined)
    vi.stubEnv('KRB5_CONFIG', conf(''))
    expect(() => principalOf({ keytab: true })).toThrow('no keytab for clients is named on this machine')
  })
})
