import { createFetch, type FetchEvent, type CreateFetchOptions } from '@s4u/fetch'
import { formatAuthorization, sealForwardedCredential } from '@s4u/gssapi'
import { createKdcClient, type KdcClient, KdcUnreachableError } from '@s4u/kdc-client'
import {
  type CallerIdentity,
  type ContextOptions,
  createNegotiator,
  IMPERSONATE_CHANNEL,
  type ImpersonateEvent,
  type Negotiator,
  type NegotiatorOptions,
  respond,
  writeHeaders,
} from '@s4u/negotiate'
import type { TestRealm } from '@s4u/test-kdc'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { API, corporation, Desktop, PASSWORD } from './fixtures/corporation.js'
import { serve, type Serving } from './fixtures/serve.js'

/**
 * How much of the user a backend gets is for its client to say: WCF's AllowedImpersonationLevel.
 */
const OTHER = 'HTTP/other.ad.test'

type Forward = NonNullable<CreateFetchOptions['forwardTgt']>

let realm: TestRealm
let backend: Negotiator
let site: Serving
let handle: (caller: CallerIdentity) => unknown

beforeEach(async () => {
  realm = await corporation(() => Date.now(), { okAsDelegate: true })
  backend = negotiatorOf('api')
  handle = ({ principal, impersonationLevel }) => ({ principal, impersonationLevel })
  site = await serve(async (request, response) => {
    const outcome = await backend.authenticate(request, { mode: 'optional' })
    if (outcome.status === 'challenge') return respond(response, outcome)
    writeHeaders(response, outcome.headers)
    response.end(JSON.stringify(outcome.status === 'authenticated' ? await handle(outcome.identity) : 'nobody'))
  })
})

afterEach(async () => {
  backend[Symbol.dispose]()
  await site[Symbol.asyncDispose]()
})

function negotiatorOf(principal: string, options: NegotiatorOptions = {}): Negotiator {
  const keytab = realm.keytabFor(principal)
  const delegation = { principal, forwardedTickets: 'use' } as const
  return createNegotiator({ keytab, kdc: realm.transport, now: () => realm.now, delegation, ...options })
}

/** A program that its user runs, with a password at hand. */
function clientOf(user: string): KdcClient {
  const credentials = { principal: user, password: PASSWORD }
  return createKdcClient({ realm: realm.realm, kdc: realm.transport, credentials, now: () => realm.now })
}

function fetchAs(client: KdcClient, options: Partial<CreateFetchOptions>) {
  return createFetch({
    ticketFor: (spn, request) => client.ticketFor(spn, request),
    serviceNames: { '127.0.0.1': API },
    origins: [site.url],
    now: () => realm.now,
    ...options,
  })
}

const forwardingOf =
  (client: KdcClient): Forward =>
  async (ticket, options) =>
    sealForwardedCredential(await client.tgtToForward(options), ticket.sessionKey)

describe('a fetch that allows', () => {
  const levelSeen = async (options: Partial<CreateFetchOptions>) =>
    (await fetchAs(clientOf('alice'), options)(site.url)).json()

  test('anonymous sends no identity', async () => {
    expect(await levelSeen({ allowedImpersonationLevel: 'anonymous' })).toBe('nobody')
  })

  test('identification lets the backend know the user, and do nothing in the user’s name', async () => {
    const alice = { principal: 'alice@AD.TEST', impersonationLevel: 'identification' }
    expect(await levelSeen({ allowedImpersonationLevel: 'identification' })).toEqual(alice)
  })

  test('delegation hands a ticket-granting ticket over, with which the backend goes where no list would let it', async () => {
    const client = clientOf('alice')
    const events: ImpersonateEvent[] = []
    const listen = (event: unknown) => void events.push(event as ImpersonateEvent)
    handle = async (caller) => {
      using alice = caller.impersonate()
      const ticket = await alice.ticketFor(OTHER)
      return [
        caller.impersonationLevel,
        caller.delegatedBy,
        ticket.client.name.nameString,
        ticket.service.name.nameString,
      ]
    }
    subscribe(IMPERSONATE_CHANNEL, listen)
    try {
      const call = (options: Partial<CreateFetchOptions>) => fetchAs(client, options)(site.url)
      const forwarding = { allowedImpersonationLevel: 'delegation', forwardTgt: forwardingOf(client) } as const
      const answer = await call(forwarding)
      expect(await answer.json()).toEqual(['delegation', [], ['alice'], ['HTTP', 'other.ad.test']])
      expect(events).toMatchObject([{ outcome: 'issued', user: 'alice@AD.TEST', target: OTHER, way: 'forwarded-tgt' }])
      handle = async (caller) => {
        using alice = caller.impersonate()
        return alice.ticketFor(OTHER).catch(({ name }: Error) => name)
      }
      expect(await (await call({})).json()).toBe('DelegationRefusedError')
    } finally {
      unsubscribe(IMPERSONATE_CHANNEL, listen)
    }
  })

  /** What the backend sees of whoever allows delegation, and what is told of it. */
  const delegating = async (user: string, options: Partial<CreateFetchOptions> = {}) => {
    const client = clientOf(user)
    const events: FetchEvent[] = []
    handle = ({ impersonationLevel, evidence }) => [
      impersonationLevel,
      evidence?.kind === 'ticket' && evidence.forwardedTgt !== undefined,
    ]
    const forwarding = { allowedImpersonationLevel: 'delegation', forwardTgt: forwardingOf(client) } as const
    const onEvent = (event: FetchEvent): void => void events.push(event)
    const answer = await fetchAs(client, { ...forwarding, onEvent, ...options })(site.url)
    const told = { origin: site.url, service: API, client: `${user}@AD.TEST` }
    return { seen: await answer.json(), notForwarded: events.filter(({ kind }) => kind === 'not-forwarded'), told }
  }

  test('delegation goes on at impersonation for a user who must not be delegated', async () => {
    const { seen, notForwarded, told } = await delegating('carol')
    expect(seen).toEqual(['impersonation', false])
    const why = { reason: 'user-not-delegable', code: 'KDC_ERR_BADOPTION' }
    expect(notForwarded).toEqual([{ kind: 'not-forwarded', ...told, ...why }])
  })

  test('delegation goes on without where there is nothing to forward', async () => {
    const { seen, notForwarded, told } = await delegating('alice', { forwardTgt: async () => undefined })
    expect(seen).toEqual(['delegation', false])
    expect(notForwarded).toEqual([{ kind: 'not-forwarded', ...told, reason: 'nothing-to-forward' }])
  })

  test('delegation still fails where the KDC cannot be asked, or something else is wrong', async () => {
    for (const error of [new KdcUnreachableError('AD.TEST', []), new TypeError('a fault of the app')])
      await expect(delegating('alice', { forwardTgt: () => Promise.reject(error) })).rejects.toBe(error)
  })

  test('delegation hands nothing to a service that the KDC does not call fit for it, unless the app says so', async () => {
    realm = await corporation(() => Date.now())
    backend = negotiatorOf('api')
    const forwardTgt = vi.fn(forwardingOf(clientOf('alice')))
    const { seen, notForwarded, told } = await delegating('alice', { forwardTgt })
    expect(seen).toEqual(['delegation', false])
    expect(notForwarded).toEqual([{ kind: 'not-forwarded', ...told, reason: 'service-not-trusted' }])
    expect(forwardTgt).not.toHaveBeenCalled()
    const anyway = await delegating('alice', { forwardTgt, okAsDelegate: 'ignore' })
    expect(anyway).toMatchObject({ seen: ['delegation', true], notForwarded: [] })
  })
})

