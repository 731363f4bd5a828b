/** The credentials of the environment, as MIT's library finds them. */

import {
  createKdcClient,
  type KdcClient,
  listCredentialCaches,
  type NamedCredentialCache,
  openCredentialCache,
} from '@s4u/kdc-client'
import {
  ConfigurationError,
  type CredentialCache,
  formatPrincipal,
  MissingKeyError,
  S4uError,
  samePrincipal,
} from '@s4u/krb5'
import { KerberosError } from '../errors/kerberos-error.js'
import { MAJOR } from '../errors/mit-words.js'
import { type InitializeClientOptions, kdcOptions } from './client-options.js'

/**
 * Returns a client with the credentials of this machine: the default cache (KRB5CCNAME), or among
 * the caches beside it the one of `principal`; where there is none, or its tickets have ended, the
 * keytab for clients (KRB5_CLIENT_KTNAME). Source: MIT krb5 documentation, "keytab", "Default
 * client keytab".
 *
 * @throws KerberosError if there are none
 */
export async function defaultClient(options: InitializeClientOptions): Promise<KdcClient> {
  const cache = await usableCache(options)
  if (cache !== undefined && cache.isCurrent)
    return createKdcClient({ ...kdcOptions(options), credentials: { ccache: cache.place } })
  const client = clientOfKeytab(options)
  if (client !== undefined) return client
  if (cache !== undefined) return createKdcClient({ ...kdcOptions(options), credentials: { ccache: cache.place } })
  throw noCredentials(options)
}

interface FoundCache {
  readonly place: NamedCredentialCache
  readonly isCurrent: boolean
}

/**
 * Returns the cache to use; undefined where there is none. @throws ConfigurationError for a damaged
 * one
 */
async function usableCache({ principal, krb5Config }: InitializeClientOptions): Promise<FoundCache | undefined> {
  const where = krb5Config === undefined ? {} : { krb5Config }
  const places = principal === undefined ? [openCredentialCache(undefined, where)] : await cachesBeside(where)
  for (const place of places) {
    const cache = await contentsOf(place, principal === undefined)
    if (cache === undefined || (principal !== undefined && !isOf(cache, principal))) continue
    return { place, isCurrent: hasCurrentTicket(cache) }
  }
  return undefined
}

async function cachesBeside(where: { readonly krb5Config?: string }): Promise<readonly NamedCredentialCache[]> {
  try {
    return await listCredentialCaches(undefined, where)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Another user's cache in the same folder may be damaged; the default cache must not be. */
async function contentsOf(place: NamedCredentialCache, isOnlyOne: boolean): Promise<CredentialCache | undefined> {
  try {
    return await place.read()
  } catch (error) {
    if (isMissing(error) || (!isOnlyOne && S4uError.is(error))) return undefined
    throw error
  }
}

const isMissing = (error: unknown): boolean => S4uError.is(error) && error.code === 'KRB5_FCC_NOFILE'

/** A name without a realm is in the realm of the cache. */
function isOf({ principal: { realm, name } }: CredentialCache, wanted: string): boolean {
  const owner = formatPrincipal({ realm, name })
  return owner === wanted || owner === `${wanted}@${realm}`
}

function hasCurrentTicket({ principal, credentials }: CredentialCache): boolean {
  return credentials.some(
    ({ client, isSkey, endtime }) => !isSkey && samePrincipal(client, principal) && endtime > Date.now(),
  )
}

/**
 * Returns a client with the keytab for clients; undefined where none is named, or it has no key of
 * the principal. A keytab that KRB5_CLIENT_KTNAME names must be there.
 */
function clientOfKeytab(options: InitializeClientOptions): KdcClient | undefined {
  const { principal } = options
  try {
    const credentials = { keytab: true, ...(principal !== undefined && { principal }) } as const
    return createKdcClient({ ...kdcOptions(options), credentials })
  } catch (error) {
    const isAbsent = error instanceof MissingKeyError || error instanceof ConfigurationError
    if (isAbsent && !process.env['KRB5_CLIENT_KTNAME']) return undefined
    throw error
  }
}

function noCredentials({ principal, krb5Config }: InitializeClientOptions): KerberosError {
  const { name } = openCredentialCache(undefined, krb5Config === undefined ? {} : { krb5Config })
  const what =
    principal === undefined
      ? `No Kerberos credentials available (default cache: ${name})`
      : `Can't find client principal ${principal} in cache collection`
  const cause = new ConfigurationError('there are no credentials with which to sign in', {
    code: 'GSS_S_NO_CRED',
    hint: `${ON_WINDOWS}Run kinit, name a keytab in KRB5_CLIENT_KTNAME, or give the option keytab, password or ccache.`,
  })
  return new KerberosError(`${MAJOR.NO_CRED}: ${what}`, cause)
}

/** Windows keeps the tickets of its own sign-in to itself: only its SSPI has them. */
const ON_WINDOWS = process.platform === 'win32' ? 'The tickets of the Windows sign-in are not used. ' : ''
