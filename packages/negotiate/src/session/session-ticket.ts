/**
 * Encodes what a cookie session holds: the caller, and the ticket that proves it and that the
 * service may show to a KDC.
 */

import { type AuthenticationMethod, Identity, type ImpersonationLevel, type TicketEvidence } from '@s4u/acceptor'
import { decode, encode, S4uError, Ticket } from '@s4u/krb5'

/**
 * What a session holds. Everything else (groups, SID, PAC) is read from the ticket each time, with
 * the service's key.
 */
export interface SessionTicket {
  /** The id of the session. */
  readonly id: string
  /** When the user authenticated, milliseconds since the epoch. */
  readonly startedAt: number
  readonly principal: string
  /** The name that the app wrote, where the service has vouched for the user. */
  readonly requestedName?: string
  readonly method: AuthenticationMethod
  readonly level: ImpersonationLevel
  readonly origin: TicketEvidence['origin']
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /**
   * A request was seen then, or one that was not noted since; milliseconds since the epoch. Absent
   * where nobody asks after it: nothing is known of requests after `startedAt`.
   */
  readonly seenAt?: number
  readonly ticket: Ticket
}

/**
 * Returns what a session holds; undefined for an identity without a ticket, from which nothing
 * could be restored. A forwarded ticket-granting ticket is left out: it is worth too much.
 */
export function sessionTicketOf(
  identity: Identity,
  begun: Pick<SessionTicket, 'id' | 'startedAt' | 'expiresAt' | 'seenAt'>,
): SessionTicket | undefined {
  const { evidence, principal, requestedName, authenticationMethod: method, impersonationLevel: level } = identity
  if (evidence?.kind !== 'ticket') return undefined
  const who = { principal, ...(requestedName !== undefined && { requestedName }) }
  return { ...who, method, level, origin: evidence.origin, ticket: evidence.ticket, ...begun }
}

/** Returns the identity as it was, from the one that the acceptor has read from the same ticket. */
export function restoredIdentity(identity: Identity, { method, level, origin }: SessionTicket): Identity {
  const { principal, name, localName, requestedName, realm, expiresAt, pac, evidence } = identity
  if (evidence?.kind !== 'ticket') return identity
  const limited = level === 'delegation' && !evidence.forwardable ? 'impersonation' : level
  return new Identity({
    ...{ principal, name, localName, requestedName, realm, expiresAt, pac },
    groupsUnknown: identity.groupsUnknown ?? false,
    authenticationMethod: method,
    impersonationLevel: limited,
    evidence: { ...evidence, origin },
  })
}

/** Encodes a version, the length of the JSON, the JSON, and the ticket. */
export function encodeSessionTicket({ ticket, ...facts }: SessionTicket): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(facts))
  const sealed = encode(Ticket, ticket)
  const octets = new Uint8Array(HEAD + json.length + sealed.length)
  octets[0] = VERSION
  new DataView(octets.buffer).setUint16(1, json.length)
  octets.set(json, HEAD)
  octets.set(sealed, HEAD + json.length)
  return octets
}

/** Decodes a session; undefined for what another version of this package may have written. */
export function decodeSessionTicket(octets: Uint8Array): SessionTicket | undefined {
  if (octets.length < HEAD || octets[0] !== VERSION) return undefined
  const length = new DataView(octets.buffer, octets.byteOffset).getUint16(1)
  try {
    const facts: unknown = JSON.parse(new TextDecoder().decode(octets.subarray(HEAD, HEAD + length)))
    return areFacts(facts) ? { ...facts, ticket: decode(Ticket, octets.subarray(HEAD + length)) } : undefined
  } catch (error) {
    if (error instanceof SyntaxError || S4uError.is(error)) return undefined
    throw error
  }
}

const VERSION = 2
const HEAD = 3
const LEVELS: readonly string[] = ['anonymous', 'identification', 'impersonation', 'delegation']

function areFacts(value: unknown): value is Omit<SessionTicket, 'ticket'> {
  if (typeof value !== 'object' || value === null) return false
  const { id, principal, requestedName, method, level, origin, startedAt, expiresAt, seenAt } =
    Object.fromEntries<unknown>(Object.entries(value))
  return (
    typeof principal === 'string' &&
    (requestedName === undefined || typeof requestedName === 'string') &&
    typeof method === 'string' &&
    typeof id === 'string' &&
    typeof startedAt === 'number' &&
    typeof expiresAt === 'number' &&
    (seenAt === undefined || typeof seenAt === 'number') &&
    (origin === 'presented' || origin === 's4u2self') &&
    typeof level === 'string' &&
    LEVELS.includes(level)
  )
}
