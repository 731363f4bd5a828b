import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import type { CallerIdentity, NegotiableRequest, ResponseHeaders } from '@s4u/negotiate'
import { cookieIn } from '../farm/affinity.js'
import type { CallerRequest } from '../requests/steps.js'
import { TypedPassword } from './typed-password.js'

export interface TypedPasswordsOptions {
  /** How long after its last use a password is kept, milliseconds. */
  readonly lifetime: number
  /** Whether the cookie is for TLS only. */
  readonly secure: boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly random: (length: number) => Uint8Array
}

/**
 * Keeps passwords that users have typed, for inner servers that want them. What is kept here is
 * sealed, and the key is in a cookie of the user's browser alone: neither a copy of this memory nor
 * the cookie tells the password. It is given out only with that cookie, to the user who typed it,
 * in the session that began then.
 */
export class TypedPasswords {
  /** The name of the cookie, which no inner server gets. */
  readonly cookieName: string
  readonly #options: TypedPasswordsOptions
  readonly #kept = new Map<string, Kept>()
  /** What is kept of each user, by principal. */
  readonly #ofUsers = new Map<string, Set<string>>()
  readonly #noted = new WeakMap<CallerIdentity, TypedPassword>()
  readonly #brought = new WeakMap<object, { readonly principal: string; readonly typed: TypedPassword }>()

  constructor(options: TypedPasswordsOptions) {
    this.#options = options
    this.cookieName = options.secure ? '__Host-s4u-typed' : 's4u-typed'
  }

  /** Notes the password that has made an identity, for as long as its source knows that. */
  note(identity: CallerIdentity, typed: TypedPassword): void {
    this.#noted.set(identity, typed)
  }

  notedFor(identity: CallerIdentity): TypedPassword | undefined {
    return this.#noted.get(identity)
  }

  /** Has a password at hand for the one request that has brought it. */
  bring(request: NegotiableRequest, principal: string, typed: TypedPassword): void {
    this.#brought.set(request, { principal, typed })
  }

  /** Keeps a password for the user whom it has signed in. Returns the headers for the browser. */
  keep(principal: string, typed: TypedPassword): ResponseHeaders {
    const { now, random, lifetime } = this.#options
    const key = random(KEY_OCTETS)
    this.#makeRoom(principal)
    const id = idOf(key)
    this.#ofUsers.set(principal, (this.#ofUsers.get(principal) ?? new Set()).add(id))
    this.#kept.set(id, {
      sealed: seal(typed.octets(), key, principal),
      principal,
      expiresAt: now() + lifetime,
      session: undefined,
    })
    return this.#cookie(Buffer.from(key).toString('base64url'), '')
  }

  /**
   * Returns the password of the caller of a request; undefined where it is gone, belongs to
   * somebody else, or was typed for another session.
   */
  of(request: CallerRequest): TypedPassword | undefined {
    const { now, lifetime } = this.#options
    const brought = this.#brought.get(request.request)
    if (brought !== undefined && brought.principal === request.caller?.principal) return brought.typed
    const key = this.#keyIn(request)
    const kept = key && this.#kept.get(idOf(key))
    if (key === undefined || kept === undefined || request.caller?.principal !== kept.principal) return undefined
    const session = request.session?.id
    if (kept.session !== undefined && kept.session !== session) return undefined
    if (kept.expiresAt <= now()) {
      this.#drop(idOf(key))
      return undefined
    }
    const id = idOf(key)
    this.#kept.delete(id)
    this.#kept.set(id, { ...kept, session: session ?? kept.session, expiresAt: now() + lifetime })
    const octets = open(kept.sealed, key, kept.principal)
    return octets && TypedPassword.fromOctets(octets)
  }

  /** Forgets the password of a request's browser. Returns the headers that remove the cookie. */
  forget(request: { readonly request: NegotiableRequest }): ResponseHeaders {
    const key = this.#keyIn(request)
    if (key !== undefined) this.#drop(idOf(key))
    return this.#cookie('', '; Max-Age=0')
  }

  close(): void {
    this.#kept.clear()
    this.#ofUsers.clear()
  }

  #keyIn({ request }: { readonly request: NegotiableRequest }): Uint8Array | undefined {
    const value = cookieIn(cookieHeaderOf(request), this.cookieName)
    const key = value === undefined ? undefined : Buffer.from(value, 'base64url')
    return key?.length === KEY_OCTETS ? key : undefined
  }

  /** The entries stand in the order of their last use. */
  #makeRoom(principal: string): void {
    const now = this.#options.now()
    const [oldest, ...others] = this.#ofUsers.get(principal) ?? []
    if (oldest !== undefined && others.length + 1 >= MAX_OF_USER) this.#drop(oldest)
    for (const [id, { expiresAt }] of this.#kept) {
      if (expiresAt > now && this.#kept.size < MAX_KEPT) return
      this.#drop(id)
    }
  }

  #drop(id: string): void {
    const { principal } = this.#kept.get(id) ?? {}
    this.#kept.delete(id)
    const own = principal === undefined ? undefined : this.#ofUsers.get(principal)
    own?.delete(id)
    if (principal !== undefined && own?.size === 0) this.#ofUsers.delete(principal)
  }

  #cookie(value: string, end: string): ResponseHeaders {
    const secure = this.#options.secure ? '; Secure' : ''
    return { 'Set-Cookie': `${this.cookieName}=${value}; Path=/${end}; HttpOnly${secure}; SameSite=Lax` }
  }
}

interface Kept {
  readonly sealed: Uint8Array
  readonly principal: string
  readonly expiresAt: number
  /** The session that used it first; undefined before. */
  readonly session: string | undefined
}

/** A memory of some megabytes; the one that was used least recently has to be typed again. */
const MAX_KEPT = 20_000
/** Of one user, who must push out no other by signing in over and over. */
const MAX_OF_USER = 50
const KEY_OCTETS = 32
const TAG_OCTETS = 16
/** Each key seals once. */
const NONCE = new Uint8Array(12)

/** HTTP/2 may have several lines. */
function cookieHeaderOf({ headers: { cookie } }: NegotiableRequest): string | undefined {
  return typeof cookie === 'string' || cookie === undefined ? cookie : cookie.join('; ')
}

/** The key itself is not kept here. */
function idOf(key: Uint8Array): string {
  return createHash('sha256').update('id').update(key).digest('base64url')
}

function seal(octets: Uint8Array, key: Uint8Array, principal: string): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, NONCE).setAAD(Buffer.from(principal))
  return Buffer.concat([cipher.update(octets), cipher.final(), cipher.getAuthTag()])
}

function open(sealed: Uint8Array, key: Uint8Array, principal: string): Uint8Array | undefined {
  const end = sealed.length - TAG_OCTETS
  const decipher = createDecipheriv('aes-256-gcm', key, NONCE).setAAD(Buffer.from(principal))
  decipher.setAuthTag(sealed.subarray(end))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()])
  } catch {
    return undefined
  }
}
