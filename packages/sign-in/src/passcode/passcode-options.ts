import { MemoryReplayStore, type ReplayStore } from '@s4u/acceptor'
import { closeOptions, ConfigurationError, type OptionTableOf, pickOptions, shownInput } from '@s4u/krb5'
import { requireRealms } from '../accounts/taken-realms.js'
import { type FormOptions, type FormSettings, formSettings } from '../form/form-options.js'
import { type RadiusOptions, RADIUS_OPTIONS } from '../radius/radius-options.js'

/** A code as a user typed it, for a function of the app. */
export interface TypedCode {
  /**
   * The name as it was typed, without blanks around it: `alice`, `alice@corp.test`, `CORP\alice`.
   */
  readonly user: string
  readonly code: string
  readonly clientAddress: string | undefined
}

/** What the page looks like and how long sessions last: as for `form()`. */
export type PageOptions = Omit<FormOptions, 'changePassword'>

/** One of `verify`, `radius` and `kerberos` says who checks the code. */
export interface PasscodeOptions extends PageOptions {
  /** Checks a code: `true` if it is right. */
  readonly verify?: (typed: TypedCode) => boolean | Promise<boolean>
  /** Lets a RADIUS server check it. Example: `{ servers: 'radius.corp.test', secret: '…' }`. */
  readonly radius?: RadiusOptions
  /**
   * Lets the KDC check it, in a sign-in of the user (RFC 6560). The keytab is the armor, so its
   * account has to be able to sign in.
   */
  readonly kerberos?: true
  /**
   * Whether the page asks for the password too, and the KDC has to take it. Default `false`: with
   * `verify` and `radius` the user's ticket then comes by protocol transition.
   */
  readonly password?: boolean
  /**
   * Returns the account of a user whose code was right, where it has another name in the directory;
   * undefined if there is none. Default: the name as it was typed. Not with `kerberos`.
   */
  readonly account?: (user: string) => string | undefined | Promise<string | undefined>
  /**
   * Realms other than the service's own, and suffixes of user principal names, whose users may
   * come. Default: none, since a server that strips what stands behind the `@` has checked the code
   * of another user. Not with `kerberos`. Example: `['EAST.TEST']`.
   */
  readonly realms?: readonly string[]
  /**
   * How long a code that was right is not taken again; milliseconds, default 600,000, at most twice
   * that. 0: it is taken again, for servers that ask a telephone in place of a code.
   */
  readonly usedFor?: number
  /**
   * Remembers which codes were used. Default: the memory of this process. Instances should share
   * one; they then need `session.keys` in common too.
   */
  readonly replayStore?: ReplayStore
}

const PAGE_OPTIONS = {
  requireTls: 'flag',
  computer: 'value',
  publicMaxAge: 'value',
  offerNegotiate: 'flag',
  texts: 'map',
  theme: { name: 'value', logo: 'value', accent: 'value', css: 'value' },
  template: 'function',
  contentSecurityPolicy: 'value',
} as const satisfies OptionTableOf<PageOptions>

/** Every name in PasscodeOptions; others are refused. */
export const PASSCODE_OPTIONS = {
  ...PAGE_OPTIONS,
  verify: 'function',
  radius: RADIUS_OPTIONS,
  kerberos: 'flag',
  password: 'flag',
  account: 'function',
  realms: 'texts',
  usedFor: 'value',
  replayStore: 'value',
} as const satisfies OptionTableOf<PasscodeOptions>

const WAYS = ['verify', 'radius', 'kerberos'] as const

/** The options, checked, with their defaults. */
export interface PasscodeSettings extends Pick<PasscodeOptions, 'verify' | 'radius' | 'account' | 'replayStore'> {
  readonly page: FormSettings
  readonly by: (typeof WAYS)[number]
  readonly asksPassword: boolean
  readonly realms: readonly string[]
  readonly usedFor: number
}

/** Ten minutes: longer than any code is good for that somebody reads from a message. */
const USED_FOR = 600_000
/** Milliseconds. A day: longer, and the memory of a process would not be enough. */
const MAX_USED_FOR = 86_400_000

/** @throws ConfigurationError */
export function passcodeSettings(of: PasscodeOptions): PasscodeSettings {
  const options = closeOptions('passcode', of, PASSCODE_OPTIONS)
  const { verify, radius, kerberos, password = false, account, realms = [] } = options
  const { usedFor = USED_FOR, replayStore } = options
  const given = { verify: verify !== undefined, radius: radius !== undefined, kerberos: kerberos === true }
  const [by, ...others] = WAYS.filter((way) => given[way])
  if (by === undefined || others.length > 0)
    throw new ConfigurationError('passcode: one of verify, radius and kerberos must say who checks codes')
  if (by === 'kerberos' && account !== undefined)
    throw new ConfigurationError('passcode: with kerberos the KDC says who the user is: account would have no effect')
  if (by === 'kerberos' && realms.length > 0)
    throw new ConfigurationError('passcode: with kerberos the KDC says who the user is: realms would have no effect')
  requireRealms('passcode', realms)
  if (!Number.isInteger(usedFor) || usedFor < 0 || usedFor > MAX_USED_FOR)
    throw new ConfigurationError(
      `passcode: usedFor must be a whole number of milliseconds up to ${MAX_USED_FOR}, not ${shownInput(usedFor)}`,
    )
  if (replayStore !== undefined && typeof replayStore.remember !== 'function')
    throw new ConfigurationError('passcode: replayStore must have remember')
  const page = formSettings(pickOptions<PageOptions>(options, PAGE_OPTIONS), 'passcode')
  return { page, by, verify, radius, asksPassword: password, account, realms, usedFor, replayStore }
}

/** A code takes two entries of about 32 octets; only right ones are remembered. */
const MAX_CODES = 200_000

export function codesOfThisProcess(now: () => number): ReplayStore {
  return new MemoryReplayStore({ maxEntries: MAX_CODES, now })
}
