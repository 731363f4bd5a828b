import { ConfigurationError, type OptionTableOf, shownInput } from '@s4u/kdc-client'
import { ATTEMPT_OPTIONS, type AttemptOptions } from './attempts/attempt-options.js'
import { localTarget } from './local-target.js'
import type { SignInSource } from './sign-in-source.js'

/** The options about ways to sign in beside Negotiate. */
export interface SignInSourcesOptions {
  /**
   * Ways to sign in beside Negotiate, in the order in which they are offered: those of
   * `@s4u/sign-in`, or your own. Default: none. Example: `[form(), basic()]`.
   */
  readonly signIn?: readonly SignInSource[]
  /**
   * NTLM for clients that get no ticket: `ntlm()` of `@s4u/sign-in`, in front of all sources. It is
   * then accepted inside of `Negotiate` too, and offered as a scheme behind it. Default: none, and
   * think twice: NTLM can be relayed. Example: `ntlm({ domain: 'CORP', … })`.
   */
  readonly ntlm?: SignInSource
  /** What all of them share. Example: `{ path: '/app/.s4u' }`. */
  readonly signInOptions?: SignInOptions
}

/** What all sources of a negotiator share. */
export interface SignInOptions {
  /**
   * The path below which pages of sources are: `PATH/sign-in`, `PATH/sign-out`. Default `/.s4u`.
   * Where the negotiator is mounted below a path, write that in front: `/app/.s4u`.
   */
  readonly path?: string
  /**
   * The path to which a browser goes after a sign-out. Default `/`, or what a source says (`oidc()`
   * with its `afterSignOut`). With it `PATH/sign-out` is served without `signIn` too: for sessions
   * that tickets begin. Such a browser signs in again by itself with its next request, so let the
   * path be a page for unknown callers. Example: `/signed-out`.
   */
  readonly afterSignOut?: string
  /** How often users may try. */
  readonly attempts?: AttemptOptions
}

export const SIGN_IN_OPTIONS = {
  path: 'value',
  afterSignOut: 'value',
  attempts: ATTEMPT_OPTIONS,
} as const satisfies OptionTableOf<SignInOptions>

/** Every name in SignInSourcesOptions; others are refused. */
export const SIGN_IN_SOURCES_OPTIONS = {
  signIn: 'value',
  ntlm: 'value',
  signInOptions: SIGN_IN_OPTIONS,
} as const satisfies OptionTableOf<SignInSourcesOptions>

const DEFAULT_PATH = '/.s4u'

/** @throws ConfigurationError */
export function signInPathOf({ path = DEFAULT_PATH }: SignInOptions): string {
  if (typeof path === 'string' && localTarget(path) !== undefined && !/[?#%;]|\/$/.test(path)) return path
  throw new ConfigurationError(`signInOptions.path: ${shownInput(path)} is no path of this site`, {
    hint: "Write it with a slash in front and none behind: '/.s4u'.",
  })
}

/** @throws ConfigurationError */
export function afterSignOutOf({ afterSignOut }: SignInOptions): string | undefined {
  if (afterSignOut === undefined) return undefined
  if (typeof afterSignOut === 'string' && localTarget(afterSignOut) !== undefined) return afterSignOut
  throw new ConfigurationError(`signInOptions.afterSignOut: ${shownInput(afterSignOut)} is no path of this site`, {
    hint: "Write a path with one slash in front: '/signed-out'.",
  })
}

/** Returns all sources, in the order in which they are offered. @throws ConfigurationError */
export function sourcesOf({ signIn = [], ntlm }: SignInSourcesOptions): readonly SignInSource[] {
  const sources: unknown = signIn
  if (!Array.isArray(sources)) throw notSources()
  const names = new Set<string>()
  const all: readonly unknown[] = ntlm === undefined ? sources : [requireNtlm(ntlm), ...sources]
  return Object.freeze(
    all.map((source) => {
      if (!isSource(source)) throw notSources()
      if (names.has(source.name)) throw new ConfigurationError(`signIn: ${source.name} is there twice`)
      names.add(source.name)
      return source
    }),
  )
}

/** This package knows no NTLM: what does comes as a source. */
function requireNtlm(value: unknown): SignInSource {
  if (isSource(value) && value.name === 'ntlm') return value
  throw new ConfigurationError("ntlm must be what ntlm() of '@s4u/sign-in' returns", {
    hint: "Write ntlm: ntlm({ domain: 'CORP', … }), with the function of '@s4u/sign-in'.",
  })
}

function isSource(value: unknown): value is SignInSource {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('open' in value)) return false
  return typeof value.name === 'string' && /^[a-z][a-z0-9-]*$/.test(value.name) && typeof value.open === 'function'
}

function notSources(): ConfigurationError {
  return new ConfigurationError('signIn must be a list of ways to sign in', {
    hint: "Write signIn: [form(), basic()], with functions of '@s4u/sign-in'. A source has a name and open().",
  })
}
