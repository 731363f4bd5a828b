import { createNegotiator, KdcUnreachableError, RejectedTokenError, S4uError } from '@s4u/negotiate'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { describe, expect, test } from 'vitest'
import { API, corporation, Desktop } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'
import { stacks, type Visit } from './fixtures/stacks.js'

/** KDCs that are away, and KDCs that lie. */

/**
 * What would pass without the option `kdcTimeLimit`, milliseconds. The machine may be slow, so
 * nothing shorter is measured.
 */
const DEFAULT_TIME_LIMIT = 10_000

const delegation = { principal: 'web', protocolTransition: true }
const ticketAsCaller = async ({ identity }: Visit): Promise<unknown> => {
  using caller = identity!.impersonate()
  try {
    const { client } = await caller.ticketFor(API)
    return { client: client.name.nameString.join('/') }
  } catch (error) {
    if (!S4uError.is(error)) throw error
    return { name: error.name, code: error.code, message: error.message }
  }
}

describe.each(stacks)('$name', (stack) => {
  test('knows its callers while the KDC is away, and says which addresses it tried to act for them', async () => {
    await using realm = await corporation()
    const closed = await closedPort()
    const options = { keytab: realm.keytabFor('web'), kdc: closed, kdcTimeLimit: 300, delegation }
    await using site = await serve(stack.build({ options, handle: ticketAsCaller }).listener)
    const authorization = await new Desktop(realm, 'alice').authorization()
    const begun = performance.now()
    const { status, body } = await site.get('/', { authorization })
    expect(performance.now() - begun).toBeLessThan(DEFAULT_TIME_LIMIT)
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ name: 'KdcUnreachableError' })
    expect(JSON.parse(body).message).toContain(closed)
  })
})

test('a KDC that takes requests and never answers costs no more than the time limit', async () => {
  await using realm = await corporation()
  await using silent = await silentServer()
  const options = { keytab: realm.keytabFor('web'), kdc: `tcp/${silent.address}`, kdcTimeLimit: 300, delegation }
  using negotiator = createNegotiator(options)
  const begun = performance.now()
  const error = await negotiator.identityFor('bob').catch((error: unknown) => error)
  expect(error).toBeInstanceOf(KdcUnreachableError)
  expect(String(error)).toContain(silent.address)
  expect(performance.now() - begun).toBeLessThan(DEFAULT_TIME_LIMIT)
})

describe('a KDC that lies about whom a ticket is for', () => {
  test('and does not know S4U, does not make the service its own user', async () => {
    await using realm = await corporation()
    using negotiator = createNegotiator({ keytab: realm.keytabFor('web'), kdc: realm.transport, delegation })
    realm.misbehave.ignoreS4u = true
    const error = await negotiator.identityFor('bob').catch((error: unknown) => error)
    expect(error).toBeInstanceOf(S4uError)
    expect(String(error)).toMatch(/bob/)
  })

  test.each(['wrongClient', 'wrongRealm', 'ignoreS4u', 'wrongService'] as const)(
    'and answers with %s, is not believed when the service acts for a caller',
    async (lie) => {
      await using realm = await corporation()
      using negotiator = createNegotiator({ keytab: realm.keytabFor('web'), kdc: realm.transport, delegation })
      const authorization = await new Desktop(realm, 'alice').authorization()
      const outcome = await negotiator.authenticate({ headers: { authorization } })
      if (outcome.status !== 'authenticated') throw new Error(outcome.status)
      using alice = outcome.identity.impersonate()
      realm.misbehave[lie] = true
      const error = await alice.ticketFor(API).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(S4uError)
      // What was refused is not remembered: an honest answer later is taken.
      realm.misbehave[lie] = false
      expect((await alice.ticketFor(API)).client.name.nameString).toEqual(['alice'])
    },
  )

  test.each(['wrongClient', 'wrongRealm'] as const)('and answers with %s, is not believed about bob', async (lie) => {
    await using realm = await corporation()
    using negotiator = createNegotiator({ keytab: realm.keytabFor('web'), kdc: realm.transport, delegation })
    await negotiator.identityFor('carol')
    realm.misbehave[lie] = true
    await expect(negotiator.identityFor('bob')).rejects.toBeInstanceOf(RejectedTokenError)
  })
})

async function closedPort(): Promise<string> {
  await using server = await silentServer()
  return server.address
}

async function silentServer(): Promise<{ readonly address: string } & AsyncDisposable> {
  const server: Server = createServer((socket) => void socket.resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const address = `127.0.0.1:${port}`
  return {
    address,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
