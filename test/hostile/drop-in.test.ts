import { checkPassword, initializeClient, initializeServer, KerberosError } from '@s4u/kerberos'
import { createKdcClient, type KdcTransport } from '@s4u/kdc-client'
import { decode, encode, TgsRep } from '@s4u/krb5'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { inspect } from 'node:util'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { corporation, PASSWORD, WEB } from '../stories/fixtures/corporation.js'

/** What attackers try through the API of npm `kerberos`. */

const SERVICE = 'HTTP@web.ad.test'
const TYPED = 'whatever is typed'
let realm: TestRealm
/** It has the names of the realm, and none of its keys. */
let impostor: TestRealm

beforeAll(async () => {
  realm = await corporation()
  const users = { alice: { password: TYPED } }
  impostor = await createTestRealm({ realm: 'AD.TEST', users, services: { web: { spns: [WEB] } } })
})
beforeEach(() => vi.stubEnv('KRB5_KTNAME', '/nonexistent/keytab'))
afterEach(() => vi.unstubAllEnvs())

const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing was refused',
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  )

describe('a KDC without our key', () => {
  const check = (kdc: KdcTransport, options = {}) =>
    checkPassword('alice', TYPED, WEB, 'AD.TEST', { kdc, keytab: realm.keytabFor('web'), ...options })

  test('a KDC without our key signs nobody in, whatever password it takes', async () => {
    expect(await refusal(check(impostor.transport))).toMatch(/^KRB_AP_ERR_(?:MODIFIED|BAD_INTEGRITY|BADKEYVER|NOKEY): /)
  })

  test('nor with a ticket of the right KDC that it has seen', async () => {
    const credentials = { principal: 'alice@AD.TEST', password: PASSWORD }
    const seen = await createKdcClient({ kdc: realm.transport, credentials }).ticketFor(WEB)
    const swapping: KdcTransport = async (request, context) => {
      const answer = await impostor.transport(request, context)
      if (answer[0] !== 0x6d) return answer
      const reply = decode(TgsRep, answer)
      return encode(TgsRep, reply.ticket.sname.nameString[0] === 'HTTP' ? { ...reply, ticket: seen.ticket } : reply)
    }
    expect(await refusal(check(swapping))).toMatch(/its session key is not the one that came with it/)
  })

  test('is not noticed where there is no key, which is told once, and refused where proof is demanded', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    expect(await check(impostor.transport, { keytab: undefined })).toBe(null)
    expect(String(warned.mock.calls[0]?.[0])).toContain('S4U_KDC_UNPROVEN: a password was checked, and nothing proves')
    warned.mockRestore()
    expect(await refusal(check(impostor.transport, { keytab: undefined, requireProof: true }))).toMatch(
      /^KRB_AP_ERR_NOKEY: the password cannot be believed, since nothing proves the KDC/,
    )
  })

  test('is not believed for a realm of its own, which a typed name can say', async () => {
    const users = { alice: { password: TYPED } }
    const evil = await createTestRealm({ realm: 'EVIL.TEST', users, services: {} })
    const kdc: KdcTransport = (request, context) =>
      (context.realm === 'EVIL.TEST' ? evil : realm).transport(request, context)
    const options = { kdc, keytab: realm.keytabFor('web') }
    for (const service of [WEB, 'nfs/elsewhere.ad.test'])
      expect(await refusal(checkPassword('alice@EVIL.TEST', TYPED, service, 'AD.TEST', options))).toMatch(
        /^KDC_ERR_S_PRINCIPAL_UNKNOWN: /,
      )
  })

  test('a keytab that the program names must be there', async () => {
    const refused = await refusal(check(realm.transport, { keytab: '/nonexistent/keytab' }))
    expect(refused).toBe('KRB5_KT_NOTFOUND: the keytab /nonexistent/keytab does not exist')
  })

  test('the KDC of the realm proves itself, by the key of the service or by another of the keytab', async () => {
    const keytab = realm.keytabFor('web')
    const options = { kdc: realm.transport, keytab, requireProof: true }
    expect(await checkPassword('alice', PASSWORD, WEB, 'AD.TEST', options)).toBe(null)
    expect(await checkPassword('alice', PASSWORD, 'nfs/elsewhere.ad.test', 'AD.TEST', options)).toBe(null)
  })
})

