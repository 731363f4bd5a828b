import { formatPrincipal, NameType, type Principal, type Ticket } from '@s4u/krb5'
import { createHash } from 'node:crypto'
import type { S4uUser } from '../tickets/s4u-user.js'
import type { ServiceTarget } from '../tickets/service-target.js'
import { nameOf } from '../tickets/principal-name.js'

/**
 * Everything that decides which ticket a request gets. Two requests that differ in any of it never
 * share a cache entry, and no option leaves anything out: caches with the service as the only key
 * have handed users each other's tickets.
 */
export type TicketKey = {
  /** The account that asks the KDC, with its realm. */
  readonly client: string
  /** The numbers of KDC options beside those of every request. */
  readonly options?: readonly number[]
  /** The encryption types that the request offers, in their order. */
  readonly etypes: readonly number[]
  /**
   * The machine whose identity is in the tickets too (compound identity). Instances on several
   * machines may share a store.
   */
  readonly armor?: string | undefined
} & (
  | { readonly kind: 'own'; readonly service: string; readonly userToUser?: string }
  | {
      readonly kind: 's4u2self'
      /**
       * The user as the request names it, with its realm; empty if the request has a certificate
       * only.
       */
      readonly user: string
      readonly userNameType: number
      readonly certificate?: string
    }
  | { readonly kind: 's4u2proxy'; readonly user: string; readonly evidence: string; readonly service: string }
  | { readonly kind: 'forwarded'; readonly tgt: string; readonly service: string }
)

/**
 * Returns the key as one unambiguous text: JSON quotes what a joined string would run together. The
 * order of the properties is fixed here, not by the caller.
 */
export function identify(key: TicketKey): string {
  const { kind, client, options = NO_OPTIONS, etypes, armor = null } = key
  switch (kind) {
    case 'own':
      return JSON.stringify([kind, client, options, etypes, armor, key.service, key.userToUser ?? null])
    case 's4u2self':
      return JSON.stringify([kind, client, options, etypes, armor, key.user, key.userNameType, key.certificate ?? null])
    case 's4u2proxy':
      return JSON.stringify([kind, client, options, etypes, armor, key.user, key.evidence, key.service])
    case 'forwarded':
      return JSON.stringify([kind, client, options, etypes, armor, key.tgt, key.service])
  }
}

const NO_OPTIONS: readonly number[] = []

/** The part of a key that is the same for all requests of one client and kind. */
export interface CacheKeyBase<Kind extends string> {
  readonly kind: Kind
  readonly client: string
  readonly etypes: readonly number[]
  readonly armor?: string | undefined
}

/** Returns the key of an S4U2Self ticket: it has everything by which the request names the user. */
export function transitionKey(base: CacheKeyBase<'s4u2self'>, { principal, certificate }: S4uUser): TicketKey {
  return {
    ...base,
    user: principal === undefined ? '' : formatPrincipal(principal),
    userNameType: principal?.name.nameType ?? NameType.UNKNOWN,
    ...(certificate && { certificate: fingerprintOfOctets(certificate) }),
  }
}

const fingerprints = new WeakMap<Ticket, string>()

/**
 * Returns the digest of a ticket. No two tickets that a KDC issues have the same encrypted part.
 */
export function fingerprintOf(ticket: Ticket): string {
  const known = fingerprints.get(ticket)
  if (known !== undefined) return known
  const fingerprint = fingerprintOfOctets(ticket.encPart.cipher)
  fingerprints.set(ticket, fingerprint)
  return fingerprint
}

export function fingerprintOfOctets(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('base64')
}

interface KnownIds {
  readonly client: Principal
  readonly byTarget: Map<ServiceTarget, string>
}

/**
 * Remembers the keys of delegations by evidence and target, since every request of a user asks for
 * the same ones. It compares object identities, not contents, so it can never give one request the
 * key of another.
 */
export class ProxyIds {
  readonly #known = new WeakMap<Ticket, KnownIds>()

  of(
    { client, ticket }: { readonly client: Principal; readonly ticket: Ticket },
    target: ServiceTarget,
    base: CacheKeyBase<'s4u2proxy'>,
  ): string {
    let ids = this.#known.get(ticket)
    if (ids?.client !== client) {
      ids = { client, byTarget: new Map() }
      this.#known.set(ticket, ids)
    }
    const known = ids.byTarget.get(target)
    if (known !== undefined) return known
    const id = identify({ ...base, user: nameOf(client), evidence: fingerprintOf(ticket), service: target.text })
    // Targets are parsed again now and then, and are other objects then.
    if (ids.byTarget.size >= MAX_TARGETS_EACH) ids.byTarget.clear()
    ids.byTarget.set(target, id)
    return id
  }
}

/** Targets that are remembered for each user: a service calls few others. */
const MAX_TARGETS_EACH = 16
