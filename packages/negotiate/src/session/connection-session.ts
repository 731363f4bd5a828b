import { randomBytes } from 'node:crypto'
import { NEVER_CACHED } from '../http/caching.js'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import { connectionOf, isProxied } from '../http/proxied.js'
import type { ResponseHeaders } from '../http/response.js'
import { type BegunSession, NOT_BEGUN } from './cookie-session.js'
import type { NegotiableRequest } from '../http/request.js'
import type { Session } from './session-revocation.js'

/**
 * Keeps the identities of connections. Opt-in, since a proxy that shares its connections makes one
 * user another: a connection that shows a proxy, or a second user, is never bound again.
 */
export class ConnectionSession {
  readonly #now: () => number
  readonly #bound = new WeakMap<object, CallerIdentity | 'shared'>()
  readonly #sessions = new WeakMap<CallerIdentity, Session>()

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Binds the caller to the connection, and says so in a header: curl and browsers then send no
   * more tokens on it.
   */
  begin(request: NegotiableRequest, identity: CallerIdentity): BegunSession {
    const connection = connectionOf(request)
    if (connection === undefined) {
      this.#distrust(request)
      return NOT_BEGUN
    }
    const before = this.#bound.get(connection)
    if (before !== undefined && (before === 'shared' || before.principal !== identity.principal)) {
      this.#bound.set(connection, 'shared')
      return NOT_BEGUN
    }
    const session = this.#begun(identity)
    this.#bound.set(connection, identity)
    this.#sessions.set(identity, session)
    return { headers: PERSISTENT, session }
  }

  find(request: NegotiableRequest): CallerIdentity | undefined {
    const connection = connectionOf(request)
    if (connection === undefined) {
      this.#distrust(request)
      return undefined
    }
    const identity = this.#bound.get(connection)
    if (identity === undefined || identity === 'shared') return undefined
    if (identity.expiresAt > this.#now()) return identity
    this.#bound.delete(connection)
    return undefined
  }

  /** Returns the session of an identity that `find` has given. */
  sessionOf(identity: CallerIdentity): Session {
    return this.#sessions.get(identity) ?? this.#begun(identity)
  }

  #begun({ principal, sid, authenticationMethod, expiresAt }: CallerIdentity): Session {
    const id = randomBytes(18).toString('base64url')
    const user = { principal, ...(sid !== undefined && { sid }), authenticationMethod }
    return Object.freeze({ kind: 'connection', id, ...user, startedAt: this.#now(), expiresAt })
  }

  /** Ends the binding, also after a refused token: its sender may be another user than before. */
  end({ socket }: NegotiableRequest): void {
    if (socket !== undefined && this.#bound.get(socket) !== 'shared') this.#bound.delete(socket)
  }

  #distrust(request: NegotiableRequest): void {
    if (request.socket !== undefined && isProxied(request)) this.#bound.set(request.socket, 'shared')
  }
}

const PERSISTENT: ResponseHeaders = Object.freeze({ ...NEVER_CACHED, 'Persistent-Auth': 'true' })
