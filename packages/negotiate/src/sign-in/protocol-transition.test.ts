import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Acceptor, Identity } from '@s4u/acceptor'
import {
  ConfigurationError,
  type KdcClient,
  MalformedTokenError,
  RejectedTokenError,
  shownInput,
} from '@s4u/kdc-client'
import { parsePrincipal } from '@s4u/krb5'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { DelegationOptions } from '../delegation/delegation-policy.js'
import { claimsWith, TICKET } from '../fixtures/identities.js'
import { IMPERSONATE_CHANNEL } from '../audit/impersonation-events.js'
import { identityByTransition } from './protocol-transition.js'
import type { IdentityForOptions } from './identity-for-options.js'

const sessionKey = { etype: 18 }
const alice = new Identity(claimsWith({ authenticationMethod: 'asserted' }))
const CERTIFICATE = { certificate: Uint8Array.of(0x30, 0) }

/**
 * A KDC that gives a ticket in the name `told`, and an acceptor that reads `identity` out of it.
 */
function directory({ told = 'alice@AD.TEST', identity = alice }: { told?: string; identity?: Identity } = {}) {
  const ticket = { client: parsePrincipal(told), service: parsePrincipal('HTTP/web.ad.test@AD.TEST'), ticket: TICKET }
  const s4u2self = vi.fn(async (..._: unknown[]) => ({ ...ticket, sessionKey }))
  const identify = vi.fn(async (..._: unknown[]) => identity)
  const client = { principal: 'svc-web@AD.TEST', realm: 'AD.TEST', s4u2self } as unknown as KdcClient
  const get = vi.fn(async () => client)
  const ask = (
    user: Parameters<typeof identityByTransition>[0],
    options: IdentityForOptions = {},
    delegation: DelegationOptions = { protocolTransition: true },
  ) =>
    identityByTransition(user, options, { acceptor: { identify } as unknown as Acceptor, client: { get }, delegation })
  return { s4u2self, identify, get, ask }
}

describe('a user whom the app has authenticated', () => {
  test('is asked of the directory, and read from the ticket of this very reply', async () => {
    const { ask, s4u2self, identify } = directory()
    expect(await ask('alice')).toBe(alice)
    expect(s4u2self.mock.calls).toStrictEqual([['alice', { maxAge: 300_000 }]])
    const expected = { client: 'alice@AD.TEST', service: 'svc-web@AD.TEST', sessionKey, requestedName: 'alice' }
    expect(identify.mock.calls).toStrictEqual([[TICKET, 'asserted', expected]])
  })

  test('is known by the method that the app names, or by what it gave', async () => {
    const { ask, identify } = directory()
    await ask('alice', { method: 'basic' })
    await ask(CERTIFICATE)
    await ask(CERTIFICATE, { method: 'smart card' })
    expect(identify.mock.calls.map(([, method]) => method)).toEqual(['basic', 'certificate', 'smart card'])
  })

  test.each<[IdentityForOptions, number]>([
    [{}, 300_000],
    [{ maxAge: 60_000 }, 60_000],
    [{ maxAge: 0 }, 0],
    [{ maxAge: Infinity }, Infinity],
    [{ fresh: false }, 300_000],
    [{ fresh: true }, 0],
    [{ fresh: true, maxAge: 60_000 }, 0],
  ])('with %j may be known by an answer of %i milliseconds ago', async (options, maxAge) => {
    const { ask, s4u2self } = directory()
    await ask('alice', options)
    expect(s4u2self).toHaveBeenCalledExactlyOnceWith('alice', { maxAge })
  })

  test('is not waited for when the app gives up', async () => {
    const { ask, s4u2self } = directory()
    const { signal } = new AbortController()
    await ask('alice', { signal })
    expect(s4u2self).toHaveBeenCalledExactlyOnceWith('alice', { maxAge: 300_000, signal })
  })

  test.each<[unknown, string]>([
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    ['5', shownInput('5')],
    [null, 'null'],
  ])('is not asked for with the age %j', async (maxAge, shown) => {
    const { ask, get } = directory()
    const refusal: unknown = await ask('alice', { maxAge } as IdentityForOptions).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(ConfigurationError)
    expect(refusal).toMatchObject({
      message: `identityFor: maxAge must be a number of milliseconds, and not ${shown}`,
      hint: 'Write { maxAge: 60_000 } for a minute, or { fresh: true } to ask the directory each time.',
    })
    expect(get).not.toHaveBeenCalled()
  })

  test('is not asked for with a word that is neither yes nor no', async () => {
    const refusal = directory().ask('alice', { fresh: 'yes' } as unknown as IdentityForOptions)
    await expect(refusal).rejects.toThrow(new ConfigurationError('identityFor: fresh must be true or false'))
  })
})

