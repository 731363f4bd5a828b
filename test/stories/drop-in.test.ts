import * as kerberos from '@s4u/kerberos'
import { createNegotiator } from '@s4u/negotiate'
import { createKdcClient } from '@s4u/kdc-client'
import type { TestRealm } from '@s4u/test-kdc'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { corporation, PASSWORD, WEB } from './fixtures/corporation.js'

/** What the API of npm `kerberos` does here beyond the native package. */

const SERVICE = 'HTTP@web.ad.test'
const { initializeClient, initializeServer, Kerberos } = kerberos
const base64 = (text: string): string => Buffer.from(text).toString('base64')
let realm: TestRealm
let folder: string
const at = (name: string): string => join(folder, name)

beforeAll(async () => {
  realm = await corporation()
  await realm.listen({ host: '127.0.0.1' })
  folder = mkdtempSync(join(tmpdir(), 's4u-drop-in-'))
  writeFileSync(at('krb5.conf'), realm.krb5Conf())
  writeFileSync(at('web.keytab'), realm.keytabFile('web'))
  writeFileSync(at('api.keytab'), realm.keytabFile('api'))
  const credentials = { principal: 'alice@AD.TEST', password: PASSWORD }
  await createKdcClient({ kdc: realm.transport, credentials }).saveTo(`FILE:${at('alice')}`)
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await realm[Symbol.asyncDispose]()
})
beforeEach(() => {
  vi.stubEnv('KRB5_CONFIG', at('krb5.conf'))
  vi.stubEnv('KRB5_KTNAME', at('web.keytab'))
  vi.stubEnv('KRB5CCNAME', `FILE:${at('alice')}`)
  vi.stubEnv('KRB5_CLIENT_KTNAME', undefined)
})
afterEach(() => vi.unstubAllEnvs())

/** The user whom a server sees in the context of a client with these options. */
async function callerOf(
  options: kerberos.InitializeClientOptions,
  service = SERVICE,
  keytab?: string,
): Promise<string> {
  const client = await initializeClient(service, options)
  const server = await initializeServer(service, keytab === undefined ? {} : { keytab })
  await client.step(await server.step(await client.step('')))
  expect([client.username, client.contextComplete]).toEqual([server.username, true])
  return server.username
}

const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => `resolved to ${String(value)}`,
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  )

async function established(options: kerberos.InitializeClientOptions = {}) {
  const [client, server] = [await initializeClient(SERVICE, options), await initializeServer(SERVICE)]
  await client.step(await server.step(await client.step('')))
  return { client, server }
}

