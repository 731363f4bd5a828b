import { closeOptions, type OptionTableOf } from '@s4u/krb5'
import { ConfigurationError, type SignInSource } from '@s4u/negotiate'
import { checkPassword } from '../password/check-password.js'
import { decodeBasic, isBasic } from './basic-credentials.js'
import { CheckedPasswords } from './checked-passwords.js'

/** Options of `basic`. */
export interface BasicOptions {
  /** What browsers call the site when they ask for a password. Default `Sign in`. */
  readonly realm?: string
  /**
   * For how long a password that was right is not checked again, milliseconds, at most 60,000;
   * until then an old password, or a disabled user, still signs in. Default 10,000; 0 checks each
   * time.
   */
  readonly cacheFor?: number
  /**
   * Whether a session begins, as the option `session` of the negotiator says. Default `false`: the
   * client sends the password with each request.
   */
  readonly session?: boolean
  /** Whether passwords may come over TLS only. Default `true`. */
  readonly requireTls?: boolean
}

/** Every name in BasicOptions; others are refused. */
export const BASIC_OPTIONS = {
  realm: 'value',
  cacheFor: 'value',
  session: 'flag',
  requireTls: 'flag',
} as const satisfies OptionTableOf<BasicOptions>

/**
 * How long a password that was checked is good by default; milliseconds. A page brings dozens of
 * requests, and each would ask the KDC.
 */
const DEFAULT_CACHE_FOR = 10_000
/** A password that was changed must not go on working. */
const MAX_CACHE_FOR = 60_000

/**
 * Returns a way to sign in by name and password in each request (Basic, RFC 7617), for programs.
 * The KDC checks the password, and its answer counts only with a ticket that the own key opens.
 *
 * ```ts
 * import { createNegotiator } from '@s4u/negotiate'
 * import { basic } from '@s4u/sign-in'
 *
 * const signIn = [basic({ realm: 'Orders' })]
 * const negotiator = createNegotiator({ keytab: 'api.keytab', signIn })
 * ```
 *
 * @throws ConfigurationError
 */
export function basic(given?: BasicOptions): SignInSource {
  const options = closeOptions('basic', given, BASIC_OPTIONS)
  const { realm = 'Sign in', cacheFor = DEFAULT_CACHE_FOR, session = false, requireTls = true } = options
  requireRealm(realm)
  if (typeof cacheFor !== 'number' || !(cacheFor >= 0) || cacheFor > MAX_CACHE_FOR)
    throw new ConfigurationError(`basic: cacheFor must be a number of milliseconds, at most ${MAX_CACHE_FOR}`)
  return Object.freeze<SignInSource>({
    name: 'basic',
    open(site) {
      const checked = new CheckedPasswords(cacheFor, () => site.now())
      return {
        requireTls,
        brings: (request) => isBasic(request.header('authorization')),
        async signIn(request) {
          const typed = decodeBasic(request.header('authorization') ?? '')
          const check = () => checkPassword(site, request, typed, 'basic')
          const identity = await checked.find(typed, request.clientAddress, check)
          return { status: 'signed-in', identity, ...(session ? {} : { session }) }
        },
        offer: () => ({ challenges: [`Basic realm="${realm}", charset="UTF-8"`] }),
        close: () => checked.clear(),
      }
    },
  })
}

/** It stands in quotes in a header. */
function requireRealm(realm: unknown): void {
  if (typeof realm === 'string' && /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(realm)) return
  throw new ConfigurationError('basic: realm must be a text of ASCII characters, without quotes and backslashes')
}
