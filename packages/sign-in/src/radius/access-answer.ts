import { timingSafeEqual } from 'node:crypto'
import { MalformedTokenError, RejectedTokenError } from '@s4u/krb5'
import type { SealedAccessRequest } from './access-request.js'
import { messageAuthenticatorOf, responseAuthenticatorOf } from './authenticators.js'
import {
  AUTHENTICATOR_OCTETS,
  decodeRadiusPacket,
  MAX_VALUE_OCTETS,
  type RadiusAttribute,
  RadiusAttributeType,
  RadiusCode,
  type RadiusPacket,
} from './radius-packet.js'

/** What a server answered, proven to come from it. */
export interface AccessAnswer {
  readonly status: 'accepted' | 'rejected' | 'challenged'
  /** The words of the server for the user, as text; empty if it has none. */
  readonly message: string
  /** What the answer to a challenge must bring back. */
  readonly state?: Uint8Array
}

/**
 * Opens the answer to a request: same identifier, a known code, Response Authenticator and
 * Message-Authenticator right. An answer without Message-Authenticator is refused, because the
 * Response Authenticator alone can be forged on the network (CVE-2024-3596). Over TLS nobody can,
 * so one that is there must be right, and none need be there.
 *
 * @throws MalformedTokenError for what is no packet of RADIUS, RejectedTokenError for one that is
 * not proven to be the answer
 */
export function openAccessAnswer(
  bytes: Uint8Array,
  request: SealedAccessRequest,
  { secret, isProtected }: { readonly secret: Uint8Array; readonly isProtected: boolean },
): AccessAnswer {
  const packet = decodeRadiusPacket(bytes)
  if (packet.identifier !== request.identifier) throw notTheAnswer('it has the identifier of another request')
  const status = STATUSES.get(packet.code)
  if (status === undefined) throw notTheAnswer(`code ${packet.code} answers no Access-Request`)
  const response = responseAuthenticatorOf(packet, request.authenticator, secret)
  if (!timingSafeEqual(response, packet.authenticator)) throw notTheAnswer('its Response Authenticator is wrong')
  if (!isProtected || packet.attributes.some(({ type }) => type === RadiusAttributeType.messageAuthenticator))
    requireMessageAuthenticator(packet, request, secret)
  const state = onlyOne(packet, RadiusAttributeType.state)
  const message = messageOf(packet.attributes)
  return { status, message, ...(status === 'challenged' && state && { state: state.value }) }
}

const SIGN_ANSWERS = `Make the server sign its answers. FreeRADIUS 3.2.5 and newer does; an older one does with this in the sections post-auth, Post-Auth-Type REJECT and Post-Auth-Type Challenge of its site:
update reply { &Message-Authenticator := 0x00 }`

const STATUSES: ReadonlyMap<number, AccessAnswer['status']> = new Map([
  [RadiusCode.accessAccept, 'accepted'],
  [RadiusCode.accessReject, 'rejected'],
  [RadiusCode.accessChallenge, 'challenged'],
])

function requireMessageAuthenticator(packet: RadiusPacket, request: SealedAccessRequest, secret: Uint8Array): void {
  const signature = onlyOne(packet, RadiusAttributeType.messageAuthenticator)
  if (signature === undefined) throw unsigned()
  const right = messageAuthenticatorOf(packet, request.authenticator, secret)
  if (signature.value.length !== AUTHENTICATOR_OCTETS || !timingSafeEqual(right, signature.value))
    throw notTheAnswer('its Message-Authenticator is wrong')
}

function onlyOne({ attributes }: RadiusPacket, type: number): RadiusAttribute | undefined {
  const [found, ...more] = attributes.filter((attribute) => attribute.type === type)
  if (more.length === 0) return found
  throw new MalformedTokenError({
    path: 'RADIUS.attributes',
    expected: `attribute ${type} once`,
    found: `${1 + more.length} of them`,
  })
}

/**
 * Joins the Reply-Messages. Servers split a text that is longer than an attribute; others are lines
 * of their own. RFC 2865 section 5.18.
 */
function messageOf(attributes: readonly RadiusAttribute[]): string {
  const pieces = attributes.filter(({ type }) => type === RadiusAttributeType.replyMessage)
  const octets = pieces.flatMap(({ value }, index) =>
    index === pieces.length - 1 || value.length === MAX_VALUE_OCTETS ? [...value] : [...value, NEW_LINE],
  )
  return withoutControls(new TextDecoder().decode(Uint8Array.from(octets)))
}

const NEW_LINE = 0x0a

/** Controls and characters that turn the direction of writing have no place in a page. */
function withoutControls(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{C}\n]/gu, '')
    .trim()
}

function unsigned(): RejectedTokenError {
  return new RejectedTokenError('the answer of the RADIUS server has no Message-Authenticator', {
    code: 'KRB_AP_ERR_INAPP_CKSUM',
    hint: SIGN_ANSWERS,
    status: 502,
  })
}

function notTheAnswer(why: string): RejectedTokenError {
  return new RejectedTokenError(`a packet of the RADIUS server is not the answer: ${why}`, {
    code: 'KRB_AP_ERR_MODIFIED',
    status: 502,
  })
}
