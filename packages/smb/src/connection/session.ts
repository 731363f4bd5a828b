import type { Initiator } from '@s4u/gssapi'
import { FileServerUnreachableError } from '../errors.js'
import { Command } from '../wire/header.js'
import { emptyRequest } from '../wire/session-messages.js'
import { Status } from '../wire/status.js'
import type { Agreement, NegotiatedConnection } from './negotiate.js'
import type { Reply, Request, RequestContext } from './request.js'
import { signIn, signInAgain, type SignedIn } from './sign-in.js'
import { sessionEnded } from '../transport/transport.js'

/** Who acts on a file server: an `Impersonation` of @s4u/negotiate, or what does as one. */
export interface ShareUser {
  /**
   * The client's side of a GSS-API negotiation with a service.
   * @param spn `cifs/files.ad.test`
   */
  contextFor(spn: string, options?: ShareUserOptions): Promise<Initiator>
  /**
   * Asked before each call, if it is there: it fails for a user who has ended, or may not be acted
   * for any more, and then nothing is sent in an open session either.
   */
  ticketFor?(spn: string, options?: { readonly signal?: AbortSignal }): Promise<unknown>
}

/** What a session asks of the context with which it signs in. */
export interface ShareUserOptions {
  readonly signal?: AbortSignal
  readonly mutual?: boolean
  /** Asks for a ticket that no cache has had. */
  readonly fresh?: boolean
}

/** A session whose connection was lost, as the server knows it. */
export interface LostSession {
  readonly sessionId: bigint
  readonly clientGuid: Uint8Array
}

/** So long before its ticket ends a session signs in again; milliseconds. */
const BEFORE_EXPIRY = 60_000

/** What a request of a session says beside its octets. */
export type SessionRequest = Omit<RequestContext, 'protection' | 'sessionId'>

/** A user's session on a connection. It signs in again before its ticket ends. */
export class Session {
  readonly negotiated: NegotiatedConnection
  readonly #user: ShareUser
  readonly #spn: string
  readonly #signedIn: SignedIn
  readonly #now: () => number
  #expiresAt: number
  #isDeleted = false
  #again: Promise<void> | undefined

  private constructor(
    negotiated: NegotiatedConnection,
    user: ShareUser,
    spn: string,
    signedIn: SignedIn,
    now: () => number,
  ) {
    this.negotiated = negotiated
    this.#user = user
    this.#spn = spn
    this.#signedIn = signedIn
    this.#expiresAt = signedIn.expiresAt
    this.#now = now
  }

  /** @throws as `contextFor` of the user, and as `signIn` */
  static async open(
    negotiated: NegotiatedConnection,
    user: ShareUser,
    spn: string,
    now: () => number,
    signal: AbortSignal,
    lost?: LostSession,
  ): Promise<Session> {
    const initiator = await user.contextFor(spn, { signal, mutual: true })
    return new Session(negotiated, user, spn, await signIn(negotiated, initiator, signal, lost?.sessionId), now)
  }

  /** What finds again the files of this session, when its connection is lost. */
  get asLost(): LostSession {
    return { sessionId: this.#signedIn.protection.sessionId, clientGuid: this.agreement.offer.clientGuid }
  }

  get agreement(): Agreement {
    return this.negotiated.agreement
  }

  get isOpen(): boolean {
    return !this.#isDeleted && this.negotiated.connection.isOpen
  }

  get encrypts(): boolean {
    return this.#signedIn.encrypts
  }

  /**
   * Sends a chain of requests in this user's name.
   * @throws as `Connection.exchange`, also where the server has ended the session; and as signing
   * in, where the ticket has ended
   */
  async request(requests: readonly Request[], options: SessionRequest): Promise<readonly Reply[]> {
    if (this.#expiresAt - BEFORE_EXPIRY <= this.#now()) await this.#signInAgain(false)
    const replies = await this.#exchange(requests, options)
    if (!replies.some(({ status }) => status === Status.NETWORK_SESSION_EXPIRED)) return replies
    await this.#signInAgain(true)
    // The server did nothing of what it answers so. Where it has done the first of a chain, the
    // chain is not sent again: what was made, renamed or removed would be so twice.
    return replies[0].status === Status.NETWORK_SESSION_EXPIRED ? this.#exchange(requests, options) : replies
  }

  /** Ends the session on the server. What is open in it is closed. */
  async logOff(): Promise<void> {
    const { connection } = this.negotiated
    const { protection } = this.#signedIn
    if (!this.isOpen) return connection.unprotect(protection.sessionId)
    try {
      await this.#exchange([{ command: Command.LOGOFF, body: emptyRequest() }], {})
    } finally {
      connection.unprotect(protection.sessionId)
    }
  }

  async #exchange(requests: readonly Request[], options: SessionRequest): Promise<readonly Reply[]> {
    const { connection } = this.negotiated
    const { protection, encrypts } = this.#signedIn
    const isSealed = encrypts || options.isSealed === true
    if (this.#isDeleted) throw sessionEnded(connection.server)
    const replies = await connection.exchange(requests, { ...options, protection, isSealed })
    if (!replies.some(({ status }) => status === Status.USER_SESSION_DELETED)) return replies
    // Anybody can say so. What was asked may have been done, and is not asked once more.
    this.#isDeleted = true
    throw sessionEnded(connection.server)
  }

  /** One at a time: what finds it under way waits for it. */
  #signInAgain(fresh: boolean): Promise<void> {
    this.#again ??= this.#withNewTicket(fresh).finally(() => {
      this.#again = undefined
    })
    return this.#again
  }

  async #withNewTicket(fresh: boolean): Promise<void> {
    const initiator = await this.#user.contextFor(this.#spn, { mutual: true, fresh })
    const { protection } = this.#signedIn
    try {
      this.#expiresAt = await signInAgain(this.negotiated, initiator, { protection })
    } catch (error) {
      this.#isDeleted ||= error instanceof FileServerUnreachableError
      throw error
    }
  }
}
