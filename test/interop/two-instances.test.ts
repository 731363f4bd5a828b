import { createInitiator } from '@s4u/gssapi'
import { createKdcClient, KDC_CHANNEL, type KdcEvent, type ServiceTicket } from '@s4u/kdc-client'
import { createNegotiator, type CallerIdentity, type Negotiator } from '@s4u/negotiate'
import { redisEpochs, redisReplayStore, redisTicketStore } from '@s4u/redis'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { type OpenClient, openClient } from '../stores/redis-clients.js'
import { type RedisProcess, startRedis } from '../stores/redis-servers.js'

/** Instances of one service on Samba, which share a Redis, each through a client of its own. */
await describeRealms('instances that share a Redis', ['CORP', 'redis'], (info) => {
  const { kdc, users, services } = realmOf(info, 'CORP')
  const { web, api } = services
  const kdcAddress = `${kdc.host}:${kdc.port}`
  let redis: RedisProcess
  let ticket: ServiceTicket
  const clients: OpenClient[] = []
  const negotiators: Negotiator[] = []
  let proxied = 0
  const count = (message: unknown): void => {
    const { step, user }: Partial<KdcEvent> = Object(message)
    if (step === 'S4U2Proxy' && user === users.alice.principal) proxied++
  }

  beforeAll(async () => {
    redis = await startRedis({ host: `${info.block}.79`, port: 6379 })
    // A server that has just started may have forgotten tokens that are older than it is.
    await using opened = await openClient('ioredis', redis)
    await redisReplayStore(opened.client, { timeLimit: 1_500 }).ready()
    subscribe(KDC_CHANNEL, count)
  })
  afterAll(async () => {
    unsubscribe(KDC_CHANNEL, count)
    await redis?.[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    const { principal, password } = users.alice
    const own = createKdcClient({ kdc: kdcAddress, credentials: { principal, password } })
    // Another one for each test: it is the evidence, and part of the name of every ticket.
    ticket = await own.ticketFor(web.spn)
    proxied = 0
  })
  afterEach(async () => {
    for (const negotiator of negotiators.splice(0)) negotiator[Symbol.dispose]()
    for (const client of clients.splice(0)) await client[Symbol.asyncDispose]()
  })

  async function instance(library: 'redis' | 'ioredis' = 'redis') {
    const opened = await openClient(library, redis)
    clients.push(opened)
    const { client } = opened
    const failed: string[] = []
    const { isRevoked, end } = redisEpochs(client, { secret: 'x'.repeat(32) })
    const negotiator = createNegotiator({
      keytab: web.keytab,
      replayCache: redisReplayStore(client, { timeLimit: 1_500 }),
      session: { kind: 'cookie', keys: ['of all instances, and no other app'], secure: false, isRevoked },
      delegation: { principal: web.principal },
      kdc: { kdc: kdcAddress, cache: { shared: ticketsOn(client) } },
      onFailed: ({ error }) => void failed.push(error.code),
    })
    negotiators.push(negotiator)
    return { negotiator, failed, end }
  }

  /**
   * The promise is one exchange at a time for as long as a lease lives and the store answers. A
   * minute for both is more than a busy machine takes.
   */
  const ticketsOn = (client: OpenClient['client']) => ({
    store: redisTicketStore(client, { timeLimit: 1_500 }),
    secret: 'x'.repeat(32),
    leaseFor: 60_000,
  })

  const authorization = (): string => createInitiator({ ticket, now: Date.now }).authorization

  async function callerAt({ negotiator }: { negotiator: Negotiator }, headers: Record<string, string>) {
    const outcome = await negotiator.authenticate({ headers })
    if (outcome.status !== 'authenticated') throw new Error(`not let in: ${outcome.status}`)
    return outcome
  }

  async function delegatedTicket(identity: CallerIdentity): Promise<ServiceTicket> {
    const caller = identity.impersonate()
    try {
      return await caller.ticketFor(api.spn)
    } finally {
      caller[Symbol.dispose]()
    }
  }

  test('a token that one of them has accepted is a replay to the other', async () => {
    const [one, other] = [await instance('redis'), await instance('ioredis')]
    const captured = { authorization: authorization() }
    await callerAt(one, captured)
    expect(await other.negotiator.authenticate({ headers: captured })).toMatchObject({ statusCode: 401 })
    expect(other.failed).toEqual(['KRB_AP_ERR_REPEAT'])
    expect((await callerAt(other, { authorization: authorization() })).identity.principal).toBe(users.alice.principal)
  })

  test('a ticket that one of them got from the KDC is used by the other', async () => {
    const [one, other] = [await instance('redis'), await instance('ioredis')]
    const first = await delegatedTicket((await callerAt(one, { authorization: authorization() })).identity)
    expect(proxied).toBe(1)
    const second = await delegatedTicket((await callerAt(other, { authorization: authorization() })).identity)
    expect(proxied).toBe(1)
    expect(Buffer.compare(first.ticket.encPart.cipher, second.ticket.encPart.cipher)).toBe(0)
  })

  test('five that start at the same time ask the KDC once for a user and a target', async () => {
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => instance()))
    const callers = await Promise.all(all.map((one) => callerAt(one, { authorization: authorization() })))
    const tickets = await Promise.all(callers.map(({ identity }) => delegatedTicket(identity)))
    expect(proxied).toBe(1)
    expect(new Set(tickets.map(({ ticket: { encPart } }) => Buffer.from(encPart.cipher).toString('hex'))).size).toBe(1)
  })

  test('a session of one is a session of the other, until one ends it for all', async () => {
    const [one, other] = [await instance('ioredis'), await instance('redis')]
    const { headers } = await callerAt(one, { authorization: authorization() })
    const set = headers['Set-Cookie'] ?? []
    const cookie = (typeof set === 'string' ? [set] : set).map((line) => line.split(';')[0]).join('; ')
    expect((await callerAt(other, { cookie })).identity.principal).toBe(users.alice.principal)
    await one.end({ principal: users.alice.principal })
    expect(await other.negotiator.authenticate({ headers: { cookie } })).toMatchObject({ statusCode: 401 })
    expect(other.failed).toEqual(['S4U_SESSION_REVOKED'])
  })

  test('without Redis nobody is let in by a token, and who is in acts on with tickets of the KDC', async () => {
    const one = await instance()
    const { identity } = await callerAt(one, { authorization: authorization() })
    await redis.kill()
    expect(await one.negotiator.authenticate({ headers: { authorization: authorization() } })).toMatchObject({
      statusCode: 503,
    })
    expect(one.failed).toEqual(['S4U_REPLAY_STORE_DOWN'])
    await delegatedTicket(identity)
    expect(proxied).toBe(1)
    await redis.restart()
    await expect
      .poll(async () => (await one.negotiator.authenticate({ headers: { authorization: authorization() } })).status, {
        timeout: 15_000,
        interval: 200,
      })
      .toBe('authenticated')
  })
})
