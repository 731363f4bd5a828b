import { accessCheck, createAcceptor } from '@s4u/acceptor'
import { authorizationFor, createFetch, runAs, serviceNameOf } from '@s4u/fetch'
import { createInitiator, tlsExporter, tlsServerEndPoint } from '@s4u/gssapi'
import { createKdcClient, evidenceFromS4u2self, parseUser } from '@s4u/kdc-client'
import { parseKrb5Conf, parsePrincipal, parseSpn, S4uError } from '@s4u/krb5'
import { createNegotiator, delegatedByGate, groupGate, writeAuditTo } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { corporation, Desktop, PASSWORD } from '../stories/fixtures/corporation.js'

/**
 * What programs without types hand over by mistake. None of it is a bare TypeError from somewhere
 * inside.
 */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const client = createKdcClient({
  kdc: realm.transport,
  credentials: { principal: 'alice@AD.TEST', password: PASSWORD },
})
const acceptor = createAcceptor({ keytab })
const negotiator = createNegotiator({
  keytab,
  kdc: realm.transport,
  delegation: { principal: 'web', protocolTransition: true },
})
const authorization = await new Desktop(realm, 'alice').authorization()
const outcome = await negotiator.authenticate({ headers: { authorization } })
if (outcome.status !== 'authenticated') throw new Error(outcome.status)
const { identity } = outcome
const as = identity.impersonate()

const odd: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 42],
  ['an object', {}],
  ['a list', []],
  ['a symbol', Symbol('x')],
]

type Call = (value: never) => unknown

const calls: Readonly<Record<string, Call>> = {
  parsePrincipal,
  parseSpn,
  parseUser: (value) => parseUser(value, 'AD.TEST'),
  parseKrb5Conf,
  createInitiator: (ticket) => createInitiator({ ticket, now: 0 }),
  tlsServerEndPoint,
  tlsExporter,
  evidenceFromS4u2self,
  serviceNameOf,
  'runAs(undefined, …)': (callback) => runAs(undefined, callback),
  accessCheck: (caller) => accessCheck('D:(A;;FR;;;WD)', 'FR', caller),
  'identity.accessCheck of a descriptor': (descriptor) => identity.accessCheck(descriptor, 'FR'),
  'identity.accessCheck of rights': (rights) => identity.accessCheck('D:(A;;FR;;;WD)', rights),
  'identity.isInGroup': (sid) => identity.isInGroup(sid),
  requireDelegatedBy: delegatedByGate,
  'requireDelegatedBy of names': (name) => delegatedByGate([name]),
  'requireGroup of SIDs': (sid) => groupGate(sid),
  writeAuditTo,
  'client.ticketFor': (spn) => client.ticketFor(spn),
  'client.s4u2self': (user) => client.s4u2self(user),
  'client.s4u2proxy of evidence': (evidence) => client.s4u2proxy(evidence, 'HTTP/api.ad.test'),
  'client.ticketAs': (grounds) => client.ticketAs(grounds, 'HTTP/api.ad.test'),
  'client.trusts': (name) => client.trusts(name),
  'acceptor.accept': (token) =>
    acceptor.accept(token).then((refused) => refused.status === 'refused' && Promise.reject(refused.error)),
  'acceptor.identify': (ticket) => acceptor.identify(ticket, 'asserted'),
  'negotiator.authenticate': (request) => negotiator.authenticate(request),
  'negotiator.identityFor': (user) => negotiator.identityFor(user),
  'negotiator.identityFor with a password': (user) => negotiator.identityFor({ user, password: 'x' }),
  'impersonation.ticketFor': (spn) => as.ticketFor(spn),
  'impersonation.contextFor': (spn) => as.contextFor(spn),
  'impersonation.explain': (spn) => as.explain(spn),
  authorizationFor: (url) => as.authorizationFor(url),
  'authorizationFor of nobody': (url) => authorizationFor(url),
  createFetch: (tickets) => createFetch(tickets),
  createKdcClient: (options) => createKdcClient(options),
  createAcceptor: (options) => createAcceptor(options),
}

/** Without options there are defaults, and a number is a mask. */
const fine = /^(createAcceptor nothing|identity\.accessCheck of rights a number)$/

for (const [name, call] of Object.entries(calls))
  test.each(odd)(`${name}, given %s, says what it is to be given`, async (what, value) => {
    const error: unknown = await Promise.resolve()
      .then(() => call(value as never))
      .then(
        () => 'taken',
        (reason: unknown) => reason,
      )
    if (fine.test(`${name} ${what}`) && error === 'taken') return
    expect(S4uError.is(error) ? 'an error of s4u' : String(error)).toBe('an error of s4u')
  })
