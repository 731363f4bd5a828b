import { AsReq, decode, encode, KdcOption, kerberosFlags, KrbError, NameType, platformRandom } from '@s4u/krb5'
import { promises as dns } from 'node:dns'
import { isIP } from 'node:net'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { Krb5Configuration } from '../configuration/krb5-configuration.js'
import { reasonOf } from '../network/kdc-race.js'
import { TcpConnections } from '../network/tcp-exchange.js'
import { type KdcTransport, networkTransport } from '../network/transport.js'
import { UdpSockets } from '../network/udp-exchange.js'
import type { DnsSource } from './dns-lookup.js'
import { lookUpKdcs } from './dns-lookup.js'
import { configuredKdcs, type KdcLocation, namedAddresses } from './kdc-location.js'

/** Where the KDCs are, and how long each one may take. */
export interface KdcSurveyOptions {
  /** Where the KDCs are, as for `createKdcClient`. Default: krb5.conf, then DNS. */
  readonly kdc?: KdcLocation
  /** The krb5.conf to read. Default: KRB5_CONFIG, else /etc/krb5.conf. */
  readonly krb5Config?: string
  /** The wait for each KDC; milliseconds. Default: 2,000. */
  readonly timeLimit?: number
  readonly signal?: AbortSignal
  /** The clock, for tests; milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
  /** Answers in place of the system's resolver, for tests. */
  readonly dns?: DnsSource
}

/** What one KDC answered by one protocol. */
export type KdcProbe =
  | {
      readonly answered: true
      /** How long the KDC took; milliseconds. */
      readonly took: number
      /**
       * How far the KDC's clock is ahead of this machine's; milliseconds. Nothing authenticates it.
       * Undefined if the KDC told no time.
       */
      readonly clockOffset: number | undefined
    }
  | {
      readonly answered: false
      /** Why: `ECONNREFUSED`, `no answer within 2000 ms`. */
      readonly reason: string
    }

/** A KDC, at one of its addresses, and what it answered by each protocol. */
export interface SurveyedKdc {
  /** The server: `dc1.corp.test:88 (10.0.0.2)`. */
  readonly server: string
  readonly udp: KdcProbe
  readonly tcp: KdcProbe
}

/** The answers of all KDCs of a realm, and what named them. */
export interface KdcSurvey {
  readonly source: 'option' | 'krb5.conf' | 'DNS'
  readonly servers: readonly SurveyedKdc[]
}

/**
 * How long one address may take to answer; milliseconds. All are asked at once, and a person waits
 * for the list.
 */
const TIME_LIMIT = 2_000

/**
 * Asks each KDC of a realm, at each of its addresses, by UDP and by TCP, and resolves to what each
 * answered. The request is a sign-in of a user that does not exist, which changes nothing. A proxy
 * (https) stands for both protocols.
 *
 * @throws ConfigurationError for an address or a krb5.conf that cannot be read
 *
 * @example
 * ```ts
 * import { surveyKdcs } from '@s4u/kdc-client'
 *
 * const { servers } = await surveyKdcs('CORP.TEST')
 * for (const { server, udp, tcp } of servers) console.log(server, udp.answered, tcp.answered)
 * ```
 */
export async function surveyKdcs(realm: string, options: KdcSurveyOptions = {}): Promise<KdcSurvey> {
  const { kdc, now = Date.now, signal } = options
  if (typeof kdc === 'function') {
    const about = { server: 'the function in kdc', realm, request: probeFor(realm, now()) }
    return { source: 'option', servers: [await surveyWhole(kdc, about, options)] }
  }
  const { source, addresses } = await locate(realm, options)
  const servers = await Promise.all(addresses.map((address) => serversOf(address, options)))
  signal?.throwIfAborted()
  const request = probeFor(realm, now())
  const surveyed = servers
    .flat()
    .map((server) =>
      server.address?.protocol === 'https'
        ? surveyProxy(server.address, { realm, request }, options)
        : surveyServer(server, request, options),
    )
  return { source, servers: await Promise.all(surveyed) }
}

interface Server {
  readonly label: string
  readonly address: KdcAddress | undefined
  /** Why the name has no address. */
  readonly failure?: string
}