describe('the credentials of a client', () => {
  test('are those of the cache, or of the options', async () => {
    expect(await callerOf({})).toBe('alice@AD.TEST')
    expect(await callerOf({ ccache: `FILE:${at('alice')}` })).toBe('alice@AD.TEST')
    expect(await callerOf({ user: 'bob@AD.TEST', password: PASSWORD })).toBe('bob@AD.TEST')
    expect(await callerOf({ principal: 'bob', pass: PASSWORD })).toBe('bob@AD.TEST')
    expect(await callerOf({ keytab: at('api.keytab'), principal: 'api' })).toBe('api@AD.TEST')
    expect(await callerOf({ keytab: realm.keytabFor('api') })).toBe('api@AD.TEST')
    const client = createKdcClient({
      kdc: realm.transport,
      credentials: { principal: 'bob@AD.TEST', password: PASSWORD },
    })
    expect(await callerOf({ client })).toBe('bob@AD.TEST')
  })

  test('are those of the keytab for clients, where there is no cache', async () => {
    vi.stubEnv('KRB5CCNAME', `FILE:${at('nobody')}`)
    expect(await refusal(callerOf({}))).toMatch(/^GSS_S_NO_CRED: No credentials were supplied/)
    vi.stubEnv('KRB5_CLIENT_KTNAME', at('api.keytab'))
    expect(await callerOf({})).toBe('api@AD.TEST')
    vi.stubEnv('KRB5_CLIENT_KTNAME', at('nothing'))
    expect(await refusal(callerOf({}))).toMatch(/^KRB5_KT_NOTFOUND: /)
  })

  test('an empty password is none, as the driver of MongoDB gives it', async () => {
    expect(await callerOf({ user: 'alice@AD.TEST', password: '' })).toBe('alice@AD.TEST')
    expect(await callerOf({ user: 'alice', pass: '' })).toBe('alice@AD.TEST')
    expect(await callerOf({ user: 'bob@AD.TEST' })).toBe('alice@AD.TEST')
  })

  test('an empty password makes nobody act as this machine under another name', async () => {
    for (const typed of [{ password: '' }, { pass: '' }])
      for (const user of ['bob@AD.TEST', 'bob', 'alice@OTHER.TEST', 'ALICE'])
        expect(await refusal(callerOf({ user, ...typed }))).toMatch(
          new RegExp(`^GSS_S_NO_CRED: .*the password of ${user} is empty, and the credentials .* alice@AD.TEST$`),
        )
  })

  test('an empty password chooses none of several credentials of this machine by the name that was typed', async () => {
    vi.stubEnv('KRB5_CLIENT_KTNAME', at('api.keytab'))
    for (const typed of [{ password: '' }, { pass: '' }])
      for (const principal of ['api@AD.TEST', 'api'])
        expect(await refusal(callerOf({ principal, ...typed }))).toMatch(
          new RegExp(`^GSS_S_NO_CRED: .*the password of ${principal} is empty, and the credentials .* alice@AD.TEST$`),
        )
    expect(await callerOf({ principal: 'api' })).toBe('api@AD.TEST')
    expect(await callerOf({ principal: 'alice', password: '' })).toBe('alice@AD.TEST')
  })

  test('of another principal than the cache has are not used', async () => {
    expect(await refusal(callerOf({ ccache: `FILE:${at('alice')}`, principal: 'bob@AD.TEST' }))).toMatch(
      /^KRB5_CC_NOTFOUND: .*the credential cache is that of alice@AD.TEST, and bob@AD.TEST was asked for$/,
    )
  })

  test('cannot be two at once, nor a password without a name', async () => {
    const two = initializeClient(SERVICE, { keytab: at('web.keytab'), user: 'bob', password: PASSWORD })
    expect(await refusal(two)).toContain('the options name several credentials: keytab, password')
    expect(await refusal(initializeClient(SERVICE, { password: PASSWORD }))).toContain(
      'a password is given, and nobody whose it is',
    )
  })

  test('of one password are asked for at the KDC for each context', async () => {
    const user = { user: 'dora@AD.TEST', password: 'first' }
    await realm.addUser('dora', { password: 'first' })
    expect(await callerOf(user)).toBe('dora@AD.TEST')
    expect(await refusal(callerOf({ ...user, password: 'wrong' }))).toMatch(/^KDC_ERR_PREAUTH_FAILED: /)
    await realm.changePassword('dora', 'second')
    expect(await refusal(callerOf(user))).toMatch(/^KDC_ERR_PREAUTH_FAILED: /)
    expect(await callerOf({ ...user, password: 'second' })).toBe('dora@AD.TEST')
    await realm.change('dora', { disabled: true })
    expect(await refusal(callerOf({ ...user, password: 'second' }))).toMatch(/^KDC_ERR_CLIENT_REVOKED: /)
  })

  test('of one keytab serve all contexts with one sign-in, and end with its keys', async () => {
    const signIns = (): number => realm.exchanges.filter(({ kind }) => kind === 'AS').length
    writeFileSync(at('changing.keytab'), realm.keytabFile('api'))
    const before = signIns()
    for (let count = 0; count < 3; count++)
      expect(await callerOf({ keytab: at('changing.keytab') })).toBe('api@AD.TEST')
    expect(signIns() - before).toBeLessThanOrEqual(2)
    // The file is another account's now: nothing is made as the first one any more.
    writeFileSync(at('changing.keytab'), realm.keytabFile('web'))
    expect(await callerOf({ keytab: at('changing.keytab') })).toBe('web@AD.TEST')
    rmSync(at('changing.keytab'))
    expect(await refusal(callerOf({ keytab: at('changing.keytab') }))).toMatch(/^KRB5_KT_NOTFOUND: /)
  })
})

