import { createAcceptor } from '@s4u/acceptor'
import { createSaslClient, createSaslServer, type SaslProtection, saslContextOptions } from '@s4u/sasl'
import { hostname } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../../realms/suite.js'
import { type Conversation, converse } from '../sign-on/conversation.js'
import { type CallerRealm, openCallerRealm } from './caller-realm.js'

/**
 * SASL with the library of Cyrus on the other side, by its two sample programs: each line is `S: `
 * or `C: ` and base64, and what else they print is about it.
 */
const HOST = hostname().toLowerCase()
/** The name that the sample server takes is that of this machine. */
const SPN = `imap/${HOST}`
/** What the programs send, as C keeps a text. */
const [QUESTION, ANSWER] = ['srv message 1\0', 'client message 1\0']
/** How much a layer protects, as the library counts: 1 is integrity. */
const STRENGTHS = { none: '0,max=0', integrity: '1,max=1', confidentiality: '2,max=256' } as const
const PROTECTIONS = ['none', 'integrity', 'confidentiality'] as const
const bytes = (text: string): Uint8Array => Buffer.from(text)

await describeRealms('SASL with Cyrus', ['cyrus-sasl'], () => {
  let site: CallerRealm
  beforeAll(async () => {
    site = await openCallerRealm([SPN])
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  const options = (protection: SaslProtection): string[] => [
    ...['-b', `min=${STRENGTHS[protection]}`, '-m', 'GSSAPI', '-s', 'imap'],
  ]

  /** The next line of a program that begins so, without that. */
  async function lineOf(peer: Conversation, start: string): Promise<string> {
    for (;;) {
      const line = await peer.receiveLine()
      if (line.startsWith(start)) return line.slice(start.length).replace(/'$/, '')
    }
  }
  const octetsOf = async (peer: Conversation, start: string): Promise<Uint8Array> =>
    Buffer.from(await lineOf(peer, start), 'base64')
  const say = (peer: Conversation, start: string, octets: Uint8Array): void =>
    peer.sendLine(`${start}${Buffer.from(octets).toString('base64')}`)

  test.each(PROTECTIONS)('its server signs in the caller with %s, and messages pass', async (protection) => {
    using alice = await site.as('alice')
    const initiator = await alice.contextFor(SPN, saslContextOptions('GSSAPI', protection))
    const client = createSaslClient({ mechanism: 'GSSAPI', initiator, protection })
    await using peer = converse(
      'stdbuf',
      ['-oL', 'sasl-sample-server', ...options(protection)],
      site.environmentOf(SPN),
    )
    expect(Buffer.from(await octetsOf(peer, 'S: ')).toString()).toBe('GSSAPI')
    say(peer, 'C: ', Buffer.concat([bytes('GSSAPI\0'), client.step().response ?? bytes('')]))
    while (!client.isComplete) say(peer, 'C: ', client.step(await octetsOf(peer, 'S: ')).response ?? bytes(''))
    expect(await lineOf(peer, 'Username: ')).toBe('alice')
    expect(Buffer.from(client.unwrap(await octetsOf(peer, 'S: '))).toString()).toBe(QUESTION)
    say(peer, 'C: ', client.wrap(bytes(ANSWER)))
    expect(await lineOf(peer, "recieved decoded message '")).toBe('client message 1')
  })

  test('its server that has only integrity is refused where encryption is wanted', async () => {
    using alice = await site.as('alice')
    const initiator = await alice.contextFor(SPN, saslContextOptions('GSSAPI', 'confidentiality'))
    const client = createSaslClient({ mechanism: 'GSSAPI', initiator })
    await using peer = converse(
      'stdbuf',
      ['-oL', 'sasl-sample-server', ...options('integrity')],
      site.environmentOf(SPN),
    )
    await octetsOf(peer, 'S: ')
    say(peer, 'C: ', Buffer.concat([bytes('GSSAPI\0'), client.step().response ?? bytes('')]))
    say(peer, 'C: ', client.step(await octetsOf(peer, 'S: ')).response ?? bytes(''))
    const offer = await octetsOf(peer, 'S: ')
    expect(() => client.step(offer)).toThrow('the server offers integrity, not confidentiality')
  })

  test.each(PROTECTIONS)('its client signs in with %s, and messages pass', async (protection) => {
    using acceptor = createAcceptor({ keytab: site.realm.keytabFor(SPN), service: SPN })
    const server = createSaslServer({ mechanism: 'GSSAPI', acceptor, protection: PROTECTIONS })
    const environment = { ...site.environmentOf(SPN), ...(await site.ticketOf('alice', SPN)) }
    await using peer = converse(
      'stdbuf',
      ['-oL', 'sasl-sample-client', ...options(protection), '-n', HOST],
      environment,
    )
    say(peer, 'S: ', bytes('GSSAPI'))
    const [mechanism, first] = await choiceOf(peer)
    expect(mechanism).toBe('GSSAPI')
    for (let token = first; ; token = await octetsOf(peer, 'C: ')) {
      const step = await server.step(token)
      if (step.status === 'refused') throw step.error
      if (step.status === 'complete') {
        expect([step.identity.principal, step.protection]).toEqual(['alice@AD.TEST', protection])
        break
      }
      say(peer, 'S: ', step.challenge)
    }
    say(peer, 'S: ', server.wrap(bytes(QUESTION)))
    expect(await lineOf(peer, "recieved decoded message '")).toBe('srv message 1')
    expect(Buffer.from(server.unwrap(await octetsOf(peer, 'C: '))).toString()).toBe(ANSWER)
  })

  /** The first line of its client: the mechanism, and after a zero octet the first token. */
  async function choiceOf(peer: Conversation): Promise<[string, Uint8Array]> {
    const octets = await octetsOf(peer, 'C: ')
    const end = octets.indexOf(0)
    return [Buffer.from(octets.subarray(0, end)).toString(), octets.subarray(end + 1)]
  }
})
