import { closeOptions, ConfigurationError, hintOfCopies, requireOneOf } from '@s4u/krb5'
import { Client } from './client.js'
import type { ClientParts } from './client-parts.js'
import { authorityOf, type KdcCredentials } from '../credentials/credentials.js'
import { namedCredentials } from '../credentials/default-credentials.js'
import type { ArmorUse } from '../fast/armor-use.js'
import { CREDENTIALS, type FastMode, type KdcArmor } from './kdc-client-options.js'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { Krb5Configuration } from '../configuration/krb5-configuration.js'
import type { RealmsOfNames } from '../credentials/authority.js'

export interface ArmorOptions {
  readonly armor?: KdcArmor
  readonly fast?: FastMode
}

/** The parts of the client whose sign-in is armored. The client for the armor shares them. */
export interface ArmoredClient extends Omit<ClientParts, 'armor'> {
  readonly realms: RealmsOfNames
  /** Finds the credentials of this machine. */
  readonly configuration: Krb5Configuration
  readonly now: () => number
}

/**
 * Returns how the exchanges of a client are armored, as its options say.
 *
 * @throws ConfigurationError; MissingKeyError as for credentials
 */
export function armorOfOptions(options: ArmorOptions, parts: ArmoredClient): ArmorUse {
  const { armor, fast } = forOtp(options, parts)
  if (armor === undefined) {
    if (fast === 'require' && parts.authority.kind === 'sign-in') throw noArmor()
    return { fast }
  }
  if (fast === 'off') throw contradiction()
  if (armor instanceof Client) return { fast, lent: armor.lends }
  return { fast, lent: { ...machine(armor, parts).lends, isNamed: true } }
}

/**
 * Requires armor for a one-time password, because the password is in the clear inside the armor.
 */
function forOtp({ armor, fast = 'allow' }: ArmorOptions, { authority }: ArmoredClient) {
  requireFastMode(fast)
  if (authority.kind !== 'sign-in' || authority.otp === undefined) return { armor, fast }
  if (armor === undefined || fast === 'off') throw noArmorForOtp()
  return { armor, fast: 'require' } as const
}

/** Returns a client that is used for the armor only. */
function machine(given: Exclude<KdcArmor, Client>, parts: ArmoredClient): Client {
  const { armor: credentials } = closeOptions(
    'createKdcClient',
    { armor: asCredentials(given) },
    { armor: CREDENTIALS },
  )
  // The machine has a name of its own: `shownAs` is that of the user whose sign-in is armored.
  const { shownAs: _ofUser, ...context } = parts.context
  const { realms, now, conf, configuration, domains } = parts
  const named = namedCredentials(credentials, configuration)
  const authority = authorityOf(named, realms, context.signInEtypes ?? context.etypes)
  const place = { kind: 'service', user: 'armor' } as const
  const ofMachine = { ...context, clock: new KdcClock(now), place }
  return new Client({ context: ofMachine, authority, conf, domains, cache: {}, armor: { fast: 'allow' } })
}

function asCredentials(armor: KdcArmor): KdcCredentials {
  const isCredentials = typeof armor === 'object' && armor !== null && KINDS.some((kind) => kind in armor)
  if (isCredentials && !('ticketFor' in armor)) return armor
  throw new ConfigurationError('armor must be credentials of a machine, or a client of createKdcClient', {
    hint: `Write armor: { keytab: '/etc/krb5.keytab' }, { ccache: '/tmp/krb5cc_host' }, or a client that has signed in as the machine. ${hintOfCopies('@s4u/kdc-client')}`,
  })
}

const KINDS = ['keytab', 'ccache', 'tgt', 'password'] as const

const MODES: readonly FastMode[] = ['allow', 'require', 'off']

/** @throws ConfigurationError */
export function requireFastMode(fast: FastMode): void {
  requireOneOf('fast', fast, MODES)
}

function noArmor(): ConfigurationError {
  return new ConfigurationError("fast: 'require' needs armor", {
    code: 'KRB5_ERR_FAST_REQUIRED',
    hint: "Name what armors sign-in: armor: { keytab: '/etc/krb5.keytab' }, the ticket of this machine.",
  })
}

function noArmorForOtp(): ConfigurationError {
  return new ConfigurationError('a one-time password goes to the KDC in armor, and there is none', {
    code: 'KRB5_ERR_FAST_REQUIRED',
    hint: "Name what armors it: armor: { keytab: '/etc/krb5.keytab' }, the ticket of this machine; and leave fast out.",
  })
}

function contradiction(): ConfigurationError {
  return new ConfigurationError("armor is given, and fast is 'off'", {
    hint: "Leave one of them out: fast: 'allow' armors where it can, 'require' always.",
  })
}
