import { createHash, timingSafeEqual } from 'node:crypto'
import { RejectedTokenError, type SealedTexts, type SignInRequest, type SignInSite } from '@s4u/negotiate'

/**
 * Ties a form to the browser that it was sent to, so that no page of another site can send one, and
 * sign its user in as another (login CSRF). The browser has a random cookie, the form its digest,
 * sealed. (`Origin` and `Sec-Fetch-Site` have been judged before; old browsers send neither.)
 */
export class CsrfTokens {
  readonly #site: Pick<SignInSite, 'random'>
  readonly #seal: SealedTexts

  constructor(site: Pick<SignInSite, 'random' | 'sealFor'>) {
    this.#site = site
    this.#seal = site.sealFor('form')
  }

  /** Returns the token for a form, and the cookie line where the browser has no cookie yet. */
  issue(request: SignInRequest): { readonly token: string; readonly cookie?: string } {
    const name = nameOf(request)
    const known = request.cookie(name)
    const value =
      known !== undefined && VALUE.test(known) ? known : Buffer.from(this.#site.random(16)).toString('base64url')
    const token = this.#seal.seal(digestOf(value), LIFETIME)
    if (value === known) return { token }
    const secure = request.usesTls ? '; Secure' : ''
    return { token, cookie: `${name}=${value}; Path=/; HttpOnly${secure}; SameSite=Lax` }
  }

  /** @throws RejectedTokenError S4U_STALE_FORM, 403 */
  require(request: SignInRequest, token: string | undefined): void {
    const value = request.cookie(nameOf(request))
    const opened = token === undefined ? undefined : this.#seal.open(token)
    if (value !== undefined && opened !== undefined && sameText(opened, digestOf(value))) return
    throw new RejectedTokenError('a sign-in form was not one that this browser was sent, or is too old', {
      code: 'S4U_STALE_FORM',
      status: 403,
      hint: 'A page of another site may have sent it. Instances behind one address need the same session.keys.',
    })
  }
}

/** A page may be left open overnight. */
const LIFETIME = 12 * 3_600_000
const VALUE = /^[\w-]{22}$/

/**
 * No sibling host can set a cookie of this name over that of this host. RFC 6265bis section 4.1.3.
 */
function nameOf({ usesTls }: SignInRequest): string {
  return usesTls ? '__Host-s4u-form' : 's4u-form'
}

function digestOf(value: string): string {
  return createHash('sha256').update(value).digest('base64url')
}

function sameText(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}