describe('impersonation', () => {
  const asAlice = async () => {
    const delegation = { principal: 'web', protocolTransition: true }
    using negotiator = createNegotiator({ keytab: at('web.keytab'), kdc: realm.transport, delegation })
    return (await negotiator.identityFor('alice@AD.TEST')).impersonate()
  }

  test('makes a context as the caller', async () => {
    const delegate = await asAlice()
    expect(await callerOf({ delegate }, 'HTTP@api.ad.test', at('api.keytab'))).toBe('alice@AD.TEST')
    expect(await refusal(callerOf({ delegate }, 'HTTP@other.ad.test'))).toContain('HTTP/other.ad.test')
  })

  test('by a text in the place of a password, which ends with the user that it stands for', async () => {
    const delegate = await asAlice()
    const password = kerberos.delegatedPassword(delegate)
    expect(password).toMatch(/^MEMORY:s4u-[0-9a-f-]{36}$/)
    expect(await callerOf({ user: 'alice@AD.TEST', password }, 'HTTP@api.ad.test', at('api.keytab'))).toBe(
      'alice@AD.TEST',
    )
    expect(await refusal(callerOf({ user: 'bob@AD.TEST', password }, 'HTTP@api.ad.test'))).toMatch(
      /^KRB_AP_ERR_BADMATCH: /,
    )
    expect(await refusal(callerOf({ user: 'alice@AD.TEST', password: `${password.slice(0, -1)}x` }))).toMatch(
      /^KRB5_FCC_NOFILE: /,
    )
    delegate[Symbol.dispose]()
    const late = await initializeClient('HTTP@api.ad.test', { user: 'alice@AD.TEST', password })
    expect(await refusal(late.step(''))).toMatch(/^GSS_S_NO_CONTEXT: /)
  })

  test('forwards no ticket-granting ticket, of which there is none', async () => {
    const client = await initializeClient('HTTP@api.ad.test', { delegate: await asAlice(), flags: 3 })
    expect(await refusal(client.step(''))).toContain('there is no ticket-granting ticket of the impersonated user')
  })
})

