/** Tickets and tokens for load.test.ts, made without a KDC. */

import { createInitiator, encodeNegTokenInit, Mechanism, type ServiceCredential } from '@s4u/gssapi'
import { encode, EncTicketPart, Key, kerberosFlags, KeyUsage, parsePrincipal, sealEncryptedData } from '@s4u/krb5'

const REALM = 'AD.TEST'
const HOUR = 3_600_000
export const SERVICE = parsePrincipal(`HTTP/web.ad.test@${REALM}`)

export interface ServiceKeyVersion {
  readonly key: Key
  readonly kvno: number
}

export function ticketOf(user: string, { key, kvno }: ServiceKeyVersion): ServiceCredential {
  const client = parsePrincipal(user, { realm: REALM })
  const sessionKey = Key.random(18)
  const flags = kerberosFlags()
  const [authtime, expiresAt] = [Date.now() - HOUR, Date.now() + HOUR]
  const transited = { trType: 1, contents: new Uint8Array(0) }
  const who = { crealm: REALM, cname: client.name, transited }
  const part = encode(EncTicketPart, { flags, key: sessionKey, ...who, authtime, endtime: expiresAt })
  const encPart = sealEncryptedData(part, key, KeyUsage.TICKET, undefined, kvno)
  const ticket = { realm: REALM, sname: SERVICE.name, encPart }
  return { client, service: SERVICE, ticket, sessionKey, flags, expiresAt }
}

export const tokenOf = (ticket: ServiceCredential): Uint8Array => createInitiator({ ticket, now: Date.now() }).token

/** One bit of the ticket or of the authenticator is wrong. */
export function corrupted(ticket: ServiceCredential, part: 'ticket' | 'authenticator'): Uint8Array {
  const token = tokenOf(ticket)
  const { cipher } = ticket.ticket.encPart
  const at = part === 'authenticator' ? token.length - 1 : Buffer.from(token).indexOf(cipher) + 20
  token[at] ^= 1
  return token
}

/** The first leg of a negotiation that needs two more. */
export const firstLeg = (): Uint8Array =>
  encodeNegTokenInit({ mechanisms: [Mechanism.NEGOEX, Mechanism.KRB5], mechToken: new Uint8Array(40) }).token
