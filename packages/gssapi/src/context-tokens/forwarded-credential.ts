import {
  ConfigurationError,
  encode,
  EncKrbCredPart,
  hasFlag,
  type KerberosFlags,
  type Key,
  KeyUsage,
  KrbCred,
  platformRandom,
  type Principal,
  type RandomSource,
  sealMessage,
  type Ticket,
  TicketFlag,
} from '@s4u/krb5'

/**
 * A ticket-granting ticket that a KDC has issued for forwarding. Times are milliseconds since the
 * epoch.
 */
export interface ForwardableCredential {
  readonly client: Principal
  readonly service: Principal
  readonly ticket: Ticket
  readonly sessionKey: Key
  readonly flags: KerberosFlags
  readonly authenticatedAt: number
  readonly startsAt: number
  readonly expiresAt: number
  readonly renewableUntil?: number
}

const FORWARDED = 'Give what client.tgtToForward() resolves to: a ticket-granting ticket with the flag FORWARDED.'

/**
 * Returns the KRB-CRED that gives a ticket-granting ticket to a service: the option `delegate` of
 * an initiator. The service can then act as the client everywhere until the ticket ends, so it is
 * only for services that the user trusts with everything. Source: RFC 4121 section 4.1.1.
 * @param sessionKey of the ticket to the service that gets it
 * @throws ConfigurationError if it is not a ticket-granting ticket, or was not issued for
 * forwarding
 *
 * @example
 * ```ts
 * import { createInitiator, sealForwardedCredential } from '@s4u/gssapi'
 * import type { KdcClient } from '@s4u/kdc-client'
 *
 * // Signs in to a service, and hands it the ticket-granting ticket of the user.
 * export async function delegateTo(client: KdcClient, spn: string) {
 *   const [ticket, tgt] = await Promise.all([client.ticketFor(spn), client.tgtToForward()])
 *   const delegate = sealForwardedCredential(tgt, ticket.sessionKey)
 *   return createInitiator({ ticket, delegate, now: Date.now })
 * }
 * ```
 */
export function sealForwardedCredential(
  tgt: ForwardableCredential,
  sessionKey: Key,
  random: RandomSource = platformRandom,
): Uint8Array {
  if (tgt.ticket.sname.nameString[0] !== 'krbtgt')
    throw new ConfigurationError('only a ticket-granting ticket can be forwarded', { hint: FORWARDED })
  // The client's own ticket-granting ticket would work too, but the client would lose control over
  // it.
  if (!hasFlag(tgt.flags, TicketFlag.FORWARDED))
    throw new ConfigurationError('the ticket-granting ticket was not issued to be forwarded', { hint: FORWARDED })
  const { client, service, flags, authenticatedAt, startsAt, expiresAt, renewableUntil } = tgt
  const info = {
    key: tgt.sessionKey,
    prealm: client.realm,
    pname: client.name,
    flags,
    authtime: authenticatedAt,
    starttime: startsAt,
    endtime: expiresAt,
    renewTill: renewableUntil,
    srealm: service.realm,
    sname: service.name,
  }
  const encPart = sealMessage(EncKrbCredPart, { ticketInfo: [info] }, sessionKey, KeyUsage.KRB_CRED, random)
  return encode(KrbCred, { tickets: [tgt.ticket], encPart })
}