describe('a context', () => {
  test('forwards the user’s ticket-granting ticket with gssFlag, as with flags', async () => {
    const forwarding = kerberos.GSS_C_DELEG_FLAG | kerberos.GSS_C_MUTUAL_FLAG
    for (const options of [{ flags: forwarding }, { gssFlag: forwarding }]) {
      const client = await initializeClient(SERVICE, options)
      const server = await initializeServer(SERVICE, { forwardedTickets: 'use' })
      await server.step(await client.step(''))
      expect(server.identity?.evidence?.forwardedTgt?.client.name.nameString).toEqual(['alice'])
    }
    const { server } = await established()
    expect(server.identity?.evidence?.forwardedTgt).toBe(undefined)
  })

  test('wraps data, all of it, in both directions', async () => {
    const { client, server } = await established({ mechOID: kerberos.GSS_MECH_OID_SPNEGO })
    for (const [text, protect] of [
      ['a text of more than four octets', false],
      ['a secret', true],
      ['', false],
      ['x'.repeat(100_000), true],
    ] as const) {
      expect(await server.unwrap(await client.wrap(base64(text), { protect }))).toBe(base64(text))
      expect(server.responseConf).toBe(protect ? 1 : 0)
      expect(await client.unwrap(await server.wrap(base64(text), { protect }))).toBe(base64(text))
      expect([client.responseConf, client.response]).toEqual([protect ? 1 : 0, base64(text)])
    }
  })

  test('ends nothing when an offer is missing', async () => {
    const { client } = await established()
    expect(await refusal(client.wrap('', { user: 'alice@AD.TEST' }))).toMatch(
      /^GSS_S_DEFECTIVE_TOKEN: .*found 0 octets$/,
    )
    expect(await client.wrap('')).toMatch(/^[A-Za-z0-9+/]+=*$/)
  })

  test('of anonymous clients is refused, and so are flags and mechanisms that are none', async () => {
    expect(await refusal(initializeClient(SERVICE, { flags: 64 }))).toMatch(
      /^GSS_S_UNAVAILABLE: GSS_C_ANON_FLAG is set/,
    )
    expect(await refusal(initializeClient(SERVICE, { flags: 1.5 }))).toContain(
      'flags must be a sum of GSS_C_…_FLAG, not 1.5',
    )
    expect(await refusal(initializeClient(SERVICE, { mechOID: 5 }))).toMatch(/^GSS_S_BAD_MECH: mechOID must be/)
  })

  test('may be tried again while no KDC has answered', async () => {
    const down = vi
      .fn<typeof realm.transport>()
      .mockRejectedValueOnce(new Error('down'))
      .mockImplementation(realm.transport)
    const client = await initializeClient(SERVICE, { kdc: down, keytab: realm.keytabFor('api') })
    expect(await refusal(client.step(''))).toBe('undefined: down')
    expect(await client.step('')).toMatch(/^YII/)
  })
})

test('the module is one object with a default, as the native package is', async () => {
  expect(kerberos.default).toMatchObject({ initializeClient, initializeServer, Kerberos, GSS_C_MUTUAL_FLAG: 2 })
  expect(Object.keys(kerberos.default).sort()).toEqual(
    Object.keys(kerberos)
      .filter((name) => name !== 'default')
      .sort(),
  )
})

test('a name that is no option is refused, with the nearest right one', async () => {
  const options = { mechOid: 6 } as kerberos.InitializeClientOptions
  expect(await refusal(initializeClient(SERVICE, options))).toBe(
    'S4U_UNKNOWN_OPTION: initializeClient: "mechOid" is not an option; did you mean "mechOID"?',
  )
})

test('a server keeps the identity of its caller', async () => {
  const { server } = await established()
  expect([server.identity?.principal, server.identity?.realm]).toEqual(['alice@AD.TEST', 'AD.TEST'])
  expect(server.identity?.sid).toMatch(/^S-1-5-21-/)
})

