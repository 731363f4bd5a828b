import { type Authenticator, combineKeys, kerberosFlags, Key, sealApReq } from '@s4u/krb5'
import type { KdcContext } from '../exchange/kdc-context.js'
import { kerberosMoment } from '../exchange/kdc-exchange.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

/** The AP-REQ with an armor ticket, and the key that it and the KDC make of it. */
export interface ArmorKey {
  readonly armorKey: Key
  readonly apReq: Uint8Array
}

/** Source: RFC 6113 section 5.4.1.1. */
export function armorKeyOf({ random, clock }: KdcContext, { sessionKey, client, ticket }: ServiceTicket): ArmorKey {
  const subkey = Key.random(sessionKey.etype, random)
  const { time, usec } = kerberosMoment(clock.now())
  const authenticator: Authenticator = { crealm: client.realm, cname: client.name, ctime: time, cusec: usec, subkey }
  const apReq = sealApReq({ apOptions: kerberosFlags(), ticket, sessionKey, authenticator, random })
  return { armorKey: subkeyArmor(subkey, sessionKey), apReq }
}

/** What a TGS request has without more: its own ticket-granting ticket is the armor. */
export function subkeyArmor(subkey: Key, sessionKey: Key): Key {
  return combineKeys(subkey, sessionKey, 'subkeyarmor', 'ticketarmor')
}

/** That of a machine, bound to the TGS request of somebody else: compound identity. Source: MS-KILE section 3.3.5.7.4. */
export function explicitArmor(armorKey: Key, subkey: Key): Key {
  return combineKeys(armorKey, subkey, 'explicitarmor', 'tgsarmor')
}