async function locate(
  realm: string,
  { kdc, krb5Config, signal, dns: source, now = Date.now }: KdcSurveyOptions,
): Promise<{ readonly source: KdcSurvey['source']; readonly addresses: readonly KdcAddress[] }> {
  const named = typeof kdc === 'function' ? undefined : namedAddresses(kdc)(realm)
  if (named) return { source: 'option', addresses: named }
  const configuration = new Krb5Configuration(krb5Config ?? process.env['KRB5_CONFIG'], now)
  const configured = configuredKdcs(configuration, realm)
  if (configured) return { source: 'krb5.conf', addresses: configured }
  return { source: 'DNS', addresses: await lookUpKdcs(realm, { source, signal }) }
}

async function serversOf(address: KdcAddress, { dns: source }: KdcSurveyOptions): Promise<readonly Server[]> {
  const label = formatKdcAddress(address)
  if (isIP(address.host) !== 0 || address.protocol === 'https') return [{ label, address }]
  try {
    const hosts = (await source?.lookup?.(address.host)) ?? (await addressesOf(address.host))
    return hosts.map((host) => ({ label: `${label} (${host})`, address: { ...address, host } }))
  } catch (error) {
    return [{ label, address: undefined, failure: reasonOf(error) }]
  }
}

async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await dns.lookup(host, { all: true, verbatim: true })
  return [...new Set(found.map(({ address }) => address))]
}

async function surveyServer(
  { label, address, failure = 'no address' }: Server,
  request: Uint8Array,
  options: KdcSurveyOptions,
): Promise<SurveyedKdc> {
  if (address === undefined) {
    const none = { answered: false, reason: failure } as const
    return { server: label, udp: none, tcp: none }
  }
  const [sockets, connections] = [new UdpSockets(), new TcpConnections()]
  try {
    const [udp, tcp] = await Promise.all([
      probe((signal) => sockets.exchange(address, request, signal), options),
      probe((signal) => connections.exchange(address, request, signal), options),
    ])
    return { server: label, udp, tcp }
  } finally {
    sockets.close()
    connections.close()
  }
}

/**
 * Asks a proxy, or a function of the app. It does not tell which protocol it uses, so its answer
 * stands for both.
 */
async function surveyWhole(
  transport: KdcTransport,
  { server, realm, request }: { readonly server: string; readonly realm: string; readonly request: Uint8Array },
  options: KdcSurveyOptions,
): Promise<SurveyedKdc> {
  const answer = await probe((signal) => transport(request, { realm, signal }), options)
  return { server, udp: answer, tcp: answer }
}

async function surveyProxy(
  address: KdcAddress,
  about: { readonly realm: string; readonly request: Uint8Array },
  options: KdcSurveyOptions,
): Promise<SurveyedKdc> {
  const transport = networkTransport({ locate: async () => [address], timeLimit: options.timeLimit ?? TIME_LIMIT })
  try {
    return await surveyWhole(transport, { server: `https://${formatKdcAddress(address)}`, ...about }, options)
  } finally {
    transport.close()
  }
}

async function probe(
  exchange: (signal: AbortSignal) => Promise<Uint8Array>,
  { now = Date.now, timeLimit = TIME_LIMIT, signal: parent }: KdcSurveyOptions,
): Promise<KdcProbe> {
  const limit = AbortSignal.timeout(timeLimit)
  const started = performance.now()
  try {
    const answer = await exchange(parent ? AbortSignal.any([parent, limit]) : limit)
    const took = performance.now() - started
    return { answered: true, took, clockOffset: offsetIn(answer, now() - took / 2) }
  } catch (error) {
    parent?.throwIfAborted()
    return { answered: false, reason: limit.aborted ? `no answer within ${timeLimit} ms` : reasonOf(error) }
  }
}

function offsetIn(answer: Uint8Array, now: number): number | undefined {
  if (answer[0] !== KrbError.tag) return undefined
  const { stime, susec } = decode(KrbError, answer)
  return stime + susec / 1_000 - now
}

/** The lifetime that the request asks for; milliseconds. No ticket comes of it. */
const LIFETIME = 600_000

/** Returns the sign-in of a user that no realm has. The KDC answers that, and its time. */
function probeFor(realm: string, now: number): Uint8Array {
  return encode(AsReq, {
    reqBody: {
      kdcOptions: kerberosFlags(KdcOption.CANONICALIZE),
      cname: { nameType: NameType.PRINCIPAL, nameString: ['s4u-probe'] },
      realm,
      sname: { nameType: NameType.SRV_INST, nameString: ['krbtgt', realm] },
      till: now + LIFETIME,
      nonce: newNonce(),
      etype: [18, 17],
    },
  })
}

function newNonce(): number {
  const octets = platformRandom(4)
  return new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0) & 0x7fff_ffff
}
