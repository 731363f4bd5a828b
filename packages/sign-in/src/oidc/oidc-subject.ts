import type { NegotiableRequest, SealedTexts, SignInRequest } from '@s4u/negotiate'
import { cookie } from './pending-sign-in.js'

/**
 * Who a user is at the issuer. `issuer` and `subject` together are never given to another person.
 */
export interface OidcSubject {
  readonly issuer: string
  readonly subject: string
  /** The session at the issuer, where it names one (`sid`). */
  readonly sessionId?: string
  /** As whom the directory knows the user: `alice@AD.TEST`. */
  readonly principal: string
}

/** For a working day. A session of the app may be longer; the issuer's seldom is. */
const LIFETIME = 86_400_000

/** Keeps who the user is at the issuer, sealed in a cookie beside the session. */
export class SubjectCookie {
  readonly #name: string
  readonly #box: SealedTexts

  constructor(source: string, box: SealedTexts) {
    this.#name = `s4u-${source}-user`
    this.#box = box
  }

  set(request: SignInRequest, subject: OidcSubject): string {
    const value = this.#box.seal(JSON.stringify(subject), LIFETIME)
    return cookie(this.#nameFor(request.usesTls), value, LIFETIME / 1_000, request)
  }

  remove(request: SignInRequest): string {
    return cookie(this.#nameFor(request.usesTls), '', 0, request)
  }

  find(request: NegotiableRequest): OidcSubject | undefined {
    const { cookie: header = '' } = request.headers
    const pairs = String(header)
      .split(';')
      .map((pair) => pair.trim())
    for (const name of [this.#nameFor(true), this.#nameFor(false)]) {
      const found = pairs.filter((pair) => pair.startsWith(`${name}=`))
      const opened = found.length === 1 ? this.#box.open(found[0].slice(name.length + 1)) : undefined
      if (opened !== undefined) return Object.freeze(JSON.parse(opened) as OidcSubject)
    }
    return undefined
  }

  #nameFor(usesTls: boolean): string {
    return `${usesTls ? '__Host-' : ''}${this.#name}`
  }
}