describe('a context for another protocol that allows', () => {
  /** What the backend sees of alice, whom web acts as. */
  const seenThrough = async (context: ContextOptions, fetch: NegotiatorOptions['fetch'] = {}) => {
    using web = negotiatorOf('web', { fetch })
    const authorization = await new Desktop(realm, 'alice').authorization()
    const outcome = await web.authenticate({ headers: { authorization } })
    if (outcome.status !== 'authenticated') throw new Error(outcome.status)
    using alice = outcome.identity.impersonate()
    const { token } = await alice.contextFor(API, context)
    const accepted = await backend.authenticate({ headers: { authorization: formatAuthorization(token) } })
    if (accepted.status !== 'authenticated') throw new Error(accepted.status)
    const { principal, impersonationLevel, evidence } = accepted.identity
    const forwarded = evidence?.kind === 'ticket' && evidence.forwardedTgt !== undefined
    return [principal, impersonationLevel, forwarded]
  }

  test.each([
    ['identification', 'identification'],
    ['impersonation', 'delegation'],
  ] as const)('%s', async (allowedImpersonationLevel, level) => {
    expect(await seenThrough({ allowedImpersonationLevel })).toEqual(['alice@AD.TEST', level, false])
    expect(await seenThrough({}, { allowedImpersonationLevel })).toEqual(['alice@AD.TEST', level, false])
  })

  test('delegation forwards a ticket-granting ticket', async () => {
    const forwardTgt = forwardingOf(clientOf('alice'))
    const delegation = { allowedImpersonationLevel: 'delegation', forwardTgt } as const
    const all = ['alice@AD.TEST', 'delegation', true]
    expect(await seenThrough(delegation)).toEqual(all)
    expect(await seenThrough({}, { ...delegation, origins: ['https://api.ad.test'] })).toEqual(all)
    expect(await seenThrough({ allowedImpersonationLevel: 'delegation' }, { forwardTgt })).toEqual(all)
  })

  test('delegation is impersonation where the service or the user cannot be delegated', async () => {
    const nothing = ['alice@AD.TEST', 'delegation', false]
    const carols = forwardingOf(clientOf('carol'))
    expect(await seenThrough({ allowedImpersonationLevel: 'delegation', forwardTgt: carols })).toEqual(nothing)
    realm = await corporation(() => Date.now())
    backend = negotiatorOf('api')
    const forwardTgt = forwardingOf(clientOf('alice'))
    const delegation = { allowedImpersonationLevel: 'delegation', forwardTgt } as const
    expect(await seenThrough(delegation)).toEqual(nothing)
    expect(await seenThrough({ ...delegation, okAsDelegate: 'ignore' })).toEqual(['alice@AD.TEST', 'delegation', true])
    expect(await seenThrough(delegation, { okAsDelegate: 'ignore' })).toEqual(['alice@AD.TEST', 'delegation', true])
  })

  test.each([
    ['anonymous, which no context can be', 'anonymous'],
    ['delegation, with nothing to forward', 'delegation'],
    ['what is none', 'everything'],
  ])('%s, asks nobody for a ticket', async (_what, level) => {
    const options: object = { allowedImpersonationLevel: level }
    await expect(seenThrough(options)).rejects.toMatchObject({ name: 'ConfigurationError' })
    expect(realm.exchanges.filter(({ kind }) => kind === 'S4U2Proxy')).toEqual([])
  })

  test('the default of the app counts, and no flag makes more of identification', async () => {
    const options = { allowedImpersonationLevel: 'anonymous' } as const
    await expect(seenThrough({}, options)).rejects.toMatchObject({ code: 'GSS_S_NO_CRED' })
    const identified = { allowedImpersonationLevel: 'identification', identify: false } as const
    expect(await seenThrough(identified)).toEqual(['alice@AD.TEST', 'identification', false])
  })
})
