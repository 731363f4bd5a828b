import { type Acceptor, createAcceptor, type Identity } from '@s4u/acceptor'
import { ContextFlag, createInitiator, type InitiatorOptions, type SecurityContext } from '@s4u/gssapi'
import { createKdcClient, type ServiceTicket } from '@s4u/kdc-client'
import {
  createSaslClient,
  createSaslServer,
  type SaslClient,
  type SaslClientOptions,
  type SaslMechanism,
  type SaslProtection,
  type SaslServer,
  type SaslServerOptions,
  saslContextOptions,
} from '@s4u/sasl'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const SPN = 'imap/mail.ad.test'
const EVERY = ['none', 'integrity', 'confidentiality'] as const
const MECHANISMS = ['GSSAPI', 'GSS-SPNEGO'] as const
const NOTHING = new Uint8Array(0)

let realm: TestRealm
let acceptor: Acceptor
let ticket: ServiceTicket

beforeAll(async () => {
  realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'wonderland' } },
    services: { mail: { spns: [SPN] } },
  })
  acceptor = createAcceptor({ keytab: realm.keytabFor(SPN), service: SPN, channelBinding: 'allow' })
  const credentials = { principal: 'alice@AD.TEST', password: 'wonderland' }
  ticket = await createKdcClient({ kdc: realm.transport, credentials }).ticketFor(SPN)
})
afterAll(async () => {
  acceptor.close()
  await realm[Symbol.asyncDispose]()
})

type Wanted = SaslProtection | readonly SaslProtection[]

function clientOf(
  mechanism: SaslMechanism,
  protection: Wanted = 'confidentiality',
  { context = {}, ...options }: Partial<SaslClientOptions> & { context?: Partial<InitiatorOptions> } = {},
): SaslClient {
  const initiator = createInitiator({ ticket, now: Date.now, ...saslContextOptions(mechanism, protection), ...context })
  return createSaslClient({ mechanism, initiator, protection, ...options })
}

const serverOf = (
  mechanism: SaslMechanism,
  protection: Wanted = EVERY,
  options: Partial<SaslServerOptions<Identity>> = {},
): SaslServer<Identity> => createSaslServer({ mechanism, acceptor, protection, ...options })

/** The last steps of both sides. `onTheWay` may change what the server sends. */
async function signIn(
  client: SaslClient,
  server: SaslServer<Identity>,
  onTheWay: (challenge: Uint8Array, at: number) => Uint8Array = (challenge) => challenge,
) {
  let ours = client.step()
  for (let at = 0; ; at++) {
    const theirs = await server.step(ours.response)
    if (theirs.status === 'refused') return { ours, theirs }
    if (ours.status === 'complete') return { ours, theirs }
    ours = client.step(onTheWay(theirs.challenge ?? NOTHING, at))
    if (theirs.status === 'complete' && ours.response === undefined) return { ours, theirs }
  }
}

