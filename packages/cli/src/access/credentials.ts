import { createKdcClient, type KdcClient, type KdcCredentials, type NamedCredentialCache } from '@s4u/kdc-client'
import type { Keytab } from '@s4u/krb5'
import type { GivenOf, Options } from '../command-line/options.js'
import type { Session } from '../terminal/session.js'
import { UsageError } from '../usage-error.js'
import { cacheOf } from './caches.js'
import { KDC_OPTIONS, kdcSettings } from './kdc-options.js'
import { keytabPath, readKeytab } from './keytab-files.js'

/** Options of every command that acts as somebody: whose tickets or keys it uses. */
export const CREDENTIAL_OPTIONS = {
  cache: { kind: 'text', short: 'c', value: 'CACHE', about: 'use the tickets of this cache; default: KRB5CCNAME' },
  useKeytab: { kind: 'flag', short: 'k', about: 'sign in with a keytab: KRB5_KTNAME, or that of -t' },
  keytab: { kind: 'text', short: 't', value: 'FILE', completes: 'file', about: 'sign in with this keytab' },
  principal: { kind: 'text', short: 'p', value: 'NAME', about: 'with a keytab: sign in as this account of it' },
  ...KDC_OPTIONS,
} as const satisfies Options

/** A client, and where its tickets or keys come from. */
export interface Access {
  readonly client: KdcClient
  readonly cache?: NamedCredentialCache
  readonly keytab?: Keytab
}

/** The client that the options describe: from a keytab where one is named, else from a cache. */
export function accessOf(given: GivenOf<typeof CREDENTIAL_OPTIONS>, session: Session): Access {
  const settings = kdcSettings(given, session)
  const krb5Config = given.text('krb5Config')
  const keytab = keytabOf(given)
  if (keytab !== undefined) {
    const principal = given.text('principal')
    const credentials: KdcCredentials = { keytab, ...(principal !== undefined && { principal }) }
    return { client: createKdcClient({ ...settings, credentials }), keytab }
  }
  if (given.text('principal') !== undefined)
    throw new UsageError('-p goes with a keytab', 'Name it with -t FILE, or leave -p out: a cache has one principal.')
  const cache = cacheOf({ cache: given.text('cache'), krb5Config })
  return { client: createKdcClient({ ...settings, credentials: { ccache: cache } }), cache }
}

function keytabOf(given: GivenOf<typeof CREDENTIAL_OPTIONS>): Keytab | undefined {
  const name = given.text('keytab')
  if (name === undefined && !given.flag('useKeytab')) return undefined
  if (given.text('cache') !== undefined)
    throw new UsageError('-c and a keytab exclude each other', 'Leave one of -c, -k and -t out.')
  return readKeytab(keytabPath(name, given.text('krb5Config')))
}
