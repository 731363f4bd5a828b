import { ConfigurationError, MissingKeyError, S4uError } from '@s4u/krb5'
import { findNetlogonPort } from '../netlogon/endpoint-mapper.js'
import { aesChannel } from './aes-channel.js'
import type { ChannelDeps, SignedIn } from './channel-session.js'
import { isUnknownCall, kerberosChannel } from './kerberos-channel.js'

/**
 * Signs the machine account in at one controller: with a ticket where the controller takes it, else
 * with the NT hash. Both forms are sealed and prove the controller, so an attacker who takes the
 * first away has won nothing.
 */
export class ChannelSignIn {
  readonly #deps: ChannelDeps
  #refusal: unknown
  /** Until when the ticket is not tried again. */
  #refusedUntil = 0

  constructor(deps: ChannelDeps) {
    this.#deps = deps
  }

  /** Why the controller did not take a ticket last. */
  get ticketRefusal(): unknown {
    return this.#refusal
  }

  /**
   * @throws MissingKeyError where the controller wants the NT hash, and the keytab does not have it
   * @throws ConfigurationError, RejectedTokenError, RpcFaultError, NetlogonUnreachableError
   */
  async run(signal: AbortSignal): Promise<SignedIn> {
    const port = await findNetlogonPort(this.#deps.mapper, signal)
    return (await this.#byTicket(port, signal)) ?? (await this.#byHash(port, signal))
  }

  async #byTicket(port: number, signal: AbortSignal): Promise<SignedIn | undefined> {
    const { ticket, now, timeLimit } = this.#deps
    if (ticket === undefined || now() < this.#refusedUntil) return undefined
    try {
      // The other form needs time too.
      const half = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(timeLimit / 2))])
      const signedIn = await kerberosChannel({ ...this.#deps, ticket }, port, half)
      this.#refusal = undefined
      return signedIn
    } catch (error) {
      if (signal.aborted) throw error
      this.#refusal = error
      this.#refusedUntil = now() + TICKET_AGAIN
      return undefined
    }
  }

  async #byHash(port: number, signal: AbortSignal): Promise<SignedIn> {
    try {
      return await aesChannel(this.#deps, port, signal)
    } catch (error) {
      if (!(error instanceof MissingKeyError) && !isTicketDemanded(error)) throw error
      // Without the other form there is nothing to wait for.
      this.#refusedUntil = 0
      throw this.#neither(error)
    }
  }

  /** Returns the error that says most: why there is no ticket, or what the controller lacks. */
  #neither(error: S4uError): S4uError {
    const { ticket, names } = this.#deps
    const { message, code } = error
    if (ticket === undefined)
      return new MissingKeyError(`${message}, and a ticket is for names: ${names.server} is an address`, {
        code,
        cause: error,
        hint: `Name the controller, with which keys of AES serve: controllers: { host: 'dc1.corp.test', address: '${names.server}' }. ${OR_THE_HASH}`,
      })
    if (!isUnknownCall(this.#refusal)) return S4uError.is(this.#refusal) ? this.#refusal : error
    return new MissingKeyError(`${message}, and ${names.server} takes no ticket for the secure channel`, {
      code,
      cause: error,
      hint: `${OR_THE_HASH} Keys of AES alone serve where the controller is Windows Server 2025, or Samba 4.22 with the setting: server support krb5 netlogon = yes.`,
    })
  }
}

function isTicketDemanded(error: unknown): error is ConfigurationError {
  return error instanceof ConfigurationError && error.code === 'STATUS_DOWNGRADE_DETECTED'
}

/** A controller that takes no ticket may be a newer one later; milliseconds. */
const TICKET_AGAIN = 600_000
const OR_THE_HASH =
  'Export the keytab of the machine account with its key of rc4-hmac too, or give account.password in its place.'
