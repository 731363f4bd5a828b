import {
  type CallerIdentity,
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
import { FormPages, type PageState } from '../form/form-pages.js'
import { shownRefusal } from '../form/form-refusal.js'
import { NOT_ALLOWED, sessionOn } from '../form/form-steps.js'
import { givenAccount } from '../accounts/named-account.js'
import { TakenRealms } from '../accounts/taken-realms.js'
import { vouchedAccount } from '../accounts/vouched-account.js'
import { requireUserName } from '../password/user-name.js'
import { createRadiusClient, type RadiusClient } from '../radius/radius-client.js'
import { requireVouching } from '../vouching/require-vouching.js'
import { ChallengeSeal, type OpenChallenge } from './challenge-seal.js'
import {
  checkByFunction,
  checkByKerberos,
  checkByRadius,
  type CodeCheck,
  type CodeVerdict,
  METHOD,
  wrongCode,
} from './code-check.js'
import {
  codesOfThisProcess,
  type PasscodeOptions,
  type PasscodeSettings,
  passcodeSettings,
} from './passcode-options.js'
import { UsedCodes } from './used-codes.js'

/**
 * Returns a way to sign in by a page that asks for a one-time code, alone or beside the password.
 * The session is a cookie, so the negotiator needs one.
 *
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { createNegotiator } from '@s4u/negotiate'
 * import { form, passcode } from '@s4u/sign-in'
 *
 * const radius = { servers: 'radius.corp.test', secret: process.env['RADIUS_SECRET'] ?? '' }
 * const signIn = [passcode({ radius, password: true }), form()]
 * const negotiator = createNegotiator({ keytab: 'web.keytab', session: 'cookie', signIn })
 * ```
 */
export function passcode(options: PasscodeOptions): SignInSource {
  const settings = passcodeSettings(options)
  const { by, asksPassword, realms } = settings
  return Object.freeze<SignInSource>({
    name: 'passcode',
    rules: { by, asksPassword, realms },
    open: (site) => new OpenedPasscode(site, settings),
  })
}

class OpenedPasscode implements OpenedSignInSource {
  readonly requireTls: boolean
  readonly #site: SignInSite
  readonly #settings: PasscodeSettings
  readonly #pages: FormPages
  readonly #challenges: ChallengeSeal
  readonly #radius: RadiusClient | undefined
  readonly #check: CodeCheck
  readonly #used: UsedCodes
  readonly #realms: TakenRealms

  constructor(site: SignInSite, settings: PasscodeSettings) {
    if (!site.keepsSessions)
      throw new ConfigurationError('passcode() needs a session that a cookie keeps', {
        hint: "Write negotiate({ session: 'cookie', … }): without one, users would sign in for one request.",
      })
    if (settings.by !== 'kerberos' && !settings.asksPassword) requireVouching('passcode', undefined, site)
    const { page, verify, radius, usedFor, replayStore: store = codesOfThisProcess(() => site.now()) } = settings
    this.requireTls = page.requireTls
    this.#site = site
    this.#settings = settings
    this.#pages = new FormPages(site, page)
    this.#challenges = new ChallengeSeal(site)
    this.#radius = radius && createRadiusClient({ ...radius, now: radius.now ?? (() => site.now()) })
    this.#check = checkOf(site, verify, this.#radius)
    this.#realms = new TakenRealms('passcode', site, settings.realms)
    this.#used = new UsedCodes({ store, usedFor, now: () => site.now(), digest: site.digestFor('used code') })
  }

  brings({ path }: SignInRequest): boolean {
    return path === this.#path || path === `${this.#site.path}/sign-out`
  }

  async signIn(request: SignInRequest): Promise<SignInResult> {
    const { method, path, query } = request
    if (method === 'GET' || method === 'HEAD')
      return this.#page(request, {
        ...{ statusCode: 200, step: path === this.#path ? 'passcode' : 'sign-out' },
        next: localTarget(query.get('next')) ?? '/',
        ...(query.has('signed-out') && { notice: 'signedOut' }),
      })
    if (method !== 'POST' || path !== this.#path) return NOT_ALLOWED
    // Pages of another site, and bodies that are no form, end here, without a page.
    const fields = await request.fields()
    return this.#judge(request, fields)
  }

  offer(request: SignInRequest): ReturnType<NonNullable<OpenedSignInSource['offer']>> {
    const { returnTo: next } = request
    const { asksPassword, page } = this.#settings
    const statusCode = page.offerNegotiate ? 401 : 403
    return {
      page: () => this.#pages.answer(request, { statusCode, step: 'passcode', next, asksPassword }),
      link: this.#pages.link('passcode', next, 'signInWithCode'),
    }
  }

  signedOut(): ReturnType<NonNullable<OpenedSignInSource['signedOut']>> {
    return { statusCode: 303, headers: { Location: `${this.#path}?signed-out` }, body: '' }
  }

  close(): void {
    this.#radius?.close()
  }

  get #path(): string {
    return `${this.#site.path}/passcode`
  }

  async #judge(request: SignInRequest, fields: FormFields): Promise<SignInResult> {
    const next = localTarget(fields.get('next')) ?? '/'
    const computer = fields.get('computer') === 'private' ? 'private' : 'public'
    let user = fields.get('user')?.trim() ?? ''
    try {
      this.#pages.csrf.require(request, fields.get('token'))
      const sealed = fields.get('challenge')
      const open = sealed === undefined ? undefined : this.#challenges.open(sealed)
      user = open?.user ?? user
      const typed = { user, code: fields.get('code') ?? '', password: this.#passwordOf(fields) }
      const verdict = await this.#verify(request, typed, open)
      if (!('status' in verdict)) {
        const session = sessionOn(this.#settings.page, computer)
        return { status: 'signed-in', identity: verdict, location: next, session }
      }
      const challenge = this.#challenges.seal({ user, round: (open?.round ?? 0) + 1, challenge: verdict.challenge })
      const { message } = verdict
      return this.#page(request, { statusCode: 200, step: 'challenge', computer, next, message, hidden: { challenge } })
    } catch (error) {
      if (!S4uError.is(error) || error.status === 500) throw error
      // After a wrong code a server wants to begin at its first question.
      const state: PageState = { ...shownRefusal(error, 'wrongCode'), step: 'passcode', user, computer, next }
      return { status: 'refused', error, answer: this.#pages.answer(request, this.#withPassword(state)) }
    }
  }

  /**
   * Checks the code first, and the password only behind a right code: so nobody can try passwords,
   * or lock accounts of the directory, who has no code. Whatever was wrong, the answer is the same.
   */
  #verify(request: SignInRequest, typed: Typed, open: OpenChallenge | undefined): Promise<CallerIdentity | Challenged> {
    const { user, code, password } = typed
    const { clientAddress } = request
    return this.#site.attempts.check({ user, clientAddress }, async () => {
      requireUserName(user)
      requireTyped(code)
      if (password !== undefined) requireTyped(password)
      const verdict = await this.#check({ user, code, password, clientAddress, challenge: open?.challenge })
      if (verdict.status === 'challenged') return verdict
      await this.#used.requireFirst(user, code)
      return verdict.identity ?? this.#identityOf(user, password)
    })
  }

  async #identityOf(user: string, password: string | undefined): Promise<CallerIdentity> {
    const { account = (name: string) => name } = this.#settings
    const name = await account(user)
    if (name === undefined) throw wrongCode(`${user} has no account`)
    // With a password too: the code of one user must not be the second factor of another.
    await this.#realms.requireName(name)
    const options = { method: METHOD }
    const identity =
      password === undefined
        ? await vouchedAccount(givenAccount(name), this.#site, options)
        : await this.#site.identityFor({ user: name, password }, options)
    await this.#realms.requireFound(identity)
    return identity
  }

  #passwordOf(fields: FormFields): string | undefined {
    return this.#settings.asksPassword ? (fields.get('password') ?? '') : undefined
  }

  #page(request: SignInRequest, state: PageState): SignInResult {
    return { status: 'answer', answer: this.#pages.answer(request, this.#withPassword(state)) }
  }

  #withPassword(state: PageState): PageState {
    return { ...state, asksPassword: this.#settings.asksPassword }
  }
}

type Challenged = Extract<CodeVerdict, { readonly status: 'challenged' }>

interface Typed {
  readonly user: string
  readonly code: string
  readonly password: string | undefined
}

function checkOf(site: SignInSite, verify: PasscodeSettings['verify'], radius: RadiusClient | undefined): CodeCheck {
  if (verify !== undefined) return checkByFunction(verify)
  return radius === undefined ? checkByKerberos(site) : checkByRadius(radius)
}

/** More than any code or password has. */
const MAX_TYPED = 1_024

/** What cannot be a code or a password is refused as a wrong one. */
function requireTyped(text: string): void {
  if (text !== '' && text.length <= MAX_TYPED && !/[\0\p{Cs}]/u.test(text)) return
  throw wrongCode('what was given is no code, or no password')
}
