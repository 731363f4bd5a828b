import type { KdcClientOptions } from '@s4u/kdc-client'
import type { GivenOf, Options } from '../command-line/options.js'
import type { Session } from '../terminal/session.js'

/** Options of every command that asks a KDC. */
export const KDC_OPTIONS = {
  kdc: { kind: 'texts', value: 'ADDRESS', about: 'ask this KDC; default: krb5.conf, then DNS' },
  krb5Config: { kind: 'text', value: 'FILE', completes: 'file', about: 'read this krb5.conf; default: KRB5_CONFIG' },
  verbose: { kind: 'flag', short: 'v', about: 'tell each exchange on the standard error' },
} as const satisfies Options

type KdcSettings = Pick<KdcClientOptions, 'kdc' | 'krb5Config' | 'logger'>

/** Where the KDCs are, and who is told of exchanges, as `createKdcClient` takes it. */
export function kdcSettings(given: GivenOf<typeof KDC_OPTIONS>, session: Session): KdcSettings {
  const kdc = given.texts('kdc')
  const krb5Config = given.text('krb5Config')
  const { tell } = session
  return {
    ...(kdc.length > 0 && { kdc }),
    ...(krb5Config !== undefined && { krb5Config }),
    ...(given.flag('verbose') && { logger: { debug: tell, info: tell, warn: tell, error: tell } }),
  }
}
