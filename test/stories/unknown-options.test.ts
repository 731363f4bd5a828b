/** A name that is no option would be a rule that silently does not apply. */

import { createAcceptor, MemoryReplayStore } from '@s4u/acceptor'
import { negotiate as negotiateExpress } from '@s4u/express'
import { errorHandler as errorHandlerFastify, negotiate as negotiateFastify } from '@s4u/fastify'
import { Connections, createFetch, createNegotiationFor, negotiateInterceptor } from '@s4u/fetch'
import { createInitiator } from '@s4u/gssapi'
import { errorHandler as errorHandlerHono, negotiate as negotiateHono } from '@s4u/hono'
import { createKdcClient } from '@s4u/kdc-client'
import { negotiate as negotiateKoa } from '@s4u/koa'
import { createNegotiator, writeAuditTo } from '@s4u/negotiate'
import { NegotiateStrategy } from '@s4u/passport'
import Fastify from 'fastify'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { corporation, PASSWORD } from './fixtures/corporation.js'

await using realm = await corporation()
const keytab = realm.keytabFor('web')
const ticketFor = (): Promise<never> => Promise.reject(new Error('not asked here'))
const credentials = { principal: 'web', keytab }

/** Options as JavaScript gives them, which no compiler has looked at. */
const wrong: [string, (options: never) => unknown, object, string][] = [
  ['createAcceptor', createAcceptor, { keytab, requirePAC: true }, 'requirePac'],
  ['MemoryReplayStore', (options) => new MemoryReplayStore(options), { maxEntires: 5 }, 'maxEntries'],
  ['negotiate', createNegotiator, { keytab, channelBindings: 'require' }, 'channelBinding'],
  ['negotiate', createNegotiator, { keytab, trustedRealm: ['A.TEST'] }, 'trustedRealms'],
  ['negotiate', createNegotiator, { keytab, allow: ['HTTP/api'] }, 'delegation.allow'],
  ['negotiate', createNegotiator, { keytab, delegation: { allowed: ['HTTP/api'] } }, 'delegation.allow'],
  ['negotiate', createNegotiator, { keytab, forwardedTickets: 'use' }, 'delegation.forwardedTickets'],
  ['negotiate', createNegotiator, { keytab, delegation: { forwardTickets: 'use' } }, 'delegation.forwardedTickets'],
  ['createKdcClient', createKdcClient, { credentials, mayfollow: () => true }, 'mayFollow'],
  ['negotiate', createNegotiator, { keytab, fetch: { origin: ['http://api'] } }, 'fetch.origins'],
  ['negotiate', createNegotiator, { keytab, session: { kind: 'cookie', secret: 'x'.repeat(32) } }, 'session.keys'],
  [
    'negotiate',
    createNegotiator,
    { keytab, ticketCache: { shared: { store: {}, key: '' } } },
    'ticketCache.shared.secret',
  ],
  ['negotiate: kdc', createNegotiator, { keytab, kdc: { timelimit: 5_000 } }, 'timeLimit'],
  ['negotiate', negotiateExpress, { keytab, mode: () => 'off', requirePAC: true }, 'requirePac'],
  ['negotiate', negotiateKoa, { keytab, mode: () => 'off', requirePAC: true }, 'requirePac'],
  ['negotiate', negotiateHono, { keytab, mode: () => 'off', requirePAC: true }, 'requirePac'],
  ['negotiate', (options) => new NegotiateStrategy(options), { keytab, requirePAC: true }, 'requirePac'],
  ['errorHandler', errorHandlerHono, { onerror: () => {} }, 'onError'],
  ['errorHandler', errorHandlerFastify, { onerror: () => {} }, 'onError'],
  ['createFetch', createFetch, { ticketFor, mutualAuthentification: 'off' }, 'mutualAuthentication'],
  ['createNegotiationFor', createNegotiationFor, { ticketFor, origin: [] }, 'origins'],
  ['negotiateInterceptor', negotiateInterceptor, { ticketFor, origins: [], ownagent: true }, 'ownAgent'],
  [
    'Connections',
    (options) => new Connections(options),
    { proxy: { url: 'http://p', servicenames: {} } },
    'proxy.serviceNames',
  ],
  ['createKdcClient', createKdcClient, { credentials, kdcs: '127.0.0.1' }, 'kdc'],
  ['createKdcClient', createKdcClient, { credentials: { ...credentials, pasword: 'x' } }, 'credentials.password'],
  ['createInitiator', createInitiator, { channelBinding: new Uint8Array(1) }, 'channelBindings'],
  ['writeAuditTo', (options) => writeAuditTo(new PassThrough(), options), { maxwait: 5 }, 'maxWaiting'],
]