describe.each(MECHANISMS)('%s', (mechanism) => {
  test.each(EVERY)('both sides agree on %s, and messages pass in both directions', async (protection) => {
    const [client, server] = [clientOf(mechanism, protection), serverOf(mechanism)]
    const { theirs } = await signIn(client, server)
    if (theirs.status !== 'complete') throw new Error('the sign-in was not completed')
    expect(theirs.identity.principal).toBe('alice@AD.TEST')
    expect([client.protection, server.protection, theirs.protection]).toEqual([protection, protection, protection])
    for (const [one, other] of [
      [client, server],
      [server, client],
    ]) {
      const sent = one.wrap(Buffer.from('hello '.repeat(50_000)))
      expect(Buffer.from(sent).includes('hello')).toBe(protection !== 'confidentiality')
      expect(Buffer.from(other.unwrap(sent)).toString()).toBe('hello '.repeat(50_000))
    }
  })

  test('a server that wants more than the client is refused by it, or refuses it', async () => {
    const end = signIn(clientOf(mechanism, 'integrity'), serverOf(mechanism, 'confidentiality'))
    if (mechanism === 'GSSAPI')
      await expect(end).rejects.toMatchObject({
        code: 'GSS_S_BAD_QOP',
        message: 'the server offers confidentiality, not integrity',
      })
    else
      expect(await end).toMatchObject({
        theirs: { status: 'refused', error: { code: 'GSS_S_BAD_QOP' } },
      })
  })

  test('a server that does not prove itself gets no message', async () => {
    const client = clientOf(mechanism)
    client.step()
    expect(() => client.step(NOTHING)).toThrow('the service did not prove that it is the service')
    expect(() => client.wrap(NOTHING)).toThrow('the sign-in is not complete')
    expect(() => client.step(NOTHING)).toThrow('the sign-in has ended')
  })

  test('a context without mutual authentication is refused, whatever the server says', () => {
    const client = clientOf(mechanism, 'confidentiality', { context: { mutual: false } })
    client.step()
    expect(refusalOf(() => client.step(NOTHING))).toMatchObject({
      code: 'KRB_AP_ERR_MUT_FAIL',
      message: 'the server was not asked to prove itself',
    })
    expect(client.isComplete).toBe(false)
  })

  test('a context that does not keep the order of messages is refused', async () => {
    await expect(
      signIn(clientOf(mechanism, 'none', { context: { flags: ContextFlag.REPLAY } }), serverOf(mechanism)),
    ).rejects.toMatchObject({ name: 'ConfigurationError' })
  })

  test('a context of the other mechanism is refused by both sides', async () => {
    const framing = mechanism === 'GSSAPI' ? 'spnego' : 'krb5'
    expect(() => clientOf(mechanism, 'none', { context: { framing } })).toThrow(
      `framing: '${mechanism === 'GSSAPI' ? 'krb5' : 'spnego'}'`,
    )
    const { token } = createInitiator({ ticket, now: Date.now, framing })
    expect(await serverOf(mechanism).step(token)).toMatchObject({
      status: 'refused',
      error: { name: 'MalformedTokenError', path: 'SASL.first response' },
    })
  })

  test('octets that are no token are refused, and the server goes no further', async () => {
    const server = serverOf(mechanism)
    expect(await server.step(Buffer.from('alice'))).toMatchObject({
      status: 'refused',
      error: { name: 'MalformedTokenError' },
    })
    await expect(server.step(NOTHING)).rejects.toMatchObject({ code: 'GSS_S_NO_CONTEXT' })
  })

  test('a token that comes twice is refused', async () => {
    const { response = NOTHING } = clientOf(mechanism).step()
    await serverOf(mechanism).step(response)
    expect(await serverOf(mechanism).step(response)).toMatchObject({
      status: 'refused',
      error: { code: 'KRB_AP_ERR_REPEAT' },
    })
  })

  test('a context bound to another TLS connection is refused, and one to this is not', async () => {
    const [here, there] = [tlsBinding(1), tlsBinding(2)]
    const bound = { context: { channelBindings: here } }
    const at = (channelBindings: Uint8Array) => serverOf(mechanism, 'none', { acceptContext: { channelBindings } })
    expect(await signIn(clientOf(mechanism, 'none', bound), at(here))).toMatchObject({ theirs: { status: 'complete' } })
    expect(await signIn(clientOf(mechanism, 'none', bound), at(there))).toMatchObject({
      theirs: { status: 'refused', error: { code: 'GSS_S_BAD_BINDINGS' } },
    })
  })

  test('a protocol without an initial response asks for it with an empty challenge', async () => {
    const server = serverOf(mechanism)
    expect(await server.step()).toEqual({ status: 'continue', challenge: NOTHING })
    expect(await signIn(clientOf(mechanism), server)).toMatchObject({ theirs: { status: 'complete' } })
  })

  test('the keys protect no more than they may', async () => {
    const client = clientOf(mechanism, 'integrity', { rekeyAfter: 100 })
    await signIn(client, serverOf(mechanism))
    client.wrap(new Uint8Array(100))
    expect(client.layer?.isSpent).toBe(true)
    expect(() => client.wrap(new Uint8Array(1))).toThrow('the keys of this connection have protected 100 octets')
  })
})

function refusalOf(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}

function tlsBinding(octet: number): Uint8Array {
  return new Uint8Array(32).fill(octet)
}

test('a first challenge with something in it is refused', () => {
  expect(() => clientOf('GSSAPI').step(Uint8Array.of(1))).toThrow('SASL.first challenge: expected no octets')
})

describe('the offer of GSSAPI', () => {
  test('that was changed on the way is refused: nobody can weaken the choice', async () => {
    for (const octet of [16, 17, 18, 19]) {
      const weaken = (challenge: Uint8Array, at: number): Uint8Array =>
        at === 1 ? challenge.map((value, index) => (index === octet ? value ^ 1 : value)) : challenge
      await expect(signIn(clientOf('GSSAPI', EVERY), serverOf('GSSAPI'), weaken)).rejects.toMatchObject({
        name: 'RejectedTokenError',
        code: 'KRB_AP_ERR_MODIFIED',
      })
    }
  })

  test.each([
    ['nothing', []],
    ['three octets', [4, 0, 0]],
  ])('with %s in it is refused', async (_what, octets) => {
    const { client, context } = await untilOffer()
    const offer = context.wrap(Uint8Array.from(octets), { confidential: false })
    expect(() => client.step(offer)).toThrow('SASL.security layers: expected at least 4 octets')
  })

  test('of no known layer is refused', async () => {
    const { client, context } = await untilOffer()
    const offer = context.wrap(Uint8Array.of(0xf8, 1, 0, 0), { confidential: false })
    expect(() => client.step(offer)).toThrow('the server offers nothing, not confidentiality')
  })

  test('in clear text is refused', async () => {
    const { client } = await untilOffer()
    expect(() => client.step(Uint8Array.of(4, 0, 0xff, 0xff))).toThrow('per-message token.header')
  })

  /** A client that waits for the offer, and the server's context. */
  async function untilOffer(): Promise<{ client: SaslClient; context: SecurityContext }> {
    const client = clientOf('GSSAPI')
    const outcome = await acceptor.accept(client.step().response ?? NOTHING)
    if (outcome.status !== 'accepted') throw new Error('the token was not accepted')
    client.step(outcome.reply)
    return { client, context: outcome.context }
  }
})

