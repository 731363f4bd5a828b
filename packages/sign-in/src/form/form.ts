import {
  ConfigurationError,
  type FormFields,
  localTarget,
  type OpenedSignInSource,
  S4uError,
  type SignInRequest,
  type SignInResult,
  type SignInSite,
  type SignInSource,
} from '@s4u/negotiate'
import { checkPassword } from '../password/check-password.js'
import { type FormOptions, type FormSettings, formSettings } from './form-options.js'
import { FormPages, type PageState } from './form-pages.js'
import { shownRefusal } from './form-refusal.js'
import { NOT_ALLOWED, sessionOn } from './form-steps.js'

/**
 * Returns a way to sign in by a page with a form for name and password, which the KDC checks. The
 * session is a cookie, so the negotiator needs one.
 *
 * ```ts
 * import { createNegotiator } from '@s4u/negotiate'
 * import { form } from '@s4u/sign-in'
 *
 * const signIn = [form()]
 * const negotiator = createNegotiator({ keytab: 'web.keytab', session: 'cookie', signIn })
 * ```
 *
 * @throws ConfigurationError
 */
export function form(options?: FormOptions): SignInSource {
  const settings = formSettings(options)
  return Object.freeze<SignInSource>({ name: 'form', open: (site) => new OpenedForm(site, settings) })
}

class OpenedForm implements OpenedSignInSource {
  readonly requireTls: boolean
  readonly #site: SignInSite
  readonly #settings: FormSettings
  readonly #pages: FormPages

  constructor(site: SignInSite, settings: FormSettings) {
    if (!site.keepsSessions)
      throw new ConfigurationError('form() needs a session that a cookie keeps', {
        hint: "Write negotiate({ session: 'cookie', signIn: [form()] }): without one, users would sign in for one request.",
      })
    this.requireTls = settings.requireTls
    this.#site = site
    this.#settings = settings
    this.#pages = new FormPages(site, settings)
  }

  brings({ path }: SignInRequest): boolean {
    return path === this.#signInPath || path === this.#signOutPath
  }

  async signIn(request: SignInRequest): Promise<SignInResult> {
    const { method, path } = request
    if (method === 'GET' || method === 'HEAD') return this.#show(request)
    if (method !== 'POST' || path !== this.#signInPath) return NOT_ALLOWED
    // Pages of another site, and bodies that are no form, end here, without a page.
    const fields = await request.fields()
    return this.#judge(request, fields)
  }

  offer(request: SignInRequest): ReturnType<NonNullable<OpenedSignInSource['offer']>> {
    const { returnTo: next } = request
    // Only a 401 can offer Negotiate: RFC 9110 section 15.5.2.
    const statusCode = this.#settings.offerNegotiate ? 401 : 403
    return {
      page: () => this.#pages.answer(request, { statusCode, step: 'sign-in', next }),
      link: this.#pages.link('sign-in', next, 'signInWithPassword'),
    }
  }

  signedOut(): ReturnType<NonNullable<OpenedSignInSource['signedOut']>> {
    return { statusCode: 303, headers: { Location: `${this.#signInPath}?signed-out` }, body: '' }
  }

  get #signInPath(): string {
    return `${this.#site.path}/sign-in`
  }

  get #signOutPath(): string {
    return `${this.#site.path}/sign-out`
  }

  #show(request: SignInRequest): SignInResult {
    const { path, query } = request
    const isSignOut = path === this.#signOutPath
    return this.#page(request, {
      ...{ statusCode: 200, step: isSignOut ? 'sign-out' : 'sign-in' },
      next: localTarget(query.get('next')) ?? '/',
      ...(query.has('signed-out') && { notice: 'signedOut' }),
    })
  }

  async #judge(request: SignInRequest, fields: FormFields): Promise<SignInResult> {
    const typed = typedIn(fields)
    const { user, next, computer } = typed
    const changesPassword = typed.newPassword !== undefined && this.#settings.changePassword
    try {
      this.#pages.csrf.require(request, fields.get('token'))
      if (changesPassword && typed.newPassword !== typed.repeatedPassword) return this.#different(request, typed)
      const password = { user, password: typed.password, ...(changesPassword && { newPassword: typed.newPassword }) }
      const identity = await checkPassword(this.#site, request, password, 'form')
      return { status: 'signed-in', identity, location: next, session: sessionOn(this.#settings, computer) }
    } catch (error) {
      if (!S4uError.is(error) || error.status === 500) throw error
      const expired = error.code === 'KDC_ERR_KEY_EXPIRED' && this.#settings.changePassword
      const shown = expired ? { statusCode: 403 } : shownRefusal(error)
      const step = expired || changesPassword ? 'change-password' : 'sign-in'
      const answer = this.#pages.answer(request, { ...{ step, user, next, computer }, ...shown })
      return { status: 'refused', error, answer }
    }
  }

  #different(request: SignInRequest, { user, next, computer }: Typed): SignInResult {
    return this.#page(request, {
      ...{ statusCode: 403, step: 'change-password', user, next, computer },
      problem: { text: ({ different }) => different, field: 'repeatedPassword' },
    })
  }

  #page(request: SignInRequest, state: PageState): SignInResult {
    return { status: 'answer', answer: this.#pages.answer(request, state) }
  }
}

interface Typed {
  readonly user: string
  readonly password: string
  readonly newPassword: string | undefined
  readonly repeatedPassword: string | undefined
  readonly computer: 'public' | 'private'
  readonly next: string
}

/** A missing field counts as empty, and is refused like a wrong one. */
function typedIn(fields: FormFields): Typed {
  return {
    user: fields.get('user') ?? '',
    password: fields.get('password') ?? '',
    newPassword: fields.get('newPassword'),
    repeatedPassword: fields.get('repeatedPassword'),
    computer: fields.get('computer') === 'private' ? 'private' : 'public',
    next: localTarget(fields.get('next')) ?? '/',
  }
}
