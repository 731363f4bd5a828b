import { createAcceptor } from '@s4u/acceptor'
import { createSaslClient, createSaslServer, type SaslProtection, saslContextOptions } from '@s4u/sasl'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeRealms } from '../../realms/suite.js'
import { type Conversation, converse } from '../sign-on/conversation.js'
import { type CallerRealm, openCallerRealm } from './caller-realm.js'

/**
 * SASL with MIT's library on the other side, by python-gssapi; as a caller of ours, and as its
 * server.
 */
const SPN = 'imap/mail.ad.test'
const BITS = { none: 1, integrity: 2, confidentiality: 4 } as const
const EVERY = ['none', 'integrity', 'confidentiality'] as const
const MECHANISMS = ['GSSAPI', 'GSS-SPNEGO'] as const
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const text = (octets: Uint8Array): string => Buffer.from(octets).toString()

await describeRealms('SASL with MIT', ['python-gssapi'], () => {
  let site: CallerRealm
  beforeAll(async () => {
    site = await openCallerRealm([SPN])
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  const server = (mechanism: string, offer: number, size: number): Conversation =>
    converse('/usr/bin/python3', [beside('sasl-server.py'), mechanism, `${offer}`, `${size}`], site.environmentOf(SPN))

  async function clientOf(
    mechanism: 'GSSAPI' | 'GSS-SPNEGO',
    protection: SaslProtection | readonly SaslProtection[],
    more: object = {},
  ) {
    using alice = await site.as('alice')
    const initiator = await alice.contextFor(SPN, saslContextOptions(mechanism, protection))
    return createSaslClient({ mechanism, initiator, protection, ...more })
  }

  type Client = Awaited<ReturnType<typeof clientOf>>

  /** Both sides up to the end. Resolves to what the server says of it. */
  async function signIn(client: Client, peer: Conversation): Promise<string> {
    for (let step = client.step(); ; step = client.step(await peer.receive())) {
      if (step.response !== undefined) peer.send(step.response.length === 0 ? undefined : step.response)
      if (step.status === 'complete') return peer.receiveLine()
    }
  }

  describe.each(MECHANISMS)('%s', (mechanism) => {
    test.each(EVERY)('signs in as the caller with %s, and messages pass', async (protection) => {
      await using peer = server(mechanism, 7, 0x1_0000)
      const client = await clientOf(mechanism, protection)
      const size = mechanism === 'GSSAPI' && protection !== 'none' ? 65536 : 0
      expect((await signIn(client, peer)).trim()).toBe(`done alice@AD.TEST ${BITS[protection]} ${size}`)
      for (const message of ['hello', 'x'.repeat(60_000)]) {
        peer.send(client.wrap(Buffer.from(message)))
        expect(text(client.unwrap((await peer.receive()) ?? new Uint8Array(0)))).toBe(message)
      }
    })

    // MIT's library asks for encryption in every context, which is the layer of GSS-SPNEGO.
    const choices = mechanism === 'GSSAPI' ? EVERY : (['confidentiality'] as const)
    test.each(choices)('signs MIT in with %s, and messages pass', async (protection) => {
      await using peer = await mitClient(mechanism, BITS[protection])
      using acceptor = createAcceptor({ keytab: site.realm.keytabFor(SPN), service: SPN })
      const ours = createSaslServer({ mechanism, acceptor, protection: EVERY })
      let token = await peer.receive()
      for (;;) {
        const step = await ours.step(token)
        if (step.status === 'refused') throw step.error
        if (step.status === 'complete') {
          expect(step.identity.principal).toBe('alice@AD.TEST')
          expect(step.protection).toBe(protection)
          if (step.challenge !== undefined) peer.send(step.challenge)
          break
        }
        peer.send(step.challenge.length === 0 ? undefined : step.challenge)
        const line = await peer.receiveLine()
        const offer = /^offer (.*)$/.exec(line)?.[1]
        if (offer !== undefined) expect(offer).toBe('7 65536')
        const next = offer === undefined ? line : await peer.receiveLine()
        token = next === '-' ? undefined : Buffer.from(next, 'base64')
      }
      peer.sendLine('ok')
      const question = ours.unwrap((await peer.receive()) ?? new Uint8Array(0))
      expect(text(question)).toBe('hello')
      peer.send(ours.wrap(Buffer.from('hello yourself')))
      expect(await peer.receiveLine()).toBe('back hello yourself')
    })
  })

  async function mitClient(mechanism: string, choice: number): Promise<Conversation> {
    const environment = { ...site.environmentOf(SPN), ...(await site.ticketOf('alice', SPN)) }
    const args = [beside('sasl-client.py'), SPN.replace('/', '@'), mechanism, `${choice}`, '65536', '', 'hello']
    return converse('/usr/bin/python3', args, environment)
  }

  test('the best of several protections that the server offers is used', async () => {
    await using peer = server('GSSAPI', 3, 0x1_0000)
    const client = await clientOf('GSSAPI', ['confidentiality', 'integrity', 'none'])
    expect(await signIn(client, peer)).toContain('done alice@AD.TEST 2 65536')
    expect(client.protection).toBe('integrity')
  })

  test('a server that does not encrypt gets no answer where encryption is wanted', async () => {
    for (const offer of [1, 2, 3]) {
      await using peer = server('GSSAPI', offer, 0x1_0000)
      const client = await clientOf('GSSAPI', 'confidentiality')
      await expect(signIn(client, peer)).rejects.toMatchObject({ name: 'RejectedTokenError', code: 'GSS_S_BAD_QOP' })
    }
  })

  test('messages are cut to the size that the server takes, to the octet', async () => {
    for (const size of [61, 100, 4096]) {
      await using peer = server('GSSAPI', 4, size)
      const client = await clientOf('GSSAPI', 'confidentiality')
      await signIn(client, peer)
      const message = new Uint8Array(2_000).fill(7)
      const frames = client.wrap(message)
      expect(Math.max(...lengthsOf(frames))).toBe(Math.min(size, 2_000 + 60))
      peer.send(frames)
      expect(new Uint8Array(client.unwrap((await peer.receive()) ?? new Uint8Array(0)))).toEqual(message)
    }
  })

  test('a size into which no data fit is refused', async () => {
    await using peer = server('GSSAPI', 4, 60)
    const client = await clientOf('GSSAPI', 'confidentiality')
    await expect(signIn(client, peer)).rejects.toMatchObject({ code: 'GSS_S_BAD_QOP', status: 502 })
  })

  test('as whom the caller wants to act is said to the server', async () => {
    await using peer = server('GSSAPI', 1, 0)
    const client = await clientOf('GSSAPI', 'none', { authorizationId: 'bob' })
    expect(await signIn(client, peer)).toBe('done alice@AD.TEST 1 0 bob')
  })
})

function lengthsOf(frames: Uint8Array): number[] {
  const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength)
  const lengths: number[] = []
  for (let at = 0; at < frames.length; at += 4 + lengths[lengths.length - 1]) lengths.push(view.getUint32(at))
  return lengths
}
