import { channelBindingsHash, isUnbound } from '@s4u/gssapi'
import { asciiLower, ByteReader, RejectedTokenError, type S4uErrorCode } from '@s4u/krb5'
import type { AuthenticateMessage } from '../messages/authenticate-message.js'
import { AvFlag, AvId } from '../messages/av-pairs.js'
import { hasNtlmFlag, NtlmFlag } from '../messages/ntlm-flags.js'
import { decodeNtlmv2Response, type Ntlmv2Response } from '../messages/ntlmv2-response.js'
import { decodeText } from '../messages/text.js'

/**
 * Whether a part that only some clients send may be missing. Where it is sent, it is checked in
 * either case.
 */
export type Presence = 'allow' | 'require'

/** What a response is compared with. */
export interface ExpectedResponse {
  /** The pairs of our challenge. */
  readonly targetPairs: ReadonlyMap<number, Uint8Array>
  /** When the response came, milliseconds since the epoch. */
  readonly now: number
  /** Hosts whose service principal names a client may mean, in lower case. */
  readonly hosts: ReadonlySet<string>
  readonly targetName: Presence
  readonly channelBinding: Presence
  /** The application data of the bindings of this connection; none without TLS. */
  readonly bindings: readonly Uint8Array[]
  /** `announced`: where the client says that it sends one. */
  readonly mic: 'announced' | 'require'
}

/** A response that answers our challenge, as far as can be told without its key. */
export interface CheckedResponse extends Ntlmv2Response {
  /** Whether the handshake must have a right MIC. */
  readonly hasMic: boolean
}

/**
 * Checks what a domain controller does not: that the response is of version 2 and to our challenge,
 * for our name and our channel.
 *
 * @throws RejectedTokenError, each check with a message of its own
 * @throws MalformedTokenError
 */
export function checkResponse(message: AuthenticateMessage, expected: ExpectedResponse): CheckedResponse {
  requireUser(message)
  const response = decodeNtlmv2Response(message.ntResponse)
  requireFlags(message)
  requireOurTarget(response, expected)
  const flags = flagsOf(response)
  requireTargetName(response, flags, expected)
  requireBinding(response, expected)
  return { ...response, hasMic: requireMic(message, flags, expected) }
}

/** MS-NLMP section 3.2.5.1.2: an empty user, or an empty response, means nobody. */
function requireUser({ user, ntResponse, flags }: AuthenticateMessage): void {
  if (user !== '' && ntResponse.length > 0 && !hasNtlmFlag(flags, NtlmFlag.ANONYMOUS)) return
  throw refused('STATUS_NTLM_BLOCKED', 'the client came anonymously, which is not accepted')
}

function requireFlags({ flags, encryptedSessionKey }: AuthenticateMessage): void {
  if (!hasNtlmFlag(flags, NtlmFlag.EXTENDED_SESSION_SECURITY))
    throw refused('STATUS_NTLM_BLOCKED', 'the client speaks no extended session security')
  const length = hasNtlmFlag(flags, NtlmFlag.KEY_EXCHANGE) ? 16 : 0
  if (length !== 0 && encryptedSessionKey.length !== length)
    throw refused('KRB_AP_ERR_MODIFIED', 'the session key that the client sent does not have 16 octets')
}

/**
 * The pairs of our challenge must come back as they were. Without them the controller would not
 * compare names either (CVE-2019-1019), and the response may be one to another server.
 */
function requireOurTarget({ pairs, time }: Ntlmv2Response, { targetPairs, now }: ExpectedResponse): void {
  for (const [id, ours] of targetPairs) {
    const theirs = pairs.get(id)
    if (theirs === undefined || !sameOctets(theirs, ours))
      throw refused(
        'KRB_AP_ERR_BADMATCH',
        `the response is not to our challenge: its target information (pair ${id}) is ${theirs ? 'another' : 'missing'}`,
        'Somebody relays the response that a client has made for another server, or a client changes what it was sent.',
      )
  }
  if (Math.abs(now - time) > MAX_SKEW)
    throw refused(
      'KRB_AP_ERR_SKEW',
      'the response was made at another time',
      'Set the clock of the client, or of this machine.',
    )
}

function flagsOf({ pairs }: Ntlmv2Response): number {
  const value = pairs.get(AvId.FLAGS)
  if (value === undefined) return 0
  const reader = new ByteReader(value, 'NTLM.AUTHENTICATE.MsvAvFlags')
  const flags = reader.u32le('')
  reader.expectEnd()
  return flags
}

/** The service principal name that the client wanted to reach. A controller does not look at it. */
function requireTargetName({ pairs }: Ntlmv2Response, flags: number, expected: ExpectedResponse): void {
  const value = (flags & AvFlag.UNTRUSTED_TARGET_NAME) === 0 ? pairs.get(AvId.TARGET_NAME) : undefined
  const name = value === undefined ? '' : decodeText(value, 'NTLM.AUTHENTICATE.MsvAvTargetName')
  if (name === '') {
    if (expected.targetName === 'allow') return
    throw refused('KRB_AP_ERR_NOT_US', 'the client does not say which service it means', HINT_OLD_CLIENT)
  }
  const [service, place = ''] = asciiLower(name).split('/')
  if (service === SERVICE && expected.hosts.has(place.replace(/:\d+$/, ''))) return
  throw refused(
    'KRB_AP_ERR_NOT_US',
    `the client means another service than this one: ${name}`,
    'If users reach this service by HTTP under that name, add it to the option hosts. Else somebody relays a response that was made for another server.',
  )
}

/** Extended protection. MS-NLMP section 3.2.5.1.2, RFC 5929 section 4. */
function requireBinding({ pairs }: Ntlmv2Response, { bindings, channelBinding }: ExpectedResponse): void {
  const value = pairs.get(AvId.CHANNEL_BINDINGS)
  if (value === undefined || isUnbound(value)) {
    if (channelBinding === 'allow') return
    throw refused('GSS_S_BAD_BINDINGS', 'the client did not bind its response to the TLS connection', HINT_OLD_CLIENT)
  }
  if (bindings.some((binding) => sameOctets(channelBindingsHash(binding), value))) return
  throw refused(
    'GSS_S_BAD_BINDINGS',
    'the client bound its response to another TLS connection than this one',
    'Somebody stands between the client and this service, or TLS ends in front of it. Where that is a proxy of yours, NTLM cannot be used.',
  )
}

function requireMic({ mic }: AuthenticateMessage, flags: number, expected: ExpectedResponse): boolean {
  const isAnnounced = (flags & AvFlag.MIC) !== 0
  if (isAnnounced && mic === undefined)
    throw refused('KRB_AP_ERR_MODIFIED', 'the integrity code that the client has announced is missing')
  if (!isAnnounced && expected.mic === 'require')
    throw refused('KRB_AP_ERR_INAPP_CKSUM', 'the client protects its messages by no integrity code', HINT_OLD_CLIENT)
  return isAnnounced
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at])
}

function refused(code: S4uErrorCode, message: string, hint?: string): RejectedTokenError {
  return new RejectedTokenError(message, { code, ...(hint !== undefined && { hint }) })
}

/**
 * The class of service that clients of HTTP name. A client that was led to a file server of our
 * name (by a forged entry in DNS) means `cifs/web01`, and its response must not serve here.
 */
const SERVICE = 'http'

const HINT_OLD_CLIENT =
  'Windows and browsers send this; curl and older libraries do not. Update the client, or let it come with Kerberos.'

/**
 * The time is ours in most cases, since clients copy it from the challenge; curl has its own. As
 * much as Kerberos permits; milliseconds.
 */
const MAX_SKEW = 300_000
