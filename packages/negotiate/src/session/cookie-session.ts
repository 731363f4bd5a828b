import { createHash, randomBytes } from 'node:crypto'
import type { Acceptor, Identity } from '@s4u/acceptor'
import { RejectedTokenError, S4uError, type S4uErrorCode } from '@s4u/kdc-client'
import { NOT_CACHED } from '../http/caching.js'
import { cookiesFor, isShown, lengthInHeader, lengthShown, MAX_VALUE, removalOf, valueOf } from './cookie-pieces.js'
import { headerLengthOf, headerLimitOf } from '../http/header-size.js'
import type { ResponseHeaders } from '../http/response.js'
import { isEncrypted, headerOf, type NegotiableRequest } from '../http/request.js'
import { OpenedCookies } from './opened-cookies.js'
import { BOX_OVERHEAD, createSealedBox, type SealedBox } from './sealed-box.js'
import type { CookieSettings } from './session-options.js'
import { RestoredSessions, sessionOf } from './restored-sessions.js'
import { requireUnrevoked, type Session, UNKNOWN } from './session-revocation.js'
import { decodeSessionTicket, encodeSessionTicket, type SessionTicket, sessionTicketOf } from './session-ticket.js'

/** What a request shows of a session. */
export type FoundSession =
  | { readonly status: 'none' }
  /** `headers` renew the cookie, where that is due. */
  | {
      readonly status: 'found'
      readonly identity: Identity
      readonly session: Session
      readonly headers: ResponseHeaders
    }
  /** `headers` remove the cookie, unless it may still be good. */
  | { readonly status: 'refused'; readonly error: S4uError; readonly headers: ResponseHeaders }

export interface CookieSessionDeps {
  readonly acceptor: Pick<Acceptor, 'identify' | 'ready'>
  /**
   * Returns the rules by which callers were let in: a session of other rules does not count. They
   * may change with the keytab.
   */
  readonly rules: () => string
  readonly now: () => number
  readonly random?: ((length: number) => Uint8Array) | undefined
  readonly warn?: (message: string, code: string) => void
}

/** What one session has in place of the options. */
export interface SessionLimits {
  /** How long it lasts at most, milliseconds. It is never longer than the option says. */
  readonly maxAge?: number
}

/** What begins a session: `session` is absent where none could be begun. */
export interface BegunSession {
  readonly headers: ResponseHeaders
  readonly session?: Session
}

/**
 * Sessions in sealed cookies. The server keeps nothing, so any instance with the same keys and
 * keytab can continue a session.
 */
export class CookieSession {
  readonly #settings: CookieSettings
  readonly #deps: CookieSessionDeps
  readonly #random: (length: number) => Uint8Array
  readonly #keys: readonly (string | Uint8Array)[]
  #box: { readonly rules: string; readonly box: SealedBox } | undefined
  readonly #opened = new OpenedCookies()
  readonly #restored = new RestoredSessions()
  readonly #warned = new Set<string>()
  /** The limit of the server that had the last request. */
  #headerLimit: number | undefined

  constructor(settings: CookieSettings, deps: CookieSessionDeps) {
    this.#settings = settings
    this.#deps = deps
    const { random = randomBytes } = deps
    this.#random = random
    this.#keys = settings.keys ?? [random(32)]
  }