test.each(wrong)('%s refuses a name that is none, and says which is meant (%#)', (owner, make, options, meant) => {
  expect(() => make(options as never)).toThrow(
    expect.objectContaining({
      code: 'S4U_UNKNOWN_OPTION',
      message: expect.stringMatching(new RegExp(`^${owner}: "[\\w.]+" is not an option; did you mean "${meant}"\\?$`)),
    }),
  )
})

test('Fastify refuses a name that is none when the plugin is loaded', async () => {
  const options: object = { keytab, mode: () => 'off', requirePAC: true }
  await expect(Promise.resolve(Fastify().register(negotiateFastify, options))).rejects.toMatchObject({
    code: 'S4U_UNKNOWN_OPTION',
    message: 'negotiate: "requirePAC" is not an option; did you mean "requirePac"?',
  })
})

test.each<[string, object]>([
  ['allowWeakEncryption must be true or false, not "false"', { allowWeakEncryption: 'false' }],
  ['allowAnonymous must be true or false, not "no"', { allowAnonymous: 'no' }],
  ['checkAddresses must be true or false, not 1', { checkAddresses: 1 }],
  ['trustedRealms must be a list of texts, not "PARTNER.TEST"', { trustedRealms: 'PARTNER.TEST' }],
  ['delegation.allow must be a list of texts, not "HTTP/api.ad.test"', { delegation: { allow: 'HTTP/api.ad.test' } }],
  ['fetch.origins must be a list of texts, not ', { fetch: { origins: 'http://api.ad.test' } }],
  ['session.secure must be true or false, not "false"', { session: { kind: 'cookie', secure: 'false' } }],
  ['corsPreflight must be true or false, not "true"', { corsPreflight: 'true' }],
  ['requirePac must be true, false or a list of realms, not "AD.TEST"', { requirePac: 'AD.TEST' }],
])('a text is neither a flag nor a list: %s', (message, options) => {
  expect(() => createNegotiator({ keytab, ...options })).toThrow(message)
})

test('a path in place of options is refused, and not shown', () => {
  for (const make of [createNegotiator, negotiateExpress, negotiateKoa, createAcceptor] as ((
    given: never,
  ) => unknown)[])
    expect(() => make('web.keytab' as never)).toThrow(/^\w+: the options must be an object, not a (string|list)$/)
})

test('options that are changed afterwards change nothing', () => {
  const services = ['HTTP/web.ad.test']
  using acceptor = createAcceptor({ keytab, service: services })
  const before = acceptor.principals
  services.push('HTTP/other.ad.test')
  expect(acceptor.principals).toEqual(before)
  const allow = ['HTTP/api.ad.test']
  const delegation = { principal: 'web', allow, protocolTransition: false }
  using negotiator = createNegotiator({ keytab, kdc: realm.transport, delegation })
  delegation.protocolTransition = true
  return expect(negotiator.identityFor('alice')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
})

test('what is said of one identity is a closed set of names too', async () => {
  using negotiator = createNegotiator({ keytab, kdc: realm.transport, delegation: { protocolTransition: true } })
  await expect(negotiator.identityFor('alice', { maxage: 0 } as object)).rejects.toMatchObject({
    code: 'S4U_UNKNOWN_OPTION',
    message: expect.stringContaining('did you mean "maxAge"?'),
  })
})

test('a polluted Object.prototype permits nothing', async () => {
  const polluted: object = Object.prototype
  Object.assign(polluted, { protocolTransition: true, allowWeakEncryption: true, forwardedTickets: 'use' })
  try {
    for (const delegation of [{ principal: 'web' }, undefined]) {
      using negotiator = createNegotiator({ keytab, kdc: realm.transport, ...(delegation && { delegation }) })
      await expect(negotiator.identityFor('alice')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
      const alice = await negotiator.identityFor({ user: 'alice', password: PASSWORD })
      expect(alice.evidence).toMatchObject({ kind: 'ticket', forwardedTgt: undefined })
    }
  } finally {
    Reflect.deleteProperty(polluted, 'protocolTransition')
    Reflect.deleteProperty(polluted, 'allowWeakEncryption')
    Reflect.deleteProperty(polluted, 'forwardedTickets')
  }
})
