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
}

export interface TicketStoreOptions {
  readonly store: TicketStore
  /** At least 32 random octets, the same ones in all instances: `openssl rand -base64 32`. */
  readonly secret: Uint8Array | string
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
  readonly #names: KeyObject
  readonly #seal: KeyObject
  readonly #random: (length: number) => Uint8Array

  /** @throws ConfigurationError for a secret that is too short */
  constructor({ store, secret }: TicketStoreOptions, random: (length: number) => Uint8Array) {
    const octets = typeof secret === 'string' ? Buffer.from(secret) : secret
    // The secret is undefined at run time if an environment variable is not set.
    if (!(octets instanceof Uint8Array) || octets.length < MIN_SECRET)
      throw new ConfigurationError(`the secret of the shared ticket cache has less than ${MIN_SECRET} octets`, {
        hint: 'Draw it once (openssl rand -base64 32) and give the same one to all instances.',
      })
    const derive = (purpose: string): KeyObject =>
      createSecretKey(Buffer.from(hkdfSync('sha256', octets, new Uint8Array(0), `s4u tickets ${purpose}`, 32)))
    this.#store = store
    this.#random = random
    this.#names = derive('names')
    this.#seal = derive('seal')
  }

  async find(id: string): Promise<ServiceTicket | undefined> {
    try {
      const sealed = await withTimeLimit(STORE_WAIT, undefined, (signal) => unlessAborted(this.#read(id), signal))
      return sealed && this.#open(id, sealed)
    } catch {
      return undefined
    }
  }

  async keep(id: string, ticket: ServiceTicket, lifetime: number): Promise<void> {
    if (lifetime <= 0) return
    try {
      await this.#store.set(this.#nameOf(id), this.#close(id, ticket), lifetime)
    } catch {
      // No caller waits for this promise, so an unhandled rejection would end the process.
    }
  }

  async #read(id: string): Promise<Uint8Array | undefined> {
    return this.#store.get(this.#nameOf(id))
  }

  #nameOf(id: string): string {
    return `s4u:${createHmac('sha256', this.#names).update(id).digest('base64url')}`
  }

  /**
   * Encrypts a ticket. The id is authenticated too, so a ticket that is moved to another key of the
   * store does not decrypt.
   */
  #close(id: string, ticket: ServiceTicket): Uint8Array {
    const nonce = this.#random(NONCE)
    const cipher = createCipheriv('aes-256-gcm', this.#seal, nonce).setAAD(Buffer.from(id))
    const sealed = Buffer.concat([cipher.update(encodeTicket(ticket)), cipher.final()])
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()])
  }

  #open(id: string, sealed: Uint8Array): ServiceTicket {
    // Node accepts authentication tags of four octets, which can be guessed. Source: NIST SP
    // 800-38D, appendix C.
    if (sealed.length < NONCE + TAG) throw new RangeError('too short for a sealed ticket')
    const nonce = sealed.subarray(0, NONCE)
    const decipher = createDecipheriv('aes-256-gcm', this.#seal, nonce, { authTagLength: TAG }).setAAD(Buffer.from(id))
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
    const plain = Buffer.concat([decipher.update(sealed.subarray(NONCE, sealed.length - TAG)), decipher.final()])
    return ticketOf(decodeCcache(plain).credentials[0])
  }
}

/** Encodes a ticket as a credential cache: that format has everything that its holder needs. */
function encodeTicket(ticket: ServiceTicket): Uint8Array {
  return encodeCcache({ principal: ticket.client, credentials: [credentialOf(ticket)], settings: [], kdcOffset: 0 })
}
