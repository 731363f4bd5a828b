import {
  encryptionTypeName,
  MissingKeyError,
  openTicket,
  printableName,
  RejectedTokenError,
  S4uError,
  sameName,
} from '@s4u/krb5'
import type { OpenedTicket, Ticket } from '@s4u/krb5'
import type { VerifiedTicket } from './verified-ticket.js'
import type { AcceptorSettings } from '../options/acceptor-settings.js'
import { findPac } from '../checks/find-pac.js'
import { requirePermittedKey } from '../checks/ap-req-checks.js'
import { clearTextName } from '../keys/clear-text-name.js'
import { isAnonymous, requireTrustedPath } from '../checks/client-realm.js'
import { namesOf } from './names-of-client.js'
import { OpenedTicketCache } from './opened-ticket-cache.js'
import { type BelievedPac, believePac } from '../pac-authority/believed-pac.js'
import { requireOwnVoucher } from '../pac-authority/vouchers.js'
import { verifyPac } from '../checks/pac-checks.js'
import type { ServiceKey, ServiceKeys } from '../keys/service-keys.js'

/** A verified ticket, and whether it had been opened for an earlier request. */
export interface FoundTicket {
  readonly ticket: VerifiedTicket
  readonly seenBefore: boolean
}

/** Opens and verifies tickets. A ticket that its client uses again is opened once. */
export class TicketOpener {
  readonly #settings: AcceptorSettings
  readonly #cache: OpenedTicketCache

  constructor(settings: AcceptorSettings) {
    this.#settings = settings
    this.#cache = new OpenedTicketCache(settings.openedTicketCacheSize)
  }

