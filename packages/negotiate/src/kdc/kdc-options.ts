import {
  CACHE_OPTIONS,
  closeOptions,
  ConfigurationError,
  KDC_CLIENT_OPTIONS,
  type KdcClientOptions,
  type KdcConnectionsOptions,
  type Notice,
  type OptionTableOf,
} from '@s4u/kdc-client'
import { noticeOfOldName } from '@s4u/krb5'

/**
 * How the service asks KDCs, in the words of `createKdcClient`: all its options except
 * `credentials`, which come from the keytab, `shownAs`, which is for names that people type, and
 * `logger`, `now` and `random`, which the negotiator has.
 *
 * ```ts
 * import { createNegotiator } from '@s4u/negotiate'
 *
 * createNegotiator({ keytab: 'web.keytab', kdc: { kdc: 'kdc1.ad.test', timeLimit: 5_000 } })
 * ```
 */
export interface KdcOptions
  extends
    Omit<KdcClientOptions, 'credentials' | 'shownAs' | 'logger' | 'now' | 'random'>,
    Pick<KdcConnectionsOptions, 'kpasswd'> {}

/** The addresses of KDCs, by realm or not, or a transport of one's own. */
type KdcLocation = NonNullable<KdcClientOptions['kdc']>

/** The options of a negotiator that are about KDCs. */
export interface NegotiatorKdcOptions {
  /**
   * The KDCs, for delegation and for users who sign in with passwords: addresses, addresses by
   * realm, a transport of one's own, or the options of `createKdcClient`: `{ timeLimit: 5_000,
   * fast: 'require' }`. Default: KRB5_CONFIG or /etc/krb5.conf, then DNS.
   */
  readonly kdc?: KdcLocation | KdcOptions
  /** @deprecated Since 0.2: write `kdc: { kpasswd }`. */
  readonly kpasswd?: KdcConnectionsOptions['kpasswd']
  /** @deprecated Since 0.2: write `kdc: { timeLimit }`. */
  readonly kdcTimeLimit?: number
  /** @deprecated Since 0.2: write `kdc: { domains }`. */
  readonly domains?: KdcClientOptions['domains']
  /** @deprecated Since 0.2: write `kdc: { cache }`. */
  readonly ticketCache?: KdcClientOptions['cache']
  /** @deprecated Since 0.2: write `kdc: { armor }`. */
  readonly armor?: KdcClientOptions['armor']
  /** @deprecated Since 0.2: write `kdc: { fast }`. */
  readonly fast?: KdcClientOptions['fast']
  /** @deprecated Since 0.2: write `kdc: { encryptionTypes }`. */
  readonly encryptionTypes?: readonly number[]
}

/** Every name in NegotiatorKdcOptions; others are refused. */
export const NEGOTIATOR_KDC_OPTIONS = {
  kdc: 'map',
  kpasswd: 'map',
  kdcTimeLimit: 'value',
  domains: 'map',
  ticketCache: CACHE_OPTIONS,
  armor: 'value',
  fast: 'value',
  encryptionTypes: 'value',
} as const satisfies OptionTableOf<NegotiatorKdcOptions>

const {
  credentials: _ofTheKeytab,
  shownAs: _ofUsers,
  logger: _logger,
  now: _now,
  random: _random,
  ...OF_CLIENT
} = KDC_CLIENT_OPTIONS

/** Every name in KdcOptions; others are refused. */
export const KDC_OPTIONS = { ...OF_CLIENT, kpasswd: 'map' } as const satisfies OptionTableOf<KdcOptions>

/** The names of version 0.1, and what each is called below `kdc`. */
const OLD_NAMES = {
  kpasswd: 'kpasswd',
  kdcTimeLimit: 'timeLimit',
  domains: 'domains',
  ticketCache: 'cache',
  armor: 'armor',
  fast: 'fast',
  encryptionTypes: 'encryptionTypes',
} as const satisfies Omit<Record<keyof NegotiatorKdcOptions, keyof KdcOptions>, 'kdc'>

type OldName = keyof typeof OLD_NAMES

/** What the options say of KDCs; without `kdc` they say nothing. */
export interface ReadKdcOptions {
  readonly kdc?: KdcOptions
  /** One for each option that was written under a name of version 0.1. */
  readonly notices: readonly Notice[]
}

/**
 * Returns what the options say of KDCs as options of the KDC client, in whichever form it is
 * written.
 * @throws ConfigurationError for an unknown name, and for what is written twice
 */
export function readKdcOptions({ kdc, ...flat }: NegotiatorKdcOptions): ReadKdcOptions {
  const group = closed(kdc === undefined || isGroup(kdc) ? kdc : { kdc })
  const old = oldNames().filter((name) => flat[name] !== undefined)
  for (const name of old) {
    if (group[OLD_NAMES[name]] === undefined) continue
    throw new ConfigurationError(`negotiate: ${name} is the old name of kdc.${OLD_NAMES[name]}, and both are given`, {
      hint: `Leave ${name} out.`,
    })
  }
  requireOneWay(group)
  const renamed = Object.fromEntries(old.map((name) => [OLD_NAMES[name], flat[name]]))
  return {
    ...((kdc !== undefined || old.length > 0) && { kdc: closed({ ...group, ...renamed }) }),
    notices: old.map((name) => noticeOfOldName('negotiate', name, `kdc.${OLD_NAMES[name]}`)),
  }
}

function closed(options: KdcOptions | undefined): KdcOptions {
  return closeOptions('negotiate: kdc', options, KDC_OPTIONS)
}

function oldNames(): readonly OldName[] {
  const isOld = (name: string): name is OldName => Object.hasOwn(OLD_NAMES, name)
  return Object.keys(OLD_NAMES).filter(isOld)
}

/**
 * Whether an object has options rather than addresses by realm. Names of options count in any
 * letter case, so that `{ timelimit: 5_000 }` gets a hint at the right name; a realm in capitals
 * (`DNS`) stays a realm.
 */
function isGroup(kdc: KdcLocation | KdcOptions): kdc is KdcOptions {
  if (typeof kdc !== 'object' || Array.isArray(kdc)) return false
  const known = new Set(Object.keys(KDC_OPTIONS).map((name) => name.toLowerCase()))
  for (const name in kdc) {
    if (Object.hasOwn(KDC_OPTIONS, name)) return true
    if (name !== name.toUpperCase() && known.has(name.toLowerCase())) return true
  }
  return false
}

/**
 * Refuses options beside shared connections, which know already where the KDCs are.
 * @throws ConfigurationError
 */
function requireOneWay({ connections, ...rest }: KdcOptions): void {
  const said = OF_CONNECTIONS.filter((name) => rest[name] !== undefined)
  if (connections === undefined || said.length === 0) return
  throw new ConfigurationError(`kdc: ${said.join(', ')} beside connections, which have their own`, {
    hint: 'Write it where the connections are made, in createKdcConnections.',
  })
}

const OF_CONNECTIONS = ['kdc', 'kpasswd', 'krb5Config', 'timeLimit', 'proxyTrust', 'dns'] as const
