import { hasNtlmFlag, NtlmFlag } from './ntlm-flags.js'
import { openNtlmMessage, payloadOf, readSecurityBuffer, type SecurityBuffer } from './security-buffer.js'
import { decodeText } from './text.js'

/** AUTHENTICATE_MESSAGE: what a client answers to a challenge. MS-NLMP section 2.2.1.3. */
export interface AuthenticateMessage {
  readonly flags: number
  /** NtChallengeResponse. The response of LAN Manager is not read. */
  readonly ntResponse: Uint8Array
  /** Domain, user and workstation as the client wrote them: the proof is made of them. */
  readonly domain: string
  readonly user: string
  readonly workstation: string
  readonly encryptedSessionKey: Uint8Array
  /** The message integrity code; undefined where the message has no place for one. */
  readonly mic: Uint8Array | undefined
  /** The message as it was received. */
  readonly octets: Uint8Array
}

/**
 * Reads a message of type 3 in Unicode.
 *
 * @throws MalformedTokenError
 */
export function decodeAuthenticateMessage(octets: Uint8Array): AuthenticateMessage {
  const reader = openNtlmMessage(octets, 3, PATH)
  const lm = readSecurityBuffer(reader, 'LmChallengeResponse')
  const nt = readSecurityBuffer(reader, 'NtChallengeResponse')
  const domain = readSecurityBuffer(reader, 'DomainName')
  const user = readSecurityBuffer(reader, 'UserName')
  const workstation = readSecurityBuffer(reader, 'Workstation')
  const key = readSecurityBuffer(reader, 'EncryptedRandomSessionKey')
  const flags = reader.u32le('NegotiateFlags')
  if (!hasNtlmFlag(flags, NtlmFlag.UNICODE)) reader.fail('NegotiateFlags', 'names in Unicode', 'an OEM character set')
  const fixed = lowestOffset([lm, nt, domain, user, workstation, key], octets.length)
  if (fixed < FIXED) reader.fail('Payload', `octets from ${FIXED} on`, String(fixed))
  const part = (buffer: SecurityBuffer, field: string): Uint8Array =>
    payloadOf(octets, buffer, { field: `${PATH}.${field}`, fixed: FIXED })
  part(lm, 'LmChallengeResponse')
  return {
    flags,
    ntResponse: part(nt, 'NtChallengeResponse').slice(),
    domain: decodeText(part(domain, 'DomainName'), `${PATH}.DomainName`),
    user: decodeText(part(user, 'UserName'), `${PATH}.UserName`),
    workstation: decodeText(part(workstation, 'Workstation'), `${PATH}.Workstation`),
    encryptedSessionKey: part(key, 'EncryptedRandomSessionKey').slice(),
    mic: fixed >= MIC_END ? octets.slice(MIC_OFFSET, MIC_END) : undefined,
    octets: octets.slice(),
  }
}

/** Returns where the payload begins: older clients leave out the MIC, and even the version. */
function lowestOffset(buffers: readonly SecurityBuffer[], length: number): number {
  return Math.min(length, ...buffers.filter((buffer) => buffer.length > 0).map(({ offset }) => offset))
}

const PATH = 'NTLM.AUTHENTICATE'
const FIXED = 64
/** Where the MIC stands. MS-NLMP section 2.2.1.3. */
export const MIC_OFFSET = 72
export const MIC_END = 88