describe('a service that is another one', () => {
  const client = () => initializeClient(SERVICE, { kdc: realm.transport, user: 'alice@AD.TEST', password: PASSWORD })
  const server = () => initializeServer(SERVICE, { keytab: realm.keytabFor('web') })

  test.each([
    ['says nothing', ''],
    ['says what is no token', 'YWJj'],
  ])('%s: the context is never complete, and each further step is refused', async (_what, answer) => {
    const asking = await client()
    await asking.step('')
    const first = await refusal(asking.step(answer))
    expect(first).toMatch(/^(?:KRB_AP_ERR_MUT_FAIL|GSS_S_DEFECTIVE_TOKEN): /)
    const right = await (await server()).step(await (await client()).step(''))
    expect(await refusal(asking.step(right))).toBe(first)
    expect([asking.contextComplete, asking.username]).toEqual([false, null])
  })

  test('the answer to another client proves nothing', async () => {
    const [one, other] = [await client(), await client()]
    await one.step('')
    const answer = await (await server()).step(await other.step(''))
    expect(await refusal(one.step(answer))).toMatch(/^KRB_AP_ERR_(?:MUT_FAIL|MODIFIED|BAD_INTEGRITY): /)
  })
})

describe('a message that is signed and not sealed', () => {
  test('is never taken for a sealed one', async () => {
    const client = await initializeClient(SERVICE, { kdc: realm.transport, user: 'alice@AD.TEST', password: PASSWORD })
    const server = await initializeServer(SERVICE, { keytab: realm.keytabFor('web') })
    await client.step(await server.step(await client.step('')))
    const secret = Buffer.from('a secret').toString('base64')
    expect(await client.unwrap(await server.wrap(secret, { protect: true }))).toBe(secret)
    expect(client.responseConf).toBe(1)
    expect(await refusal(client.unwrap('YWJj'))).toMatch(/^GSS_S_DEFECTIVE_TOKEN: /)
    expect(client.responseConf).toBe(0)
    const open = await server.wrap(secret)
    expect(await refusal(client.unwrap(open, { protect: true }))).toMatch(
      /^KRB_AP_ERR_INAPP_CKSUM: .*signed but not sealed/,
    )
    expect(client.responseConf).toBe(0)
    expect(await client.unwrap(open)).toBe(secret)
    expect(client.responseConf).toBe(0)
    expect(await refusal(client.unwrap(open))).toMatch(/^KRB_AP_ERR_REPEAT: /)
  })
})

test('a source of tickets that supplies another user is refused', async () => {
  const bob = createKdcClient({ kdc: realm.transport, credentials: { principal: 'bob@AD.TEST', password: PASSWORD } })
  const delegate = { principal: 'alice@AD.TEST', ticketFor: (spn: string) => bob.ticketFor(spn) }
  const client = await initializeClient(SERVICE, { delegate })
  expect(await refusal(client.step(''))).toBe(
    'KRB_AP_ERR_BADMATCH: Unspecified GSS failure.  Minor code may provide more information: a ticket of alice@AD.TEST was asked for, and it is one of bob@AD.TEST',
  )
  expect(client.contextComplete).toBe(false)
})

test('no error and nothing that is printed shows a password', async () => {
  const secret = 'correct horse battery'
  const failures = await Promise.all([
    checkPassword('alice', secret, WEB, 'AD.TEST', { kdc: realm.transport }).catch((error: unknown) => error),
    initializeClient(SERVICE, { kdc: realm.transport, user: 'alice@AD.TEST', password: secret })
      .then((client) => client.step(''))
      .catch((error: unknown) => error),
    initializeClient(SERVICE, { password: secret }).catch((error: unknown) => error),
    initializeClient(SERVICE, { user: 'alice', password: secret, keytab: secret }).catch((error: unknown) => error),
    initializeServer(SERVICE, { keytab: secret }).catch((error: unknown) => error),
    initializeClient(secret).catch((error: unknown) => error),
  ])
  const client = await initializeClient(SERVICE, { kdc: realm.transport, user: 'alice@AD.TEST', password: secret })
  for (const shown of [...failures, client]) {
    expect(inspect(shown, { depth: 9, showHidden: true })).not.toContain(secret)
    expect(String(shown)).not.toContain(secret)
  }
  expect(failures.filter((one) => one instanceof KerberosError).length).toBeGreaterThan(2)
})
