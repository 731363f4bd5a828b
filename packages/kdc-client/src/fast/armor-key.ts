import { type Authenticator, combineKeys, kerberosFlags, Key, sealApReq } from '@s4u/krb5'
import type { KdcContext } from '../exchange/kdc-context.js'
import { kerberosMoment } from '../exchange/kdc-exchange.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

/**
 * The AP-REQ that shows an armor ticket, and the key that the client and the KDC derive from it.
 */
export interface ArmorKey {
  readonly armorKey: Key
  readonly apReq: Uint8Array
}

/** Makes an armor key from a ticket-granting ticket. Source: RFC 6113 section 5.4.1.1. */
export function armorKeyOf({ random, clock }: KdcContext, { sessionKey, client, ticket }: ServiceTicket): ArmorKey {
  const subkey = Key.random(sessionKey.etype, random)
  const { time, usec } = kerberosMoment(clock.now())
  const authenticator: Authenticator = { crealm: client.realm, cname: client.name, ctime: time, cusec: usec, subkey }
  const apReq = sealApReq({ apOptions: kerberosFlags(), ticket, sessionKey, authenticator, random })
  return { armorKey: subkeyArmor(subkey, sessionKey), apReq }
}

/**
 * Returns the armor key that every TGS request has: its own ticket-granting ticket is the armor.
 */
export function subkeyArmor(subkey: Key, sessionKey: Key): Key {
  return combineKeys(subkey, sessionKey, 'subkeyarmor', 'ticketarmor')
}

/**
 * Returns the armor key of a machine, bound to a TGS request of somebody else: compound identity.
 * Source: MS-KILE section 3.3.5.7.4.
 */
export function explicitArmor(armorKey: Key, subkey: Key): Key {
  return combineKeys(armorKey, subkey, 'explicitarmor', 'tgsarmor')
}
