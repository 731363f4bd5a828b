/**
 * Shares tickets between instances of a service. They are encrypted, so that the operator of the
 * store can neither read nor forge them.
 */

import { ConfigurationError, decodeCcache, encodeCcache } from '@s4u/krb5'
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, type KeyObject, createSecretKey } from 'node:crypto'
import { credentialOf, ticketOf } from '../tickets/ccache-credential.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { unlessAborted, withTimeLimit } from '../async/time-limit.js'

/**
 * A store that instances of a service share: `redisTicketStore` of `@s4u/redis`, or one that passes
 * the rules in docs/stores.md. Neither keys nor values reveal anything.
 */
export interface TicketStore {
  get(key: string): Promise<Uint8Array | undefined> | Uint8Array | undefined
  /** @param lifetime milliseconds; the ticket is worthless after that */
  set(key: string, value: Uint8Array, lifetime: number): Promise<void> | void
  /**
   * Takes a lease, unless somebody has it: of several calls, through whichever instances, one gets
   * `true` until `lifetime` milliseconds have passed or the lease was released. With it, one
   * instance asks the KDC for a ticket while the others wait a moment. Redis does it with SET NX
   * PX. Default: each instance asks by itself.
   */
  lease?(key: string, lifetime: number): Promise<boolean> | boolean
  /** Ends a lease before its time. */
  release?(key: string): Promise<void> | void
}

/** A store in which instances of a service share tickets, and the secret that seals them there. */
export interface TicketStoreOptions {
  readonly store: TicketStore
  /**
   * At least 32 random octets, the same ones in all instances: `openssl rand -base64 32`. To change
   * it, give a list: the first one seals, all open. Put the new one behind the old one on all
   * instances, then in front, and take the old one away when the tickets have ended.
   */
  readonly secret: Uint8Array | string | readonly (Uint8Array | string)[]
  /**
   * How long one instance may take to get a ticket, with the sign-in before it, until the others
   * ask the KDC too; milliseconds, from 100 to 60,000. The store has a fifth of it for each answer.
   * An instance that dies meanwhile delays the others by as much. Default: 1,500. Example: `5_000`
   * where the KDC is far away.
   */
  readonly leaseFor?: number
}

const NONCE = 12
const TAG = 16
/** The shortest secret, in octets: as long as the keys that are made of it. */
const MIN_SECRET = 32

/**
 * The life of a lease; milliseconds. A KDC answers within some tens of them, and a request must not
 * wait long for an instance that has died.
 */
const LEASE = 1_500
/**
 * The shortest lease; milliseconds. Within less no KDC has answered, and every instance would ask
 * it.
 */
const MIN_LEASE = 100
/**
 * The longest lease; milliseconds. Other instances wait for one that has died until its lease
 * ends.
 */
const MAX_LEASE = 60_000

/**
 * The part of a lease for which the store is waited for. A store in the same network answers within
 * a few milliseconds, and a KDC takes some tens, so after 300 ms the KDC is faster.
 */
const STORE_SHARE = 5

/** What came of looking for a ticket in the store. */
export interface FoundInStore {
  readonly ticket?: ServiceTicket
  /** Without it the store has failed, or did not answer in time. */
  readonly isAnswered: boolean
}

/**
 * Encrypts tickets and keeps them in a store. If the store, or something in it, is lost, that is no
 * error: the tickets come from the KDC then.
 */
export class SealedTickets {
  readonly #store: TicketStore
  /** The first one seals. */
  readonly #secrets: readonly [DerivedKeys, ...DerivedKeys[]]
  readonly #random: (length: number) => Uint8Array
  /** How long a lease lives; milliseconds. */
  readonly leaseFor: number

  /** @throws ConfigurationError for a secret that is too short, or a lease that is out of bounds */
  constructor(options: TicketStoreOptions, random: (length: number) => Uint8Array) {
    const { store, secret, leaseFor = LEASE } = options
    const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
    const [first, ...others] = secrets
    requireLease(leaseFor)
    this.#store = store
    this.#random = random
    this.#secrets = [derivedKeys(first), ...others.map(derivedKeys)]
    this.leaseFor = leaseFor
  }

  /** Looks with each secret; the store has answered if it did for one of them. */
  async find(id: string): Promise<FoundInStore> {
    const found = await Promise.all(this.#secrets.map((keys) => this.#findWith(keys, id)))
    const isAnswered = found.some((one) => one.isAnswered)
    const ticket = found.find((one) => one.ticket !== undefined)?.ticket
    return { isAnswered, ...(ticket !== undefined && { ticket }) }
  }

  async keep(id: string, ticket: ServiceTicket, lifetime: number): Promise<void> {
    if (lifetime <= 0) return
    const [keys] = this.#secrets
    try {
      await this.#store.set(nameOf(keys, id), this.#close(keys, id, ticket), lifetime)
    } catch {
      // No caller waits for this promise, so an unhandled rejection would end the process.
    }
  }

  /**
   * Returns the lease of a ticket. A store that has no leases, or fails, gives one to everybody:
   * more exchanges than needed are better than none.
   */
  async lease(id: string): Promise<TicketLease> {
    const store = this.#store
    const name = `${nameOf(this.#secrets[0], id)}:lease`
    if (store.lease === undefined) return UNASKED
    const end = performance.now() + this.leaseFor
    try {
      const taken = await this.#answerOf(async () => store.lease?.(name, this.leaseFor))
      const release = (): void => {
        // After its end it is another instance's.
        if (performance.now() < end) this.#release(name)
      }
      return taken === false ? TAKEN : { isHeld: true, isGiven: true, release }
    } catch {
      return UNASKED
    }
  }

  #release(name: string): void {
    // A lease that is not released ends by itself.
    void (async () => this.#store.release?.(name))().catch(() => {})
  }

  async #findWith(keys: DerivedKeys, id: string): Promise<FoundInStore> {
    const name = nameOf(keys, id)
    let sealed: Uint8Array | undefined
    try {
      sealed = await this.#answerOf(async () => this.#store.get(name))
    } catch {
      return { isAnswered: false }
    }
    try {
      return sealed === undefined ? { isAnswered: true } : { isAnswered: true, ticket: open(keys, id, sealed) }
    } catch {
      return { isAnswered: true }
    }
  }