  /**
   * Returns a ticket that was opened before, with a key that is still valid and under the same
   * name. The name is not sealed, and a KDC uses it when the ticket is shown as evidence. An
   * attacker who changes the name in one request must not change it for later requests.
   */
  find(ticket: Ticket, keys: ServiceKeys): VerifiedTicket | undefined {
    const known = this.#cache.find(ticket.encPart, this.#settings.now())
    if (known === undefined) return undefined
    if (keys.has(known.serviceKey.key) && this.#isUpToDate(known, keys))
      return hasSameName(known.opened.ticket, ticket) ? known : undefined
    this.#cache.forget(ticket.encPart)
    return undefined
  }

  /**
   * Opens a ticket with one of the keys, and verifies it.
   * @throws MissingKeyError KRB_AP_ERR_NOKEY or KRB_AP_ERR_BADKEYVER when the keytab has no key for
   * it
   * @throws RejectedTokenError KRB_AP_ERR_NOT_US, KRB_AP_ERR_BAD_INTEGRITY when no key opens it,
   * and the codes of all checks of the ticket
   * @throws MalformedTokenError
   */
  open(presented: Ticket, keys: ServiceKeys): FoundTicket {
    const ticket = copyOf(presented)
    const { opened, serviceKey } = openWithOneOf(ticket, keys)
    const accepted = verify(opened, serviceKey, keys.realms, this.#settings)
    return { ticket: accepted, seenBefore: this.#cache.remember(accepted, this.#settings.now()) }
  }

  /** Verifies an opened ticket with what is known now. @throws as `open` */
  verifyAgain({ opened, serviceKey }: VerifiedTicket, keys: ServiceKeys): VerifiedTicket {
    return verify(opened, serviceKey, keys.realms, this.#settings)
  }

  clear(): void {
    this.#cache.clear()
  }

  /** Returns whether everything that the verdict depended on is unchanged. */
  #isUpToDate({ domainSidsVersion, ownRealms }: VerifiedTicket, { realms }: ServiceKeys): boolean {
    if (domainSidsVersion !== undefined && domainSidsVersion !== this.#settings.domainSids.version) return false
    return ownRealms === realms || sameRealms(ownRealms, realms)
  }
}

/**
 * Returns whether an error says that none of our keys opened the ticket, so that a newer keytab may
 * help.
 */
export function isKeyTrouble(error: unknown): boolean {
  return S4uError.is(error) && KEY_TROUBLE.has(error.code)
}

const KEY_TROUBLE: ReadonlySet<string> = new Set([
  'KRB_AP_ERR_NOKEY',
  'KRB_AP_ERR_BADKEYVER',
  'KRB_AP_ERR_BAD_INTEGRITY',
  'KRB_AP_ERR_NOT_US',
])

/** Compares in the order of the keytab. Another order only costs one more verification. */
function sameRealms(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((realm, index) => realm === b[index])
}

function hasSameName(a: Ticket, b: Ticket): boolean {
  return a.realm === b.realm && sameName(a.sname, b.sname)
}

/**
 * Copies a ticket, which outlives its request as evidence and in the cache: a view would keep the
 * whole request in memory.
 */
function copyOf({ realm, sname, encPart }: Ticket): Ticket {
  const { etype, kvno, cipher } = encPart
  return { realm, sname, encPart: { etype, kvno, cipher: cipher.slice() } }
}

function openWithOneOf(ticket: Ticket, keys: ServiceKeys): { opened: OpenedTicket; serviceKey: ServiceKey } {
  const candidates = keys.candidatesFor(ticket)
  for (const serviceKey of candidates) {
    try {
      return { opened: openTicket(ticket, serviceKey.key), serviceKey }
    } catch (error) {
      if (!(error instanceof RejectedTokenError)) throw error
    }
  }
  throw noKeyFits(ticket, keys, candidates)
}

function verify(
  opened: OpenedTicket,
  serviceKey: ServiceKey,
  ownRealms: readonly string[],
  settings: AcceptorSettings,
): VerifiedTicket {
  const { encTicketPart } = opened
  const { crealm, cname } = encTicketPart
  const { realm: serviceRealm } = serviceKey.principal
  requirePermittedKey(encTicketPart.key, 'session key', settings.permits)
  const received = findPac(encTicketPart)
  if (received === undefined) refuseMissingPac(crealm, settings)
  else verifyPac(received, encTicketPart, serviceKey.key)
  requireOwnVoucher(crealm, serviceRealm, ownRealms, settings.mayVouchFor)
  requireTrustedPath(encTicketPart, received, serviceRealm, settings.trustedRealms)
  const anonymous = isAnonymous(encTicketPart)
  if (anonymous && !settings.allowAnonymous)
    throw new RejectedTokenError('the client is anonymous', { code: 'KDC_ERR_POLICY' })
  const { pac, provisional } = received
    ? believePac(received, encTicketPart, { serviceRealm, ownRealms }, settings)
    : NO_PAC
  const client = { name: cname, realm: crealm }
  const names = namesOf(client, serviceRealm, settings)
  const domainSidsVersion = provisional ? settings.domainSids.version : undefined
  const hasNoGroups = received?.logonInfo === undefined && settings.noPacMeansNoGroups
  return { opened, serviceKey, ownRealms, client, ...names, pac, domainSidsVersion, hasNoGroups, anonymous }
}

/** Provisional: another ticket may show later that the realm's users have a PAC. */
const NO_PAC: Partial<BelievedPac> = { pac: undefined, provisional: true }

function refuseMissingPac(realm: string, { requirePac }: AcceptorSettings): void {
  if (!requirePac(realm)) return
  throw new RejectedTokenError(`the ticket of a user of ${printableName(realm)} has no PAC`, {
    code: 'KDC_ERR_POLICY',
    hint: 'The client asked for a ticket without one, or the service account has NO_AUTH_DATA_REQUIRED set in userAccountControl. Tickets of that realm have one, as the option requirePac or domainSids says, or an earlier ticket showed; requirePac: false takes such users to be in no group.',
  })
}

/**
 * Returns the error for a ticket that no key opens. It tells an operator everything that is known;
 * the client is told only the code.
 */
function noKeyFits(
  ticket: Ticket,
  keys: ServiceKeys,
  tried: readonly ServiceKey[],
): MissingKeyError | RejectedTokenError {
  const { encPart } = ticket
  const name = clearTextName(ticket)
  const type = encryptionTypeName(encPart.etype)
  const version = encPart.kvno === undefined ? 'without kvno' : `kvno ${encPart.kvno}`
  const attempts = tried.slice(0, 8).map(({ label, kvno }) => `${label} kvno ${kvno}`)
  const what = `the ticket for ${name} (${type}, ${version}) does not open with any key of the keytab; tried ${attempts.join(', ') || 'none'}`
  if (!keys.serves(ticket)) return new RejectedTokenError(what, { code: 'KRB_AP_ERR_NOT_US', hint: HINT_NOT_US })
  if (tried.length === 0) return new MissingKeyError(what, { code: 'KRB_AP_ERR_NOKEY', hint: HINT_NO_TYPE })
  if (!keys.hasVersion(encPart)) return new MissingKeyError(what, { code: 'KRB_AP_ERR_BADKEYVER', hint: HINT_VERSION })
  return new RejectedTokenError(what, { code: 'KRB_AP_ERR_BAD_INTEGRITY', hint: HINT_INTEGRITY })
}

const HINT_NOT_US =
  'The client asked for another service: look at the host name in the URL and at DNS aliases. Add the name to the account and its key to the keytab, and to service where that is given.'
const HINT_NO_TYPE =
  'Export the keytab with all encryption types of the account, or set msDS-SupportedEncryptionTypes to what the keytab has.'
const HINT_VERSION =
  'The password of the service account was changed after the keytab was written: export it again. Clients keep old tickets until these end, so keep the old keys as well.'
const HINT_INTEGRITY =
  'The usual causes: the SPN is registered on another account than the one in the keytab (setspn -Q), the password was changed without a new keytab, or a host alias leads to another account. Else the ticket was damaged on the way.'
