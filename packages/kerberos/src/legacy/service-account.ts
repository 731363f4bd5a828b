import { createKdcClient, evidenceFromS4u2self, type EvidenceTicket, type KdcClient } from '@s4u/kdc-client'
import { createAcceptor, type Identity } from '@s4u/acceptor'
import { formatPrincipal, type Keytab, MissingKeyError, type Principal } from '@s4u/krb5'
import type { DelegatedTickets } from '../client/client-options.js'
import { knownClient } from '../client/known-clients.js'
import { keytabName, readKeytab } from '../keytabs/read-keytab.js'
import { parseService } from '../names/service-name.js'

/** A user in whose name the service may ask for tickets. */
export interface ActedFor {
  readonly principal: string
  readonly tickets: DelegatedTickets
  /** The end of the evidence, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Returns a caller as a source of tickets (S4U2Proxy); undefined if its ticket does not permit the
 * service to act as it. No KDC is asked yet.
 */
export function actFor(identity: Identity): ActedFor | undefined {
  const { evidence, impersonationLevel, principal } = identity
  if (evidence === undefined || !ACTING.has(impersonationLevel)) return undefined
  return actedFor(principal, evidence, accountOf(evidence.service))
}

const ACTING: ReadonlySet<string> = new Set(['impersonation', 'delegation'])

/**
 * Asks the KDC for a ticket of a user to the service itself (S4U2Self). The program alone knows
 * whether the user is there: no KDC has seen a proof.
 *
 * @throws DelegationRefusedError, KdcError, MissingKeyError, RejectedTokenError
 */
export async function vouchFor(user: string, service: string): Promise<ActedFor> {
  const account = accountOf(serviceIn(readKeytab(undefined), service))
  const client = clientOf(account)
  const ticket = await client.s4u2self(user)
  const acceptor = createAcceptor({ keytab: readKeytab(undefined), service: formatPrincipal(account) })
  const expected = {
    client: formatPrincipal(ticket.client),
    service: formatPrincipal(account),
    sessionKey: ticket.sessionKey,
  }
  const { principal } = await acceptor.identify(ticket.ticket, 'asserted', expected)
  return actedFor(principal, evidenceFromS4u2self(ticket), account)
}

function actedFor(principal: string, evidence: EvidenceTicket, account: Principal): ActedFor {
  const name = formatPrincipal(evidence.client)
  const tickets = { principal: name, ticketFor: (spn: string) => clientOf(account).s4u2proxy(evidence, spn) }
  return { principal, tickets, expiresAt: evidence.expiresAt }
}

function clientOf(account: Principal): KdcClient {
  const principal = formatPrincipal(account)
  const keytab = keytabName()
  const { KRB5_CONFIG } = process.env
  return knownClient(readKeytab(keytab), [keytab, principal, KRB5_CONFIG], () =>
    createKdcClient({ credentials: { keytab, principal } }),
  )
}

/**
 * Returns the principal that speaks to the KDC for a service: in Active Directory the account,
 * which has a name of one part; elsewhere the service itself.
 */
function accountOf(service: Principal): Principal {
  const { entries } = readKeytab(undefined)
  const account = entries.find(
    ({ principal: { name, realm } }) => name.nameString.length === 1 && realm === service.realm,
  )
  return account?.principal ?? service
}

/** @throws MissingKeyError, MalformedTokenError */
function serviceIn({ entries }: Keytab, text: string): Principal {
  const { type, host } = parseService(text)
  const found = entries.find(
    ({ principal: { name } }) =>
      name.nameString[0] === type && (host === undefined ? name.nameString.length === 2 : name.nameString[1] === host),
  )
  if (found !== undefined) return found.principal
  throw new MissingKeyError(`the keytab has no key of the service ${text}`)
}
