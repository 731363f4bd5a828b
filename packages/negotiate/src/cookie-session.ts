import { randomBytes } from 'node:crypto'
import type { Acceptor, Identity } from '@s4u/acceptor'
import { RejectedTokenError, S4uError } from '@s4u/kdc-client'
import { cookiesFor, isShown, lengthInHeader, lengthShown, MAX_VALUE, removalOf, valueOf } from './cookie-pieces.js'
import { headerLengthOf, headerLimitOf } from './header-size.js'
import { headerOf, type NegotiableRequest, type ResponseHeaders } from './outcome.js'
import { BOX_OVERHEAD, createSealedBox, type SealedBox } from './sealed-box.js'
import type { CookieSettings } from './session-options.js'
import { decodeSessionTicket, encodeSessionTicket, restoredIdentity, sessionTicketOf } from './session-ticket.js'

/** What a request shows of a session. */
export type FoundSession =
  | { readonly status: 'none' }
  | { readonly status: 'found'; readonly identity: Identity }
  /** `headers` take the cookie away. */
  | { readonly status: 'refused'; readonly error: S4uError; readonly headers: ResponseHeaders }

export interface CookieSessionDeps {
  readonly acceptor: Pick<Acceptor, 'identify'>
  readonly now: () => number
  readonly random?: ((length: number) => Uint8Array) | undefined
  readonly warn?: (message: string) => void
}

/** Sessions in sealed cookies. Nothing is kept here, so that any instance with the keys and the keytab can go on. */
export class CookieSession {
  readonly #settings: CookieSettings
  readonly #deps: CookieSessionDeps
  readonly #box: SealedBox
  #warned = false
  /** What the server of the last request takes. */
  #headerLimit: number | undefined

  constructor(settings: CookieSettings, deps: CookieSessionDeps) {
    this.#settings = settings
    this.#deps = deps
    const { random = randomBytes } = deps
    this.#box = createSealedBox(settings.keys ?? [random(32)], `s4u session 1 ${settings.name}`, random)
  }

  /**
   * The headers that begin a session; none when the identity has no ticket, or one that is too big, in itself or for the server of
   * `request` when the client shows its token next to the cookie.
   */
  begin(identity: Identity, request?: NegotiableRequest): ResponseHeaders {
    const { name, attributes, maxAge } = this.#settings
    const session = sessionTicketOf(identity, Math.min(identity.expiresAt, this.#deps.now() + maxAge))
    if (session === undefined) return {}
    const octets = encodeSessionTicket(session)
    const length = Math.ceil(((octets.length + BOX_OVERHEAD) * 4) / 3)
    if (length > MAX_VALUE) {
      this.#warnOfSize(identity, length)
      return {}
    }
    const value = Buffer.from(this.#box.seal(octets)).toString('base64url')
    if (!this.#hasRoomFor(value, request)) {
      this.#warnOfSize(identity, length)
      return {}
    }
    return { 'Set-Cookie': cookiesFor(name, value, attributes) ?? [] }
  }

  /** The headers that take the cookies of a request away. */
  end(request: NegotiableRequest): ResponseHeaders {
    const { name, attributes } = this.#settings
    const cookies = removalOf(name, headerOf(request, 'cookie') ?? '', attributes)
    return cookies.length === 0 ? {} : { 'Set-Cookie': cookies }
  }

  async find(request: NegotiableRequest): Promise<FoundSession> {
    this.#headerLimit = headerLimitOf(request)
    const header = headerOf(request, 'cookie')
    if (header === undefined || !isShown(this.#settings.name, header)) return { status: 'none' }
    try {
      return { status: 'found', identity: await this.#restore(header) }
    } catch (error) {
      if (!S4uError.is(error)) throw error
      return { status: 'refused', error, headers: this.end(request) }
    }
  }

  /** More headers than the server takes are answered with 431, and the browser would send them again until the session is over. */
  #hasRoomFor(value: string, request: NegotiableRequest | undefined): boolean {
    const { name } = this.#settings
    const limit = request === undefined ? this.#headerLimit : headerLimitOf(request)
    if (limit === undefined) return true
    const before =
      request === undefined ? 0 : headerLengthOf(request) - lengthShown(name, headerOf(request, 'cookie') ?? '')
    return before + lengthInHeader(name, value) + HEADER_RESERVE <= limit
  }

  async #restore(header: string): Promise<Identity> {
    const value = valueOf(this.#settings.name, header)
    const octets = value === undefined ? undefined : this.#box.open(Buffer.from(value, 'base64url'))
    const session = octets && decodeSessionTicket(octets)
    if (session === undefined)
      throw refusal('the session cookie was not sealed with a key of session.keys, or is not whole')
    if (session.expiresAt <= this.#deps.now()) throw refusal('the session has ended', 'GSS_S_CREDENTIALS_EXPIRED')
    const identity = await this.#deps.acceptor.identify(session.ticket, session.method)
    if (identity.principal !== session.principal) throw refusal('the session is not of the user of its ticket')
    return restoredIdentity(identity, session)
  }

  #warnOfSize({ principal }: Identity, length: number): void {
    if (this.#warned) return
    this.#warned = true
    const { warn = emitWarning } = this.#deps
    warn(
      `the ticket of ${principal} is too big for a cookie session (${length} characters): such users authenticate with every request. ` +
        'Create the server with { maxHeaderSize: 65536 } if it takes less, take them out of groups, or turn sessions off.',
    )
  }
}

/** For what the next requests may have that this one has not: a longer URL, other cookies. */
const HEADER_RESERVE = 2_048

function refusal(message: string, code = 'GSS_S_DEFECTIVE_CREDENTIAL'): RejectedTokenError {
  return new RejectedTokenError(message, { code })
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: 'S4uWarning', code: 'S4U_SESSION_TOO_BIG' })
}
