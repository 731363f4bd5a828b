import { type CachedCredential, encryptionTypeName, formatPrincipal } from '@s4u/krb5'
import type { JsonObject } from '../terminal/report.js'
import { utcTime } from '../terminal/times.js'
import { flagNames } from './ticket-flags.js'

/** A ticket for programs; its session key, in hexadecimal, only where secrets are asked for. */
export function ticketValue(credential: CachedCredential, showSecrets = false): JsonObject {
  const { client, server, ticket, key, flags } = credential
  return {
    client: formatPrincipal(client),
    service: formatPrincipal(server),
    authenticatedAt: utcTime(credential.authtime),
    startsAt: utcTime(credential.starttime || credential.authtime),
    expiresAt: utcTime(credential.endtime),
    renewableUntil: utcTime(credential.renewTill),
    flags: flagNames(flags),
    kvno: ticket.encPart.kvno,
    encryptionType: encryptionTypeName(ticket.encPart.etype),
    sessionEncryptionType: encryptionTypeName(key.etype),
    ...(showSecrets && { sessionKey: hexOf(key.exposeSecretBytes()) }),
  }
}

/** `0123abcd` */
export function hexOf(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex')
}