describe('the API before 1.0', () => {
  /** Calls a method with a callback as its last argument. */
  const call = <T>(method: (callback: (error: Error | null, result?: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => method((error, result) => (error ? reject(error) : resolve(result as T))))
  const api = new Kerberos()

  async function pair(delegates = false) {
    const client = await call<kerberos.KerberosContext>((done) =>
      api.authGSSClientInit(SERVICE, Kerberos.GSS_C_MUTUAL_FLAG, done),
    )
    const server = await call<kerberos.KerberosContext>((done) => api.authGSSServerInit(SERVICE, delegates, done))
    expect(await call((done) => api.authGSSClientStep(client, done))).toBe(Kerberos.AUTH_GSS_CONTINUE)
    expect(await call((done) => api.authGSSServerStep(server, client.response ?? '', done))).toBe(
      Kerberos.AUTH_GSS_COMPLETE,
    )
    expect(await call((done) => api.authGSSClientStep(client, server.response ?? '', done))).toBe(
      Kerberos.AUTH_GSS_COMPLETE,
    )
    return { client, server }
  }

  test('makes both sides know each other, and forgets them', async () => {
    const { client, server } = await pair()
    expect([client.username, server.username, server.delegatedCredentialsCache]).toEqual([
      'alice@AD.TEST',
      'alice@AD.TEST',
      null,
    ])
    await call((done) => api.authGSSClientWrap(client, base64('hello'), done))
    expect(client.response).toMatch(/^BQQ/)
    await call((done) => api.authGSSServerClean(server, done))
    await call((done) => api.authGSSClientClean(client, done))
    expect([client.username, client.response, server.username]).toEqual([null, null, null])
    expect(await refusal(call((done) => api.authGSSClientStep(client, '', done)))).toBe(
      'GSS_S_NO_CONTEXT: the context was cleaned',
    )
  })

  test('acts as the caller, where the program asks for it', async () => {
    const { server } = await pair(true)
    const cache = server.delegatedCredentialsCache ?? ''
    expect(cache).toMatch(/^MEMORY:s4u-/)
    const acting = await call<kerberos.KerberosContext>((done) =>
      api.authGSSClientInit('HTTP@api.ad.test', 2, cache, done),
    )
    await call((done) => api.authGSSClientStep(acting, '', done))
    const backend = await initializeServer('HTTP@api.ad.test', { keytab: at('api.keytab') })
    await backend.step(acting.response ?? '')
    expect([backend.username, backend.identity?.delegatedBy]).toEqual(['alice@AD.TEST', [`${WEB}@AD.TEST`]])
  })

  test('says which names the keytab has, which are good, where it has not the one that was given', async () => {
    const keytab = at('api.keytab')
    for (const given of ['HTTP@other.ad.test', 'HTTP@api.ad.test@WEST.TEST', 'nfs']) {
      const error: unknown = await initializeServer(given, { keytab }).catch((reason: unknown) => reason)
      if (!(error instanceof kerberos.KerberosError)) throw error
      expect([error.code, error.message.includes('No key table entry found matching')]).toEqual([
        'KRB_AP_ERR_NOKEY',
        true,
      ])
      const [, name = ''] =
        /^Add the key of .* to the keytab, or give initializeServer a name that it has: (\S+)\.$/.exec(
          error.hint ?? '',
        ) ?? []
      expect(name).toBe('HTTP@api.ad.test')
      await initializeServer(name, { keytab })
    }
  })

  test('vouches for a user, without a token', async () => {
    const server = await call<kerberos.KerberosContext>((done) =>
      api.authGSSServerInit(SERVICE, true, 'bob@AD.TEST', done),
    )
    await call((done) => api.authGSSServerStep(server, '', done))
    expect(server.username).toBe('bob@AD.TEST')
    const cache = server.delegatedCredentialsCache ?? ''
    const acting = await call<kerberos.KerberosContext>((done) =>
      api.authGSSClientInit('HTTP@api.ad.test', 2, cache, done),
    )
    await call((done) => api.authGSSClientStep(acting, '', done))
    expect(acting.response).toMatch(/^YI/)
  })

  test('does not vouch for anybody unasked', () => {
    const wrong =
      (...rest: readonly unknown[]) =>
      () =>
        Reflect.apply(api.authGSSServerInit, api, [SERVICE, ...rest])
    const refused = 'S4U2Self protocol transition is not possible without enabling constrained delegation'
    expect(wrong('alice', () => {})).toThrow(refused)
    expect(wrong(false, 'alice', () => {})).toThrow(refused)
    expect(wrong(true, 5, () => {})).toThrow('parameter `username` must be a string.')
    expect(wrong(true)).toThrow('parameter `callback` must be a function.')
  })

  test('takes each context on its own side alone, and calls back with errors', async () => {
    const { client, server } = await pair()
    expect(await refusal(call((done) => api.authGSSServerStep(client, 'YWJj', done)))).toBe(
      'ERR_INVALID_ARG_TYPE: GSS context is not a server instance',
    )
    expect(await refusal(call((done) => api.authGSSClientUnwrap(server, 'YWJj', done)))).toBe(
      'ERR_INVALID_ARG_TYPE: GSS context is not a client instance',
    )
    expect(await refusal(call((done) => api.authGSSServerInit('nfs@web.ad.test', done)))).toMatch(
      /No key table entry found/,
    )
  })
})
