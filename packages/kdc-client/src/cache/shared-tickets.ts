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

export interface TicketStoreOptions {
  readonly store: TicketStore
  /**
   * At least 32 random octets, the same ones in all instances: `openssl rand -base64 32`. To change
   * it, give a list: the first one seals, all open. Put the new one behind the old one on all
   * instances, then in front, and take the old one away when the tickets have ended.
   */
  readonly secret: Uint8Array | string | readonly (Uint8Array | string)[]
}

const NONCE = 12
const TAG = 16
const MIN_SECRET = 32

/**
 * The longest wait for the store; milliseconds. A store in the same network answers within a few
 * milliseconds, and a KDC takes some tens, so after this the KDC is faster.
 */
const STORE_WAIT = 300

/**
 * Encrypts tickets and keeps them in a store. If the store, or something in it, is lost, that is no
 * error: the tickets come from the KDC then.
 */
export class SealedTickets {
  readonly #store: TicketStore
  /** The first one seals. */
  readonly #secrets: readonly [DerivedKeys, ...DerivedKeys[]]
  readonly #random: (length: number) => Uint8Array

  /** @throws ConfigurationError for a secret that is too short */
  constructor({ store, secret }: TicketStoreOptions, random: (length: number) => Uint8Array) {
    const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
    const [first, ...others] = secrets
    this.#store = store
    this.#random = random
    this.#secrets = [derivedKeys(first), ...others.map(derivedKeys)]
  }

  async find(id: string): Promise<ServiceTicket | undefined> {
    const found = await Promise.all(this.#secrets.map((keys) => this.#findWith(keys, id)))
    return found.find((ticket) => ticket !== undefined)
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
  async lease(id: string, lifetime: number): Promise<TicketLease> {
    const store = this.#store
    const name = `${nameOf(this.#secrets[0], id)}:lease`
    const alone: TicketLease = { isHeld: true, release: () => {} }
    if (store.lease === undefined) return alone
    try {
      const taken = await withTimeLimit(STORE_WAIT, undefined, (signal) =>
        unlessAborted((async () => store.lease?.(name, lifetime))(), signal),
      )
      return taken === false
        ? { isHeld: false, release: () => {} }
        : { isHeld: true, release: () => this.#release(name) }
    } catch {
      return alone
    }
  }

  #release(name: string): void {
    // A lease that is not released ends by itself.
    void (async () => this.#store.release?.(name))().catch(() => {})
  }

  async #findWith(keys: DerivedKeys, id: string): Promise<ServiceTicket | undefined> {
    try {
      const name = nameOf(keys, id)
      const sealed = await withTimeLimit(STORE_WAIT, undefined, (signal) =>
        unlessAborted((async () => this.#store.get(name))(), signal),
      )
      return sealed && open(keys, id, sealed)
    } catch {
      return undefined
    }
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
  release(): void
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
