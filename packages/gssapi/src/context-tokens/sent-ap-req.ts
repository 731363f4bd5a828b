/** Makes the request that begins a context, and keeps what the answer is compared with. */

import {
  AdType,
  ApOption,
  type ApReq,
  AuthorizationData,
  type Authenticator,
  ConfigurationError,
  encode,
  formatPrincipal,
  Key,
  type KerberosFlags,
  kerberosFlags,
  platformRandom,
  type Principal,
  type RandomSource,
  RejectedTokenError,
  sealedApReq,
  type Ticket,
} from '@s4u/krb5'
import { encodeAuthenticatorChecksum } from './authenticator-checksum.js'
import { type ChannelBindings, channelBindingsHash } from './channel-bindings.js'
import { ContextFlag } from './context-flags.js'
import { randomSequenceNumber } from './sequence-number.js'

/** A ticket for a service, and what its client knows of it. */
export interface ServiceCredential {
  readonly client: Principal
  readonly service: Principal
  readonly ticket: Ticket
  readonly sessionKey: Key
  readonly flags: KerberosFlags
  /** The end of the ticket in milliseconds since the epoch. */
  readonly expiresAt: number
}

/** What an initiator asks for. */
export interface ContextRequest {
  /** The ticket to show, from a KDC client. */
  readonly ticket: ServiceCredential
  /** Whether the service must prove that it could open the ticket. Default: `true`. */
  readonly mutual?: boolean
  /** Whether the service may only know the client, and not act as the client. Default: `false`. */
  readonly identify?: boolean
  /**
   * An encoded KRB-CRED, sealed with the ticket's session key. It gives the client's
   * ticket-granting ticket to the service. Default: none.
   */
  readonly delegate?: Uint8Array
  /**
   * The channel, or its application data from `tlsServerEndPoint` or `tlsExporter`. Default: none.
   */
  readonly channelBindings?: ChannelBindings | Uint8Array
  /**
   * Bits of `ContextFlag` beside those that the options above set. Default: replay detection,
   * sequencing, confidentiality, integrity.
   */
  readonly flags?: number
  /**
   * The time in milliseconds since the epoch, or a function that returns it. Example: `Date.now`.
   */
  readonly now: number | (() => number)
  /** Makes random octets. Default: those of the platform. */
  readonly random?: RandomSource
}

/** What was sent, and what the answer is compared with. */
export interface SentApReq {
  readonly apReq: ApReq
  readonly authenticator: Authenticator
  readonly subkey: Key
  readonly seqNumber: number
  readonly mutual: boolean
  readonly flags: number
  readonly credential: ServiceCredential
  readonly random: RandomSource | undefined
}

/**
 * Makes an AP-REQ. Source: RFC 4120 section 3.2.2, RFC 4121 section 4.1.
 * @param style the flag DCE_STYLE, for a context of three legs
 * @throws RejectedTokenError KRB_AP_ERR_TKT_EXPIRED
 */
export function makeApReq(options: ContextRequest, style = 0): SentApReq {
  const { ticket: credential, mutual = true, random = platformRandom } = options
  const { client, service, ticket, sessionKey } = credential
  const now = typeof options.now === 'number' ? options.now : options.now()
  if (now >= credential.expiresAt) throw expired(service)
  const flags = flagsFor(options, mutual) | style
  const subkey = Key.random(sessionKey.etype, random)
  const seqNumber = randomSequenceNumber(random)
  const authenticator: Authenticator = {
    crealm: client.realm,
    cname: client.name,
    cksum: encodeAuthenticatorChecksum({
      flags,
      channelBindings: options.channelBindings && channelBindingsHash(options.channelBindings),
      delegation: options.delegate,
    }),
    ...timesOf(now, random),
    subkey,
    seqNumber,
    authorizationData: authorizationDataFor(options),
  }
  const apOptions = mutual ? kerberosFlags(ApOption.MUTUAL_REQUIRED) : kerberosFlags()
  const apReq = sealedApReq({ apOptions, ticket, sessionKey, authenticator, random })
  return { apReq, authenticator, subkey, seqNumber, mutual, flags, credential, random }
}

function flagsFor({ flags = DEFAULT_FLAGS, identify, delegate }: ContextRequest, mutual: boolean): number {
  const { MUTUAL, IDENTIFY, DELEG, DCE_STYLE } = ContextFlag
  if ((flags & DCE_STYLE) !== 0) throw new ConfigurationError('DCE_STYLE contexts are made by createDceInitiator')
  const rest = flags & ~(MUTUAL | IDENTIFY | DELEG)
  return rest | (mutual ? MUTUAL : 0) | (identify ? IDENTIFY : 0) | (delegate === undefined ? 0 : DELEG)
}

/**
 * Returns the time with random microseconds: two requests of one client in the same millisecond
 * then differ for every replay cache.
 */
function timesOf(now: number, random: RandomSource): { ctime: number; cusec: number } {
  const milliseconds = Math.floor(now)
  const [high, low] = random(2)
  const fraction = ((milliseconds % 1000) + 1000) % 1000
  return { ctime: milliseconds - fraction, cusec: fraction * 1000 + (((high << 8) | low) % 1000) }
}

/**
 * Returns authorization data that says two things: the client has bound a channel, so an acceptor
 * must not accept zeros instead (MS-KILE section 2.2.8); and an RC4 session key may be replaced by
 * a better one (RFC 4537 section 3).
 */
function authorizationDataFor({ channelBindings, ticket }: ContextRequest): AuthorizationData | undefined {
  const relevant = [
    ...(channelBindings === undefined ? [] : [{ adType: AdType.AUTH_DATA_AP_OPTIONS, adData: AP_OPTIONS_CBT }]),
    ...(ticket.sessionKey.etype === RC4_HMAC ? [{ adType: AdType.ETYPE_NEGOTIATION, adData: BETTER_THAN_RC4 }] : []),
  ]
  return relevant.length === 0
    ? undefined
    : [{ adType: AdType.IF_RELEVANT, adData: encode(AuthorizationData, relevant) }]
}

const DEFAULT_FLAGS = ContextFlag.REPLAY | ContextFlag.SEQUENCE | ContextFlag.CONF | ContextFlag.INTEG

/** KERB_AP_OPTIONS_CBT, little-endian. */
const AP_OPTIONS_CBT: Uint8Array = Uint8Array.of(0, 0x40, 0, 0)

const RC4_HMAC = 23

/** EtypeList, SEQUENCE OF Int32: 20, 19, 18, 17. */
const BETTER_THAN_RC4: Uint8Array = Uint8Array.of(0x30, 12, 2, 1, 20, 2, 1, 19, 2, 1, 18, 2, 1, 17)

function expired(service: Principal): RejectedTokenError {
  return new RejectedTokenError(`the ticket for ${formatPrincipal(service)} has expired`, {
    code: 'KRB_AP_ERR_TKT_EXPIRED',
  })
}
