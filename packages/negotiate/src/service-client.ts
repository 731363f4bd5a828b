import type { Acceptor } from '@s4u/acceptor'
import { createKdcClient, type KdcClient } from '@s4u/kdc-client'
import type { Keytab } from '@s4u/krb5'
import type { NegotiatorOptions } from './negotiator-options.js'

/** The service at the KDC: one client for as long as the keytab stays the same, since it signs in with what is in there. */
export class ServiceClient {
  readonly #acceptor: Acceptor
  readonly #options: NegotiatorOptions
  #current: { readonly keys: readonly string[]; readonly client: Promise<KdcClient> } | undefined

  constructor(acceptor: Acceptor, options: NegotiatorOptions) {
    this.#acceptor = acceptor
    this.#options = options
  }

  /** @throws ConfigurationError, MissingKeyError */
  async get(): Promise<KdcClient> {
    await this.#acceptor.ready()
    // A keytab that was read again brings a new list.
    const { principals: keys } = this.#acceptor
    if (this.#current?.keys !== keys) this.#current = { keys, client: this.#create() }
    const { client } = this.#current
    return client.catch((error: unknown) => {
      if (this.#current?.client === client) this.#current = undefined
      throw error
    })
  }

  async #create(): Promise<KdcClient> {
    const { kdc, kdcTimeLimit, domains, ticketCache, delegation, encryptionTypes, now, random } = this.#options
    // Nobody may have come since the keytab was written anew, for the acceptor to look at it.
    const reload = (): Promise<Keytab> => this.#acceptor.keytab()
    const keytab = await reload()
    const principal = delegation?.principal
    return createKdcClient({
      credentials: { keytab, reload, ...(principal !== undefined && { principal }) },
      ...(kdc !== undefined && { kdc }),
      ...(kdcTimeLimit !== undefined && { timeLimit: kdcTimeLimit }),
      ...(domains && { domains }),
      ...(ticketCache && { cache: ticketCache }),
      ...(encryptionTypes && { encryptionTypes }),
      ...(now && { now }),
      ...(random && { random }),
    })
  }
}
