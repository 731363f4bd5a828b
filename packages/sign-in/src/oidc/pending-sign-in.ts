import type { SealedTexts, SignInRequest } from '@s4u/negotiate'

/** A sign-in that the issuer has to answer. It travels sealed in a cookie of the browser. */
export interface PendingSignIn {
  readonly state: string
  readonly nonce: string
  /** The secret of PKCE (RFC 7636). */
  readonly verifier: string
  /** Where to go afterwards, within this site. */
  readonly next: string
}

/** How long people may take at the issuer: a password, a second factor, a lost phone. */
const LIFETIME = 600_000

/** Tabs in which a sign-in may be under way at a time: each has a cookie. */
const MAX_PENDING = 5

/** So much of the state names its cookie: two tabs must not have the same. */
const NAME_LENGTH = 12

/**
 * Keeps sign-ins that are under way in cookies of the browser that began them, so that an answer
 * that was made for another browser is none here. `Lax`: the answer comes from the page of the
 * issuer.
 */
export class PendingSignIns {
  readonly #name: string
  readonly #box: SealedTexts

  constructor(source: string, box: SealedTexts) {
    this.#name = `s4u-${source}-`
    this.#box = box
  }

  /** Returns the cookie of a sign-in that begins, and removes those of too many that were left. */
  begin(request: SignInRequest, pending: PendingSignIn): readonly string[] {
    const left = this.#namesIn(request)
    const removed = left.length < MAX_PENDING ? [] : left
    const value = this.#box.seal(JSON.stringify(pending), LIFETIME)
    return [
      ...removed.map((name) => cookie(name, '', 0, request)),
      cookie(this.#nameOf(pending.state, request), value, LIFETIME / 1_000, request),
    ]
  }

  /** Returns the sign-in with this state; undefined where this browser has begun none. */
  find(request: SignInRequest, state: string): PendingSignIn | undefined {
    const sealed = request.cookie(this.#nameOf(state, request))
    const opened = sealed === undefined ? undefined : this.#box.open(sealed)
    const pending = opened === undefined ? undefined : (JSON.parse(opened) as PendingSignIn)
    return pending?.state === state ? pending : undefined
  }

  /** Returns what removes the cookie: an answer is taken once. */
  end(request: SignInRequest, state: string): string {
    return cookie(this.#nameOf(state, request), '', 0, request)
  }

  #nameOf(state: string, { usesTls }: SignInRequest): string {
    return `${usesTls ? '__Host-' : ''}${this.#name}${state.slice(0, NAME_LENGTH)}`
  }

  #namesIn(request: SignInRequest): readonly string[] {
    const prefix = `${request.usesTls ? '__Host-' : ''}${this.#name}`
    const names = (request.header('cookie') ?? '').split(';').map((pair) => pair.trim().split('=')[0])
    return [...new Set(names)].filter((name) => name.startsWith(prefix) && name.length === prefix.length + NAME_LENGTH)
  }
}

/** Returns a line of Set-Cookie. @param maxAge seconds */
export function cookie(name: string, value: string, maxAge: number, { usesTls }: SignInRequest): string {
  const secure = usesTls ? '; Secure' : ''
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`
}
