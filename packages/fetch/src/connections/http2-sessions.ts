/**
 * Keeps two identities off one HTTP/2 session of an Agent that belongs to the app. Over HTTP/1.1
 * each request ends its connection (`reset`). An HTTP/2 session goes on, and a backend that
 * authenticates it once would serve the next identity as the first.
 */

import { ConfigurationError } from '@s4u/kdc-client'
import { subscribe } from 'node:diagnostics_channel'
import type { Dispatcher } from 'undici'
import { type Handler, PassingHandler } from '../handlers/handler-kinds.js'

/**
 * A request without credentials. It authenticates no session, and must not use an authenticated
 * one.
 */
export const NO_IDENTITY = Symbol('no identity')

/** A request with an `Authorization` of the app's own, which may authenticate a session too. */
export const OWN_AUTHORIZATION = Symbol('own authorization')

/** Whose request it is: `alice@AD.TEST`. */
export type SessionOwner = string | typeof NO_IDENTITY | typeof OWN_AUTHORIZATION

/** The socket of an HTTP/2 session. */
type Socket = object & { once?(event: 'close', listener: () => void): unknown }

/**
 * The identity that has sent credentials on a session, whichever dispatcher the session belongs to.
 */
const owners = new WeakMap<Socket, SessionOwner>()

/**
 * The number of origins that are remembered as speaking HTTP/1.1; requests to these do not wait for
 * each other. It is more than the backends of one app. The oldest is forgotten first.
 */
const MAX_ORIGINS = 1_000

/** The HTTP/2 sessions of one dispatcher, or of several that cannot be told apart. */
export class Http2Sessions {
  readonly #sessions = new Map<string, Map<Socket, SessionOwner>>()
  /** Requests whose session is not known yet. */
  readonly #undecided = new Map<string, Set<Admission>>()
  readonly #speakHttp1 = new Set<string>()
  #waiting: (() => void)[] = []
  readonly #hint: string

  /** @param hint of the refusal: how to have an Agent for each identity */
  constructor(hint: string) {
    this.#hint = hint
  }

  /**
   * Admits a request that shares no session with another identity. The first request to an origin
   * shows which protocol the origin speaks; requests of other identities wait for that.
   * @throws ConfigurationError HTTP_1_1_REQUIRED if a session to the origin carries another
   * identity
   */
  async admit(origin: string, owner: SessionOwner, signal?: AbortSignal): Promise<Admission> {
    for (;;) {
      if (this.#carriesAnother(origin, owner)) throw this.refusal(origin, owner)
      if (!this.#isUndecided(origin, owner)) break
      await this.#decided(signal)
    }
    const admission = new Admission(this, origin, owner)
    const undecided = this.#undecided.get(origin)
    if (undecided === undefined) this.#undecided.set(origin, new Set([admission]))
    else undecided.add(admission)
    return admission
  }

  /** Notes the socket of a request. Returns false if another identity has used that session. */
  sentBy(socket: Socket, { origin, owner }: Admission): boolean {
    const known = owners.get(socket)
    if (known === undefined && owner !== NO_IDENTITY) owners.set(socket, owner)
    // The request asked to end its connection. A connection that carries a second request
    // nevertheless is a session, whatever protocol it speaks.
    if (!speaksHttp2(socket) && known === undefined) {
      this.#noteHttp1(origin)
      return true
    }
    this.#speakHttp1.delete(origin)
    if (known !== undefined || owner !== NO_IDENTITY) this.#note(origin, socket, known ?? owner)
    return known === undefined || known === owner
  }

  /** Ends the wait of other requests: the request has a session, or has failed. */
  settle(admission: Admission): void {
    const undecided = this.#undecided.get(admission.origin)
    if (undecided?.delete(admission) !== true) return
    if (undecided.size === 0) this.#undecided.delete(admission.origin)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  refusal(origin: string, owner: SessionOwner): ConfigurationError {
    const who =
      typeof owner === 'string'
        ? `as ${owner}`
        : owner === NO_IDENTITY
          ? 'without credentials'
          : 'with its own Authorization'
    return new ConfigurationError(
      `a request ${who} would share an HTTP/2 session to ${origin} with another identity, and could be served as that one`,
      { code: SHARED, hint: this.#hint },
    )
  }

  #carriesAnother(origin: string, owner: SessionOwner): boolean {
    for (const known of this.#sessions.get(origin)?.values() ?? []) if (known !== owner) return true
    return false
  }

  #isUndecided(origin: string, owner: SessionOwner): boolean {
    if (this.#speakHttp1.has(origin) || !origin.startsWith('https:')) return false
    for (const admission of this.#undecided.get(origin) ?? []) if (admission.owner !== owner) return true
    return false
  }

  /** Resolves when the session of another request is known. @throws the reason of `signal` */
  #decided(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal?.reason as Error)
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.push(() => {
        signal?.removeEventListener('abort', abort)
        resolve()
      })
    })
  }

  #note(origin: string, socket: Socket, owner: SessionOwner): void {
    const sessions = this.#sessions.get(origin) ?? new Map<Socket, SessionOwner>()
    this.#sessions.set(origin, sessions)
    if (sessions.has(socket)) return
    sessions.set(socket, owner)
    socket.once?.('close', () => {
      sessions.delete(socket)
      if (sessions.size === 0 && this.#sessions.get(origin) === sessions) this.#sessions.delete(origin)
    })
  }

  #noteHttp1(origin: string): void {
    this.#speakHttp1.add(origin)
    if (this.#speakHttp1.size <= MAX_ORIGINS) return
    for (const oldest of this.#speakHttp1) {
      this.#speakHttp1.delete(oldest)
      break
    }
  }
}

const SHARED = 'HTTP_1_1_REQUIRED'

export function isSessionRefusal(error: unknown): boolean {
  return error instanceof ConfigurationError && error.code === SHARED
}

/** An admitted request. Its handler settles it, or `release` does. */
export class Admission {
  readonly origin: string
  readonly owner: SessionOwner
  readonly #sessions: Http2Sessions
  #isShared = false