describe('the choice of a client of GSSAPI', () => {
  const choose = async (
    octets: readonly number[],
    options: Partial<SaslServerOptions<Identity>> = {},
    context: Partial<InitiatorOptions> = {},
  ) => {
    const server = serverOf('GSSAPI', ['integrity', 'confidentiality'], options)
    const initiator = createInitiator({ ticket, now: Date.now, ...saslContextOptions('GSSAPI'), ...context })
    const first = await server.step(initiator.token)
    if (first.status !== 'continue') throw new Error('the server does not go on')
    const begun = initiator.step(first.challenge)
    if (begun.status !== 'established') throw new Error('the client does not go on')
    const offer = await server.step()
    if (offer.status !== 'continue') throw new Error('the server does not offer')
    expect([...begun.context.unwrap(offer.challenge)]).toEqual([6, 1, 0, 0])
    return server.step(begun.context.wrap(Uint8Array.from(octets), { confidential: false }))
  }
  const name = (text: string): number[] => [...Buffer.from(text)]

  test.each([
    ['nothing', [0, 1, 0, 0], { name: 'MalformedTokenError', path: 'SASL.choice' }],
    ['two layers', [6, 1, 0, 0], { name: 'MalformedTokenError', path: 'SASL.choice' }],
    ['a layer that was not offered', [1, 0, 0, 0], { code: 'GSS_S_BAD_QOP' }],
    ['no octets', [], { name: 'MalformedTokenError', path: 'SASL.security layers' }],
    ['messages into which nothing fits', [4, 0, 0, 10], { code: 'GSS_S_BAD_QOP' }],
    ['another identity', [4, 1, 0, 0, ...name('bob@AD.TEST')], { code: 'KDC_ERR_POLICY' }],
  ])('of %s is refused', async (_what, octets, error) => {
    expect(await choose(octets)).toMatchObject({ status: 'refused', error })
  })

  test('of a layer whose messages could be repeated on the way is refused', async () => {
    const { CONF, INTEG, REPLAY } = ContextFlag
    const error = { code: 'GSS_S_BAD_QOP', message: expect.stringContaining('order') }
    expect(await choose([4, 1, 0, 0], {}, { flags: CONF | INTEG | REPLAY })).toMatchObject({ status: 'refused', error })
    const { token } = createInitiator({ ticket, now: Date.now, flags: CONF | INTEG | REPLAY })
    expect(await serverOf('GSS-SPNEGO').step(token)).toMatchObject({ status: 'refused', error })
    const bare = createInitiator({ ticket, now: Date.now, flags: REPLAY })
    expect(await serverOf('GSS-SPNEGO', 'none').step(bare.token)).toMatchObject({ status: 'complete' })
  })

  test('of its own identity, or of one that a rule permits, is taken', async () => {
    const own = [4, 1, 0, 0, ...name('alice@AD.TEST')]
    expect(await choose(own)).toMatchObject({ status: 'complete', authorizationId: 'alice@AD.TEST' })
    const other = [4, 1, 0, 0, ...name('postmaster')]
    const mayActAs = ({ principal }: Identity, id: string): boolean =>
      `${principal} ${id}` === 'alice@AD.TEST postmaster'
    expect(await choose(other, { mayActAs })).toMatchObject({ status: 'complete', authorizationId: 'postmaster' })
  })

  test('is not permitted by a rule that answers later', async () => {
    const other = [4, 1, 0, 0, ...name('postmaster')]
    const mayActAs = Object(async () => true)
    expect(await choose(other, { mayActAs })).toMatchObject({ status: 'refused', error: { code: 'KDC_ERR_POLICY' } })
  })
})

test.each([
  [{ mechanism: 'PLAIN' }, 'mechanism must be one of GSSAPI, GSS-SPNEGO'],
  [{ protection: 'privacy' }, 'protection must be one of none, integrity, confidentiality'],
  [{ protection: [] }, 'protection must name a protection'],
  [{ maxOctets: 0 }, 'maxOctets must be a number of octets up to 16777215'],
  [{ maxOctets: 2 ** 24 }, 'maxOctets must be a number of octets up to 16777215'],
])('options %j are refused', (options, message) => {
  const initiator = createInitiator({ ticket, now: Date.now, framing: 'krb5' })
  expect(() => createSaslClient(Object({ mechanism: 'GSSAPI', initiator, ...options }))).toThrow(message)
  expect(() => createSaslServer(Object({ mechanism: 'GSSAPI', acceptor, ...options }))).toThrow(message)
})