  /** Waits for the store. An answer that came while this process was busy is not late. */
  #answerOf<T>(question: () => Promise<T>): Promise<T> {
    return withTimeLimit(this.leaseFor / STORE_SHARE, undefined, (signal) =>
      unlessAborted(question(), afterReading(signal)),
    )
  }

  /**
   * Encrypts a ticket. The id is authenticated too, so a ticket that is moved to another key of the
   * store does not decrypt.
   */
  #close({ seal }: DerivedKeys, id: string, ticket: ServiceTicket): Uint8Array {
    const nonce = this.#random(NONCE)
    const cipher = createCipheriv('aes-256-gcm', seal, nonce).setAAD(Buffer.from(id))
    const sealed = Buffer.concat([cipher.update(encodeTicket(ticket)), cipher.final()])
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()])
  }
}

/** The lease of a ticket: who holds it asks the KDC, the others wait. */
export interface TicketLease {
  readonly isHeld: boolean
  /** Whether the store has given it; without a store that can, everybody holds one. */
  readonly isGiven: boolean
  release(): void
}

const UNASKED: TicketLease = { isHeld: true, isGiven: false, release: () => {} }
const TAKEN: TicketLease = { isHeld: false, isGiven: false, release: () => {} }

/**
 * Returns a signal that aborts after this one, when what lies in the sockets has been read: a timer
 * comes first in a process that was busy.
 */
function afterReading(signal: AbortSignal): AbortSignal {
  const later = new AbortController()
  signal.addEventListener('abort', () => setImmediate(() => later.abort(signal.reason)), { once: true })
  return later.signal
}

/** @throws ConfigurationError */
function requireLease(leaseFor: unknown): void {
  if (typeof leaseFor === 'number' && leaseFor >= MIN_LEASE && leaseFor <= MAX_LEASE) return
  throw new ConfigurationError(
    `leaseFor of the shared ticket cache must be a number of milliseconds from ${MIN_LEASE} to ${MAX_LEASE}`,
    { hint: `Leave it out for ${LEASE}.` },
  )
}

interface DerivedKeys {
  readonly names: KeyObject
  readonly seal: KeyObject
}

/** @throws ConfigurationError for a secret that is too short */
function derivedKeys(secret: unknown): DerivedKeys {
  const octets = typeof secret === 'string' ? Buffer.from(secret) : secret
  // The secret is undefined at run time if an environment variable is not set.
  if (!(octets instanceof Uint8Array) || octets.length < MIN_SECRET)
    throw new ConfigurationError(`the secret of the shared ticket cache has less than ${MIN_SECRET} octets`, {
      hint: 'Draw it once (openssl rand -base64 32) and give the same one to all instances.',
    })
  const derive = (purpose: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', octets, new Uint8Array(0), `s4u tickets ${purpose}`, 32)))
  return { names: derive('names'), seal: derive('seal') }
}

/**
 * This form of names and values is the first, of version 0.1. Another form will have another name,
 * so that instances of two versions do not meet each other's.
 */
function nameOf({ names }: DerivedKeys, id: string): string {
  return `s4u:${createHmac('sha256', names).update(id).digest('base64url')}`
}

function open({ seal }: DerivedKeys, id: string, sealed: Uint8Array): ServiceTicket {
  // Node accepts authentication tags of four octets, which can be guessed. Source: NIST SP
  // 800-38D, appendix C.
  if (sealed.length < NONCE + TAG) throw new RangeError('too short for a sealed ticket')
  const nonce = sealed.subarray(0, NONCE)
  const decipher = createDecipheriv('aes-256-gcm', seal, nonce, { authTagLength: TAG }).setAAD(Buffer.from(id))
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
  const plain = Buffer.concat([decipher.update(sealed.subarray(NONCE, sealed.length - TAG)), decipher.final()])
  return ticketOf(decodeCcache(plain).credentials[0])
}

/** Encodes a ticket as a credential cache: that format has everything that its holder needs. */
function encodeTicket(ticket: ServiceTicket): Uint8Array {
  return encodeCcache({ principal: ticket.client, credentials: [credentialOf(ticket)], settings: [], kdcOffset: 0 })
}
