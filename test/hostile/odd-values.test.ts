/**
 * What is no such thing, in the place of what a call of `@s4u/fetch` or `@s4u/kdc-client` takes:
 * whoever wrote it is told so by an error of ours, with what to write, and nothing of the value is
 * in it.
 */
import {
  Connections,
  createAuthorizationFor,
  createFetch,
  createNegotiationFor,
  negotiateInterceptor,
  prepareFetch,
  runAs,
  serviceNameOf,
} from '@s4u/fetch'
import {
  chooseEvidence,
  createKdcClient,
  evidenceFromS4u2self,
  KdcUnreachableError,
  listCredentialCaches,
  openCredentialCache,
  parseUser,
  planDelegation,
  S4uError,
} from '@s4u/kdc-client'
import { expect, test } from 'vitest'
import { issueTicket, serviceNamed } from '../stories/kerberos-backend.js'

const SECRET = 'hunter2'
const odd: readonly unknown[] = [
  null,
  5,
  true,
  [SECRET],
  { secret: SECRET },
  () => SECRET,
  Symbol(SECRET),
  5n,
  new Map(),
]

const ticket = issueTicket(serviceNamed())
const evidence = evidenceFromS4u2self(ticket)
const ticketFor = async () => ticket
const kdc = async (): Promise<never> => {
  throw new KdcUnreachableError('AD.TEST', [])
}
const client = createKdcClient({ realm: 'AD.TEST', kdc, credentials: { principal: 'web', password: 'secret' } })
const call =
  (fn: unknown, ...args: readonly unknown[]) =>
  (value: unknown): unknown =>
    Reflect.apply(
      fn as () => unknown,
      undefined,
      args.map((one) => (one === HERE ? value : one)),
    )
/** Where the odd value stands. */
const HERE = Symbol('here')
const credentials = (given: object) => (value: unknown) =>
  createKdcClient({ realm: 'AD.TEST', kdc, credentials: replaced(given, value) as { keytab: string } })
const replaced = (given: object, value: unknown): object =>
  Object.fromEntries(Object.entries(given).map(([name, one]: [string, unknown]) => [name, one === HERE ? value : one]))

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
/** Nothing, and an object that says nothing, are options. */
const noOptions = (value: unknown): unknown => (value === null || value instanceof Map ? 5 : value)

const verified = async (answer: unknown): Promise<unknown> => {
  const { verify } = await createNegotiationFor({ ticketFor })('http://localhost/')
  return Reflect.apply(verify, undefined, [answer])
}
const answering = (options: object) =>
  createNegotiationFor({ ticketFor, origins: ['http://localhost'], ...options } as { ticketFor: typeof ticketFor })(
    'http://localhost/',
  )

const places: readonly (readonly [string, (value: unknown) => unknown])[] = [
  ['createFetch', call(createFetch, HERE)],
  ['prepareFetch', (value) => call(prepareFetch, HERE)(noOptions(value))],
  ['createNegotiationFor', call(createNegotiationFor, HERE)],
  ['createAuthorizationFor', call(createAuthorizationFor, HERE)],
  ['negotiateInterceptor', call(negotiateInterceptor, HERE)],
  ['new Connections', (value) => Reflect.construct(Connections, [noOptions(value)])],
  ['serviceNameOf', call(serviceNameOf, HERE)],
  ['serviceNames', (value) => answering({ serviceNames: isObject(value) ? { secret: 5 } : value })],
  ['the answer of ticketFor', (value) => answering({ ticketFor: () => value })],
  ['the answer of forwardTgt', (value) => answering({ ...DELEGATION, forwardTgt: () => value })],
  ['the answer of canonicalName', (value) => answering({ canonicalName: () => value })],
  ['the URL of negotiationFor', async (value) => call(createNegotiationFor({ ticketFor }), HERE)(value)],
  [
    'the service of negotiationFor',
    (value) => createNegotiationFor({ ticketFor })('https://api.ad.test/', { service: (value ?? 5) as string }),
  ],
  ['the answer to verify', verified],
  ['the challenge of verify', (value) => verified({ status: 200, challenge: value ?? 5 })],
  ['the callback of runAs', (value) => runAs(undefined, (typeof value === 'function' ? 5 : value) as () => void)],
  ['credentials', (value) => createKdcClient({ realm: 'AD.TEST', credentials: value as { keytab: string } })],
  ['credentials.principal', credentials({ principal: HERE, password: SECRET })],
  ['credentials.password', credentials({ principal: 'web', password: HERE })],
  ['credentials.keytab', credentials({ keytab: HERE })],
  ['credentials.ccache', (value) => credentials({ ccache: HERE })(value === true ? 5 : value)],
  ['credentials.tgt', credentials({ tgt: HERE })],
  ['ticketFor', call(client.ticketFor, HERE)],
  ['the signal of ticketFor', (value) => client.ticketFor('HTTP/a.b', { signal: value as AbortSignal })],
  [
    'the maxAge of ticketFor',
    (value) => client.ticketFor('HTTP/a.b', { maxAge: (value === 5 ? -1 : value) as number }),
  ],
  ['the userToUser of ticketFor', (value) => client.ticketFor('HTTP/a.b', replaced({ userToUser: HERE }, value))],
  ['the evidence of s4u2proxy', call(client.s4u2proxy, HERE, 'HTTP/a.b')],
  ['the service of s4u2proxy', call(client.s4u2proxy, evidence, HERE)],
  ['the ticket of ticketWith', call(client.ticketWith, HERE, 'HTTP/a.b')],
  ['the grounds of ticketAs', call(client.ticketAs, HERE, 'HTTP/a.b')],
  ['the evidence of ticketAs', (value) => call(client.ticketAs, { user: 'a', evidence: value }, 'HTTP/a.b')(value)],
  ['the name of openCredentialCache', call(openCredentialCache, HERE)],
  ['the name of listCredentialCaches', call(listCredentialCaches, HERE)],
  ['trusts', call(client.trusts, HERE)],
  ['explain', call(client.explain, HERE)],
  ['how', call(client.how, HERE)],
  ['parseUser', call(parseUser, HERE, 'AD.TEST')],
  ['evidenceFromS4u2self', call(evidenceFromS4u2self, HERE)],
  ['planDelegation', (value) => call(planDelegation, HERE, 0)(typeof value === 'object' ? null : value)],
  ['chooseEvidence', (value) => call(chooseEvidence, HERE, 0)(typeof value === 'object' ? null : value)],
]

const DELEGATION = { allowedImpersonationLevel: 'delegation', okAsDelegate: 'ignore' }

test.each(places)(
  'in the place of %s is refused by an error of ours, which shows nothing of it',
  async (_where, place) => {
    for (const value of odd) {
      const error: unknown = await Promise.resolve()
        .then(() => place(value))
        .then(
          () => new Error(`${typeof value} was taken`),
          (reason: unknown) => reason,
        )
      expect(error).toSatisfy(S4uError.is, `${String(error)} for ${typeof value}`)
      if (!S4uError.is(error)) continue
      expect(error.name).toMatch(/^(ConfigurationError|MissingKeyError|MalformedTokenError|RejectedTokenError)$/)
      expect(`${error.message} ${error.hint}`).not.toContain(SECRET)
    }
  },
)
