import { formatPrincipal, NameType, type Principal, type Ticket } from '@s4u/krb5'
import { createHash } from 'node:crypto'
import type { S4uUser } from '../tickets/s4u-user.js'
import type { ServiceTarget } from '../tickets/service-target.js'
import { nameOf } from '../tickets/principal-name.js'

/**
 * Everything that decides which ticket a request gets. Two askers who differ in any of it never share an entry, and there is no
 * option that leaves something out: caches keyed by the service alone have handed users each other's tickets.
 */
export type TicketKey = {
  /** Who asks the KDC, with realm. */
  readonly client: string
  /** KDC options beside those that every request has. */
  readonly options?: readonly number[]
  /** Encryption types offered, in their order. */
  readonly etypes: readonly number[]
  /** The machine whose identity tickets carry beside that of who asks. Instances on several machines may share a store. */
  readonly armor?: string | undefined
} & (
  | { readonly kind: 'own'; readonly service: string; readonly userToUser?: string }
  | {
      readonly kind: 's4u2self'
      /** The user as asked for, with realm; empty where only a certificate says who it is. */
      readonly user: string
      readonly userNameType: number
      readonly certificate?: string
    }
  | { readonly kind: 's4u2proxy'; readonly user: string; readonly evidence: string; readonly service: string }
  | { readonly kind: 'forwarded'; readonly tgt: string; readonly service: string }
)

/** An unambiguous form: JSON quotes what a joined string would run together. The order of the properties is fixed here, not by the caller. */
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

interface Asker<Kind extends string> {
  readonly kind: Kind
  readonly client: string
  readonly etypes: readonly number[]
  readonly armor?: string | undefined
}

/** The key of a ticket to the service itself in a user's name: by all that says who the user is. */
export function transitionKey(asker: Asker<'s4u2self'>, { principal, certificate }: S4uUser): TicketKey {
  return {
    ...asker,
    user: principal === undefined ? '' : formatPrincipal(principal),
    userNameType: principal?.name.nameType ?? NameType.UNKNOWN,
    ...(certificate && { certificate: fingerprintOfOctets(certificate) }),
  }
}

const fingerprints = new WeakMap<Ticket, string>()

/** Which ticket it is: the sealed part is different in each that a KDC issues. */
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
 * The keys of delegations, made once for each evidence and target: every request of a user asks for the same ones. What decides is which
 * values they are, not how they are written, so that no two askers can meet here who would not have the same key.
 */
export class ProxyIds {
  private readonly known = new WeakMap<Ticket, KnownIds>()

  of(
    { client, ticket }: { readonly client: Principal; readonly ticket: Ticket },
    target: ServiceTarget,
    asker: Asker<'s4u2proxy'>,
  ): string {
    let ids = this.known.get(ticket)
    if (ids?.client !== client) {
      ids = { client, byTarget: new Map() }
      this.known.set(ticket, ids)
    }
    const known = ids.byTarget.get(target)
    if (known !== undefined) return known
    const id = identify({ ...asker, user: nameOf(client), evidence: fingerprintOf(ticket), service: target.text })
    // Targets are read anew now and then, and are other values then.
    if (ids.byTarget.size >= MAX_TARGETS_EACH) ids.byTarget.clear()
    ids.byTarget.set(target, id)
    return id
  }
}

const MAX_TARGETS_EACH = 16