  constructor(sessions: Http2Sessions, origin: string, owner: SessionOwner) {
    this.#sessions = sessions
    this.origin = origin
    this.owner = owner
  }

  /**
   * Sends the request. An answer that came by the session of another identity is not handed out.
   */
  dispatch(dispatch: Dispatcher.Dispatch, options: Dispatcher.DispatchOptions, handler: Handler): boolean {
    try {
      return dispatch(options, new WatchingHandler(handler, this))
    } catch (error) {
      this.release()
      throw error
    }
  }

  release(): void {
    this.#sessions.settle(this)
  }

  sentBy(socket: Socket): void {
    if (!this.#sessions.sentBy(socket, this)) this.#isShared = true
    this.release()
  }

  /** The refusal of the answer; undefined if the request did not share its session. */
  get refusal(): ConfigurationError | undefined {
    return this.#isShared ? this.#sessions.refusal(this.origin, this.owner) : undefined
  }
}

class WatchingHandler extends PassingHandler {
  readonly #admission: Admission

  constructor(inner: Handler, admission: Admission) {
    super(inner)
    this.#admission = admission
  }

  override onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    super.onRequestStart(controller, context)
    awaitSocket(this.#admission)
  }

  override onResponseStart(...args: Parameters<NonNullable<Handler['onResponseStart']>>): void {
    this.#admission.release()
    const { refusal } = this.#admission
    if (refusal === undefined) super.onResponseStart(...args)
    else args[0].abort(refusal)
  }

  override onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.#admission.release()
    super.onResponseError(controller, error)
  }
}

/** The request that has just started. undici publishes its socket in the same turn. */
let starting: Admission | undefined
let isSubscribed = false

function awaitSocket(admission: Admission): void {
  if (!isSubscribed) {
    isSubscribed = true
    // A documented channel of undici; every copy of undici publishes there, that of Node too.
    subscribe('undici:client:sendHeaders', tellSocket)
  }
  starting = admission
  // A request that a cache or a mock answers has no socket.
  queueMicrotask(() => {
    if (starting === admission) starting = undefined
  })
}

function tellSocket(message: unknown): void {
  const admission = starting
  starting = undefined
  if (typeof message !== 'object' || message === null || !('socket' in message)) return
  const { socket } = message
  if (typeof socket === 'object' && socket !== null) admission?.sentBy(socket)
}

function speaksHttp2(socket: object): boolean {
  return 'alpnProtocol' in socket && socket.alpnProtocol === 'h2'
}