  /**
   * Begins a session. There is none, and no header, when the identity has no ticket, or a ticket
   * that is too big for cookies, or for the limit of headers of the server of `request`, whose
   * headers then have the cookies and the client's token together.
   */
  begin(
    identity: Identity,
    request?: NegotiableRequest,
    { maxAge = this.#settings.maxAge }: SessionLimits = {},
  ): BegunSession {
    const { maxIdle } = this.#settings
    const startedAt = this.#deps.now()
    const id = Buffer.from(this.#random(ID_OCTETS)).toString('base64url')
    const expiresAt = this.#endOf(startedAt, Math.min(identity.expiresAt, startedAt + maxAge))
    const seen = maxIdle !== undefined && { seenAt: startedAt }
    const ticket = sessionTicketOf(identity, { id, startedAt, expiresAt, ...seen })
    if (ticket === undefined) return NOT_BEGUN
    const octets = encodeSessionTicket(ticket)
    const length = Math.ceil(((octets.length + BOX_OVERHEAD) * 4) / 3)
    const value = length > MAX_VALUE ? undefined : this.#seal(octets)
    if (value === undefined || !this.#hasRoomFor(value, request)) {
      this.#warnOfSize(identity, length)
      return NOT_BEGUN
    }
    this.#warnOfPlainHttp(request)
    return { headers: this.#cookiesOf(value), session: sessionOf(ticket, identity, expiresAt) }
  }

  #seal(octets: Uint8Array): string {
    return Buffer.from(this.#sealedBox().seal(octets)).toString('base64url')
  }

  #cookiesOf(value: string): ResponseHeaders {
    const { name, attributes } = this.#settings
    return { ...NOT_CACHED, 'Set-Cookie': cookiesFor(name, value, attributes) ?? [] }
  }

  /** Returns the headers that remove the cookies of a request. */
  end(request: NegotiableRequest): ResponseHeaders {
    const { name, attributes } = this.#settings
    const cookies = removalOf(name, headerOf(request, 'cookie') ?? '', attributes)
    return cookies.length === 0 ? {} : { 'Set-Cookie': cookies }
  }

  isShown(request: NegotiableRequest): boolean {
    const header = headerOf(request, 'cookie')
    return header !== undefined && isShown(this.#settings.name, header)
  }

  async find(request: NegotiableRequest): Promise<FoundSession> {
    this.#headerLimit = headerLimitOf(request)
    const header = headerOf(request, 'cookie')
    if (header === undefined || !isShown(this.#settings.name, header)) return { status: 'none' }
    try {
      return { status: 'found', ...(await this.#restore(header)) }
    } catch (error) {
      if (!S4uError.is(error)) throw error
      return { status: 'refused', error, headers: error.code === UNKNOWN ? {} : this.end(request) }
    }
  }

  /**
   * Whether the server takes the cookies. It answers too many headers with 431, and the browser
   * would send them again until the session is over.
   */
  #hasRoomFor(value: string, request: NegotiableRequest | undefined): boolean {
    const { name } = this.#settings
    const limit = request === undefined ? this.#headerLimit : headerLimitOf(request)
    if (limit === undefined) return true
    const before =
      request === undefined ? 0 : headerLengthOf(request) - lengthShown(name, headerOf(request, 'cookie') ?? '')
    return before + lengthInHeader(name, value) + HEADER_RESERVE <= limit
  }

  async #restore(header: string): Promise<Omit<Extract<FoundSession, { status: 'found' }>, 'status'>> {
    const { acceptor, now } = this.#deps
    // The rules depend on the keytab, which a provider may not have given yet.
    await acceptor.ready()
    const value = valueOf(this.#settings.name, header)
    const ticket = value === undefined ? undefined : this.#open(value)
    if (ticket === undefined) throw refusal(NOT_OURS)
    const expiresAt = this.#endOf(ticket.startedAt, ticket.expiresAt)
    if (expiresAt <= now()) throw refusal('the session has ended', 'GSS_S_CREDENTIALS_EXPIRED')
    this.#requireSeen(ticket)
    const { origin, requestedName } = ticket
    const expected = { origin, ...(requestedName !== undefined && { requestedName }) }
    const identity = await acceptor.identify(ticket.ticket, ticket.method, expected)
    if (identity.principal !== ticket.principal) throw refusal('the session is not of the user of its ticket')
    const restored = this.#restored.of(ticket, identity, expiresAt)
    await requireUnrevoked(this.#settings.isRevoked, restored.session)
    return { ...restored, headers: this.#renewed(ticket) }
  }

  /** @throws RejectedTokenError GSS_S_CREDENTIALS_EXPIRED */
  #requireSeen({ startedAt, seenAt = startedAt }: SessionTicket): void {
    const { maxIdle } = this.#settings
    if (maxIdle !== undefined && seenAt + maxIdle <= this.#deps.now())
      throw refusal('the session has ended: there was no request for too long', 'GSS_S_CREDENTIALS_EXPIRED')
  }

  /** Not with each request: a cookie is long, and answers with one are not cached. */
  #renewed(ticket: SessionTicket): ResponseHeaders {
    const { maxIdle } = this.#settings
    const { startedAt, seenAt = startedAt } = ticket
    const now = this.#deps.now()
    if (maxIdle === undefined || now < seenAt + maxIdle * RENEWED_AFTER) return {}
    return this.#cookiesOf(this.#seal(encodeSessionTicket({ ...ticket, seenAt: now })))
  }

  /**
   * Returns what a cookie holds; undefined for what none of our keys has sealed under these rules.
   */
  #open(value: string): SessionTicket | undefined {
    const box = this.#sealedBox()
    const known = this.#opened.find(value, box)
    if (known !== undefined) return known
    const sealed = octetsOf(value)
    const octets = sealed && box.open(sealed)
    const ticket = octets && decodeSessionTicket(octets)
    if (ticket !== undefined) this.#opened.keep(value, box, ticket)
    return ticket
  }

  /** Limits a session also where another instance, whose `maxAge` is longer, has begun it. */
  #endOf(startedAt: number, expiresAt: number): number {
    return Math.min(expiresAt, startedAt + this.#settings.maxAge)
  }

  /**
   * Returns the box that seals cookies. Other rules have other keys, so that the cookies of one app
   * cannot be opened by another.
   */
  #sealedBox(): SealedBox {
    const { name, attributes } = this.#settings
    const rules = this.#deps.rules()
    if (this.#box?.rules !== rules) {
      // A digest, since the purpose of a derived key may not be long.
      const bound = createHash('sha256')
        .update(JSON.stringify([name, attributes, rules]))
        .digest('base64url')
      const purpose = `s4u session 2 ${bound}`
      this.#box = { rules, box: createSealedBox(this.#keys, purpose, this.#random) }
    }
    return this.#box.box
  }

  #warnOfSize({ principal }: Identity, length: number): void {
    this.#warnOnce(
      'S4U_SESSION_TOO_BIG',
      `the ticket of ${principal} is too big for a cookie session (${length} characters): such users authenticate with every request. ` +
        'Create the server with { maxHeaderSize: 65536 } if it takes less, take them out of groups, or turn sessions off.',
    )
  }

  /**
   * Warns once. Browsers drop a `Secure` cookie that did not come over TLS, and nothing would show
   * it.
   */
  #warnOfPlainHttp(request: NegotiableRequest | undefined): void {
    if (!this.#settings.secure || request?.socket === undefined || isEncrypted(request)) return
    this.#warnOnce(
      'S4U_SESSION_PLAIN_HTTP',
      'cookie sessions are begun over plain HTTP, where browsers do not keep them: serve HTTPS, or let the proxy in front, ' +
        'where TLS ends, send X-Forwarded-Proto: https. session.secure false would show the cookie to everybody on the way.',
    )
  }

  #warnOnce(code: string, message: string): void {
    if (this.#warned.has(code)) return
    this.#warned.add(code)
    const { warn = emitWarning } = this.#deps
    warn(message, code)
  }
}

/**
 * Enough that no two sessions have the same id and that none can be guessed; in base64 a whole
 * number of characters.
 */
const ID_OCTETS = 18

export const NOT_BEGUN: BegunSession = Object.freeze({ headers: Object.freeze({}) })

/** The part of `maxIdle` after which a cookie is renewed. */
const RENEWED_AFTER = 1 / 8

const NOT_OURS =
  'the session cookie was not sealed with a key of session.keys, or is not whole, or is of an app with other rules'

/** Room for what later requests may have in addition: a longer URL, other cookies. */
const HEADER_RESERVE = 2_048

/**
 * Decodes a value only in the form in which it was written: Node skips what is not base64, and each
 * cookie would be good in many forms.
 */
function octetsOf(value: string): Uint8Array | undefined {
  const octets = Buffer.from(value, 'base64url')
  return octets.toString('base64url') === value ? octets : undefined
}

function refusal(message: string, code: S4uErrorCode = 'GSS_S_DEFECTIVE_CREDENTIAL'): RejectedTokenError {
  return new RejectedTokenError(message, { code })
}

function emitWarning(message: string, code: string): void {
  process.emitWarning(message, { type: 'S4uWarning', code })
}
