import { Connection } from '@platformatic/kafka'
import type { Impersonation } from '@s4u/negotiate'
import { type KafkaAuthenticatorOptions, kafkaAuthenticator, platformaticAuthenticator } from '@s4u/sasl'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTopics, topicsOf } from '../../../examples/drivers/kafka.mjs'
import { describeRealms } from '../../realms/suite.js'
import { type CallerRealm, FORBIDDEN, openCallerRealm } from './caller-realm.js'
import { type BrokerFaults, type KafkaBroker, startKafkaBroker } from './kafka-broker.js'

/**
 * The clients `kafkajs` and `@platformatic/kafka`, as they are, with a broker of our own making
 * whose acceptor is MIT's library. No real Kafka was asked.
 */
const SPN = 'kafka/broker1.ad.test'
const OTHER = 'kafka/broker2.ad.test'

await describeRealms('Kafka as the caller', ['python-gssapi'], (info) => {
  const address = `${info.block}.63`
  let site: CallerRealm
  let broker: KafkaBroker
  beforeAll(async () => {
    site = await openCallerRealm([SPN, OTHER])
    broker = await startKafkaBroker(address, site.environmentOf(SPN))
  })
  afterAll(async () => {
    await broker?.[Symbol.asyncDispose]()
    await site?.[Symbol.asyncDispose]()
  })

  const brokerWith = (faults: BrokerFaults): Promise<KafkaBroker> =>
    startKafkaBroker(address, site.environmentOf(SPN), faults)

  async function topicsWithKafkajs(
    { port }: KafkaBroker,
    as: Impersonation,
    options: Partial<KafkaAuthenticatorOptions> = {},
  ): Promise<string[]> {
    const authenticationProvider = kafkaAuthenticator({ as, service: () => SPN, ...options })
    const kafka = new Kafka({
      ...{ clientId: 'test', brokers: [`${address}:${port}`], retry: { retries: 0 }, logLevel: logLevel.NOTHING },
      sasl: { mechanism: 'GSSAPI', authenticationProvider },
    })
    const admin = kafka.admin()
    try {
      await admin.connect()
      return await admin.listTopics()
    } finally {
      await admin.disconnect()
    }
  }

  async function connectWithPlatformatic(
    { port }: KafkaBroker,
    as: Impersonation,
    options: Partial<KafkaAuthenticatorOptions> = {},
  ): Promise<Connection> {
    const authenticate = platformaticAuthenticator({ as, service: () => SPN, ...options })
    const connection = new Connection('test', { sasl: { mechanism: 'GSSAPI', authenticate } })
    connection.on('error', () => {})
    await connection.connect(address, port)
    return connection
  }

  test('kafkajs: each user sees its own topics, over clients that are kept apart', async () => {
    const brokers = [`${address}:${broker.port}`]
    await using topics = openTopics({ brokers, service: SPN, spnOf: () => SPN, ssl: false })
    const [alice, bob] = [await site.as('alice'), await site.as('bob')]
    const seen = await Promise.all([alice, bob, alice].map((caller) => topicsOf(topics, caller)))
    expect(seen).toEqual([['orders-of-alice.AD.TEST'], ['orders-of-bob.AD.TEST'], ['orders-of-alice.AD.TEST']])
    expect(topics.size).toBe(2)
    expect(new Set(broker.verdicts)).toEqual(new Set(['done alice@AD.TEST 1 0', 'done bob@AD.TEST 1 0']))
  })

  test('@platformatic/kafka signs in as the caller, and once more with a new token when it is time', async () => {
    await using again = await brokerWith({ lifetime: 500n })
    const connection = await connectWithPlatformatic(again, await site.as('alice'))
    await expect.poll(() => again.verdicts.length, { timeout: 10_000 }).toBeGreaterThan(1)
    await connection.close()
    expect(new Set(again.verdicts)).toEqual(new Set(['done alice@AD.TEST 1 0']))
    const requests = again.tokens.filter((token) => token[0] === 0x60).map((token) => token.toString('base64'))
    expect(new Set(requests).size).toBe(requests.length)
  })

  test('kafkajs signs in once more with a new token when it is time', async () => {
    await using again = await brokerWith({ lifetime: 1n })
    expect(await topicsWithKafkajs(again, await site.as('alice'))).toEqual(['orders-of-alice.AD.TEST'])
    const requests = again.tokens.filter((token) => token[0] === 0x60).map((token) => token.toString('base64'))
    expect(requests.length).toBeGreaterThan(1)
    expect(new Set(requests).size).toBe(requests.length)
  })

  describe.each([
    ['kafkajs', (at: KafkaBroker, as: Impersonation, options?: object) => topicsWithKafkajs(at, as, options)],
    [
      '@platformatic/kafka',
      async (at: KafkaBroker, as: Impersonation, options?: object) => {
        const connection = await connectWithPlatformatic(at, as, options)
        await connection.close()
      },
    ],
  ])('%s refuses', (_client, connect) => {
    /** All reasons of an error, the innermost last: drivers put theirs around ours. */
    async function reasons(at: KafkaBroker, options?: object): Promise<string> {
      const failure: unknown = await connect(at, await site.as('alice'), options).then(
        () => 'it was connected',
        (error: unknown) => error,
      )
      const found: string[] = []
      for (let error = Object(failure); error !== undefined; error = error.cause)
        found.push(`${error.name} ${error.code} ${error.message}`, ...(error.errors ?? []).map(String))
      return found.join('\n')
    }

    test.each([
      ['a broker that does not know Kerberos', { mechanisms: ['PLAIN'] }, /mechanism/i],
      [
        'a broker that wants a layer of Kerberos',
        { offer: 6 },
        /GSS_S_BAD_QOP|the server offers integrity, confidentiality, not none/,
      ],
      ['a broker that does not prove itself', { answer: () => Buffer.of() }, /did not prove/],
      [
        'a broker that says something else',
        { answer: () => Buffer.from('welcome') },
        /krb5 context token|framing|expected/,
      ],
      [
        'an offer in clear text',
        { answer: (leg: number, token: Buffer) => (leg === 1 ? Buffer.of(1, 0, 0, 0) : token) },
        /per-message token/,
      ],
      [
        'an offer that was changed',
        {
          answer: (leg: number, token: Buffer) =>
            (leg === 1 ? token.map((octet, at) => octet ^ (at === 16 ? 4 : 0)) : token) as Buffer,
        },
        /checksum|wrong|MODIFIED/i,
      ],
      [
        'more after the end',
        { answer: (leg: number, token: Buffer) => (leg === 2 ? Buffer.of(1) : token) },
        /Kafka\.last answer: expected no octets, found 1 octets/,
      ],
      ['a broker that hangs up', { answer: () => undefined }, /closed|ended|disconnect/i],
    ])('%s', async (_what, faults, expected) => {
      await using bad = await brokerWith(faults)
      expect(await reasons(bad)).toMatch(expected)
      expect(bad.unauthenticated).toEqual([])
    })

    test('a broker that another name belongs to, whose refusal it tells', async () => {
      await using other = await startKafkaBroker(address, site.environmentOf(OTHER))
      expect(await reasons(other)).toMatch(
        /SASL_AUTHENTICATION_FAILED|SASL Authentication failed|Authentication failed/i,
      )
      expect(other.unauthenticated).toEqual([])
    })

    test('a service that the app may not call as others, before a token is made', async () => {
      await using quiet = await brokerWith({})
      expect(await reasons(quiet, { service: () => FORBIDDEN })).toMatch(/delegat|may not|KDC_ERR_BADOPTION/i)
      expect(quiet.tokens).toEqual([])
    })

    test('an address, which has no service principal name', async () => {
      expect(await reasons(broker, { service: undefined })).toMatch(/a broker without a host name/)
    })
  })

  test('a length of 4 GiB, or one that is wrong, is refused', async () => {
    const authenticator = async (answer: Buffer) => {
      const provider = kafkaAuthenticator({ as: await site.as('alice') })
      const saslAuthenticate = async () => answer
      return provider({ host: 'broker1.ad.test', port: 9093, saslAuthenticate }).authenticate()
    }
    await expect(authenticator(Buffer.from('7fffffff', 'hex'))).rejects.toMatchObject({
      message: 'Kafka.token: expected at most 65536 octets, found 2147483647',
    })
    await expect(authenticator(Buffer.from('0000000501', 'hex'))).rejects.toMatchObject({
      message: 'Kafka.token: expected 5 octets, found 1',
    })
    await expect(authenticator(Buffer.from('0000', 'hex'))).rejects.toMatchObject({ path: 'Kafka.token' })
  })
})
