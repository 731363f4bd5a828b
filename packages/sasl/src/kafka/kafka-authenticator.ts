import { ConfigurationError, MalformedTokenError, type OptionTableOf, requireKnownOptions } from '@s4u/krb5'
import { isIP } from 'node:net'
import type { ContextSource } from '../caller.js'
import { createSaslClient, saslContextOptions } from '../mechanism/sasl-client.js'

/** Options of `kafkaAuthenticator`. */
export interface KafkaAuthenticatorOptions {
  /** As whom to connect: an impersonation, or what `ConnectionsPerIdentity` gives to `open`. */
  readonly as: ContextSource
  /**
   * The first part of the service principal names of the brokers, whose second part is the host: as
   * `sasl.kerberos.service.name` of Kafka. Default: `kafka`.
   */
  readonly serviceName?: string
  /**
   * The service principal name of a broker, where its host is known by another name. Default:
   * `kafka/HOST`.
   */
  readonly service?: (host: string, port: number) => string
}

/** Every name in KafkaAuthenticatorOptions; others are refused. */
export const KAFKA_AUTHENTICATOR_OPTIONS = {
  as: 'value',
  serviceName: 'value',
  service: 'function',
} as const satisfies OptionTableOf<KafkaAuthenticatorOptions>

/** What kafkajs gives to an authentication provider, for each broker and each time. */
export interface KafkajsProviderArguments {
  readonly host: string
  readonly port: number
  saslAuthenticate(message: {
    readonly request: { encode(): Buffer }
    readonly response: { decode(octets: Buffer): Buffer; parse(octets: Buffer): Buffer }
  }): Promise<Buffer | void>
}

/**
 * Returns `sasl.authenticationProvider` of npm's `kafkajs`. The messages of the caller are not
 * encrypted by Kerberos: brokers offer no security layer, so that TLS must do it (`ssl: true`).
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { type ContextSource, kafkaAuthenticator } from '@s4u/sasl'
 *
 * export const optionsFor = (caller: ContextSource) => ({
 *   brokers: ['kafka1.ad.test:9093'],
 *   ssl: true,
 *   sasl: { mechanism: 'GSSAPI', authenticationProvider: kafkaAuthenticator({ as: caller }) },
 * })
 * ```
 */
export function kafkaAuthenticator(
  given: KafkaAuthenticatorOptions,
): (broker: KafkajsProviderArguments) => { authenticate(): Promise<void> } {
  const options = checked('kafkaAuthenticator', given)
  return ({ host, port, saslAuthenticate }) => ({
    authenticate: () =>
      signIn(options, spnOf(options, host, port), async (token) => {
        const answer = await saslAuthenticate({
          request: { encode: () => sized(token) },
          // Brokers before Kafka 1.0 are waited for with `then`, which the types do not say.
          response: { decode: (octets) => Object(Promise.resolve(octets)), parse: (octets) => octets },
        })
        return unsized(answer ?? sized(NOTHING))
      }),
  })
}

/**
 * Returns `sasl.authenticate` of `@platformatic/kafka`. See `kafkaAuthenticator`.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { type ContextSource, platformaticAuthenticator } from '@s4u/sasl'
 *
 * export const optionsFor = (caller: ContextSource) => ({
 *   clientId: 'orders',
 *   bootstrapBrokers: ['kafka1.ad.test:9093'],
 *   tls: {},
 *   sasl: { mechanism: 'GSSAPI', authenticate: platformaticAuthenticator({ as: caller }) },
 * })
 * ```
 */
export function platformaticAuthenticator(given: KafkaAuthenticatorOptions) {
  const options = checked('platformaticAuthenticator', given)
  return (
    _mechanism: string,
    connection: { readonly host?: string | undefined; readonly port?: number | undefined },
    authenticate: (
      connection: never,
      token: Buffer,
      callback: (error: Error | null, response: { readonly authBytes: Buffer }) => void,
    ) => unknown,
    _username: unknown,
    _password: unknown,
    _token: unknown,
    callback: (error: Error | null, response: never) => void,
  ): void => {
    let last: unknown
    const exchange = (token: Uint8Array): Promise<Uint8Array> =>
      new Promise((resolve, reject) => {
        authenticate(Object(connection) as never, Buffer.from(token), (error, response) => {
          if (error !== null && error !== undefined) return reject(error)
          last = response
          resolve(response.authBytes ?? NOTHING)
        })
      })
    // Only the callback ends the wait of the driver, whatever happens.
    Promise.resolve()
      .then(() => signIn(options, spnOf(options, connection.host ?? '', connection.port ?? 0), exchange))
      .then(
        () => callback(null, last as never),
        (error: unknown) =>
          callback(error instanceof Error ? error : new Error('the sign-in failed'), undefined as never),
      )
  }
}

type Exchange = (token: Uint8Array) => Promise<Uint8Array>

/** RFC 4752 in requests of Kafka; each time with a new token. KIP-152, KIP-368. */
async function signIn({ as }: KafkaAuthenticatorOptions, spn: string, exchange: Exchange): Promise<void> {
  const initiator = await as.contextFor(spn, saslContextOptions('GSSAPI', 'none'))
  const client = createSaslClient({ mechanism: 'GSSAPI', initiator, protection: 'none' })
  let step = client.step()
  while (step.status === 'continue') step = client.step(await exchange(step.response))
  const rest = await exchange(step.response ?? NOTHING)
  if (rest.length > 0) throw malformed('last answer', 'no octets', `${rest.length} octets`)
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** The longest token of a broker, in octets: an AP-REP has some hundred. */
const MAX_TOKEN_OCTETS = 0x1_0000

/** kafkajs wants the length in what it sends, and gives it back with what has come. */
function sized(token: Uint8Array): Buffer {
  const message = Buffer.alloc(4 + token.length)
  message.writeInt32BE(token.length)
  message.set(token, 4)
  return message
}

function unsized(message: Buffer): Uint8Array {
  if (message.length < 4) throw malformed('token', 'a length of 4 octets', `${message.length} octets`)
  const length = message.readInt32BE()
  // A token that is null has no octets either.
  if (length === -1) return NOTHING
  if (length < 0 || length > MAX_TOKEN_OCTETS)
    throw malformed('token', `at most ${MAX_TOKEN_OCTETS} octets`, `${length}`)
  if (message.length !== 4 + length) throw malformed('token', `${length} octets`, `${message.length - 4}`)
  return message.subarray(4)
}

function checked(name: string, given: KafkaAuthenticatorOptions): KafkaAuthenticatorOptions {
  const options = requireKnownOptions(name, given, KAFKA_AUTHENTICATOR_OPTIONS)
  if (typeof options.as?.contextFor === 'function') return options
  throw new ConfigurationError(`${name}: as is missing`, {
    hint: `Give the impersonation of the caller: ${name}({ as: identity.impersonate() }).`,
  })
}

function spnOf({ service, serviceName = 'kafka' }: KafkaAuthenticatorOptions, host: string, port: number): string {
  if (service !== undefined) return service(host, port)
  if (host !== '' && isIP(host) === 0) return `${serviceName}/${host}`
  throw new ConfigurationError('a broker without a host name has no service principal name', {
    hint: 'Let the brokers advertise their host names (advertised.listeners), or give service: (host) => SPN.',
  })
}

function malformed(path: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: `Kafka.${path}`, expected, found, status: 502 })
}