describe('whom the app does not vouch for', () => {
  const policy = { code: 'KDC_ERR_POLICY', status: 403 }
  const only = (...users: readonly string[]) => ({ protocolTransition: (user: string) => users.includes(user) })

  test.each<[string, string | typeof CERTIFICATE, DelegationOptions, string]>([
    ['nobody', 'alice', {}, 'alice'],
    ['somebody else', 'alice', only('bob'), 'alice'],
    ['no owner of a certificate', CERTIFICATE, {}, 'the owner of a certificate'],
  ])('is not asked of the directory, where it vouches for %s', async (_whom, user, delegation, name) => {
    const { ask, get } = directory()
    const message = `this app does not permit itself to impersonate ${name}, who presented no ticket`
    await expect(ask(user, {}, delegation)).rejects.toMatchObject({ ...policy, message })
    expect(get).not.toHaveBeenCalled()
  })

  test('is not let in by another name, or by a certificate', async () => {
    const message = 'this app does not permit itself to impersonate alice@AD.TEST, who presented no ticket'
    const { ask, identify } = directory()
    await expect(ask('boss', {}, only('boss'))).rejects.toMatchObject({ ...policy, message })
    await expect(ask(CERTIFICATE, {}, only('bob@AD.TEST'))).rejects.toMatchObject({ ...policy, message })
    expect(identify).toHaveBeenCalledTimes(2)
    expect(await ask('boss', {}, only('boss', 'alice@AD.TEST'))).toBe(alice)
    expect(await ask(CERTIFICATE, {}, only('alice@AD.TEST'))).toBe(alice)
    // The same name, as it stands: it is asked about once.
    expect(await ask('alice', {}, only('alice'))).toBe(alice)
    expect(await ask('alice@ad.test', {}, only('alice@ad.test'))).toBe(alice)
  })
})

test('what is wrong with a ticket that the KDC made is no fault of the user', async () => {
  const malformed = new MalformedTokenError({ path: 'Ticket', expected: 'a ticket', found: 'nothing' })
  const errors = [
    new RejectedTokenError('no', { code: 'KRB_AP_ERR_MODIFIED' }),
    malformed,
    new ConfigurationError('no'),
  ]
  const statuses = errors.map(({ status }) => status)
  expect(statuses).toEqual([401, 400, 500])
  for (const error of errors) {
    const { ask, identify } = directory()
    identify.mockRejectedValue(error)
    await expect(ask('alice')).rejects.toBe(error)
  }
  expect(errors.map(({ status }) => status)).toEqual([502, 502, 500])
})

describe('who listens', () => {
  const told: unknown[] = []
  const listener = (event: unknown): void => void told.push(event)
  beforeEach(() => void subscribe(IMPERSONATE_CHANNEL, listener))
  afterEach(() => {
    unsubscribe(IMPERSONATE_CHANNEL, listener)
    told.length = 0
  })

  test('is told who asked, and for whom: by the name of the ticket as soon as there is one', async () => {
    const { ask, s4u2self } = directory()
    await ask('boss')
    await ask(CERTIFICATE)
    s4u2self.mockRejectedValue(new Error('down'))
    await expect(ask('boss')).rejects.toThrow('down')
    await expect(ask(CERTIFICATE)).rejects.toThrow('down')
    await expect(ask(CERTIFICATE, {}, {})).rejects.toThrow('does not permit itself')
    const shared = { kind: 'impersonate', target: '', account: 'svc-web@AD.TEST' }
    expect(told).toMatchObject([
      { ...shared, outcome: 'issued', user: 'alice@AD.TEST' },
      { ...shared, outcome: 'issued', user: 'alice@AD.TEST' },
      { ...shared, outcome: 'failed', user: 'boss' },
      { ...shared, outcome: 'failed', user: '(certificate)' },
      { outcome: 'failed', user: '(certificate)', account: undefined, target: '' },
    ])
  })
})
