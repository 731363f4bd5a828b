/** Finds the password servers of a realm. */

import { ConfigurationError } from '@s4u/krb5'
import { type FailedAttempt, KdcUnreachableError } from '../errors/kdc-errors.js'
import type { KdcAddress } from '../configuration/kdc-address.js'
import { type DnsSource, lookUpKdcs, type RealmService } from './dns-lookup.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import { type KdcLocation, namedAddresses, trustOf } from './kdc-location.js'
import type { Krb5Configuration } from '../configuration/krb5-configuration.js'
import { requireKdcLocation } from '../arguments/option-checks.js'
import { unlessAborted, withTimeLimit } from '../async/time-limit.js'
import { DEFAULT_TIME_LIMIT, type KdcTransport, limitedTransport } from '../network/transport.js'
import { askPasswordServers } from '../network/kpasswd-exchange.js'

export interface KpasswdSourceOptions {
  readonly kpasswd?: KdcLocation
  readonly kdc?: KdcLocation
  readonly configuration: Krb5Configuration
  readonly timeLimit?: number
  readonly proxyTrust?: ProxyTrust
  readonly dns?: DnsSource
}

/** The port of password servers. Source: RFC 3244 section 2. */
const KPASSWD_PORT = 464
const KPASSWD_SERVICE: RealmService = { label: '_kpasswd', port: KPASSWD_PORT }

/**
 * Returns the transport to the password servers, for the options of a client.
 *
 * @throws ConfigurationError for an address that cannot be read
 */
export function kpasswdTransportFor(options: KpasswdSourceOptions): KdcTransport {
  const { kpasswd, timeLimit = DEFAULT_TIME_LIMIT } = options
  requireKdcLocation(kpasswd, 'kpasswd')
  if (typeof kpasswd === 'function') return givenTransport(kpasswd, timeLimit)
  const named = namedAddresses(kpasswd, KPASSWD_PORT)
  const trust = trustOf(options)
  return async (request, { realm, signal }) => {
    const attempts: FailedAttempt[] = []
    let isSent = false
    try {
      const answer = await withTimeLimit(timeLimit, signal, async (ended) => {
        const addresses = named(realm) ?? (await unlessAborted(locate(realm, options, ended), ended))
        const onSent = (): void => void (isSent = true)
        return askPasswordServers(addresses, { realm, request, ended, proxyTrust: trust(realm), attempts, onSent })
      })
      if (answer !== undefined) return answer
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof ConfigurationError) throw error
      if (isSent) throw outcomeUnknown(realm, attempts, timeLimit)
    }
    throw unreachable(realm, attempts)
  }
}

/**
 * Limits the time of the caller's own function. When the time is over, it is unknown what the
 * function has done with the request.
 */
function givenTransport(kpasswd: KdcTransport, timeLimit: number): KdcTransport {
  const limited = limitedTransport(kpasswd, timeLimit)
  return (request, context) =>
    limited(request, context).catch((error: unknown) => {
      throw error instanceof KdcUnreachableError ? outcomeUnknown(context.realm, error.attempts, timeLimit) : error
    })
}

/**
 * Returns the addresses of the password servers. Taken from the first of these that names one:
 * `kpasswd_server` in krb5.conf, the hosts of `admin_server`, DNS, and the hosts of the KDCs,
 * because a domain controller is both. KDCs that the option names take precedence over the files.
 */
async function locate(
  realm: string,
  { kdc, configuration: { conf }, dns }: KpasswdSourceOptions,
  signal: AbortSignal,
): Promise<readonly KdcAddress[]> {
  const besideKdcs = typeof kdc === 'function' ? undefined : namedAddresses(kdc)(realm)
  if (besideKdcs) return onKpasswdPort(besideKdcs)
  const servers = conf.passwordServersOf(realm)
  if (servers.length > 0) return servers
  const mayAsk = conf.boolean('libdefaults', 'dns_lookup_kdc') !== false
  const source = { ...(dns && { source: dns }), withUri: conf.boolean('libdefaults', 'dns_uri_lookup') ?? true }
  const found = mayAsk ? await lookUpKdcs(realm, { ...source, signal, service: KPASSWD_SERVICE }).catch(() => []) : []
  if (found.length > 0) return found
  const kdcs = conf.kdcsOf(realm)
  if (kdcs.length > 0 || !mayAsk) return onKpasswdPort(kdcs)
  return onKpasswdPort(await lookUpKdcs(realm, { ...source, signal }).catch(() => []))
}

/** A proxy forwards what it gets, so its address stays. */
function onKpasswdPort(addresses: readonly KdcAddress[]): readonly KdcAddress[] {
  const hosts = new Map<string, KdcAddress>()
  for (const address of addresses) {
    const { host, protocol } = address
    hosts.set(host, protocol === 'https' ? address : { host, port: KPASSWD_PORT })
  }
  return [...hosts.values()]
}

function unreachable(realm: string, attempts: readonly FailedAttempt[]): KdcUnreachableError {
  const hint =
    attempts.length > 0
      ? 'Nothing was changed. Check that the addresses are right and that TCP port 464 is open from here.'
      : 'Nothing was changed. Name the password servers in the kpasswd option, in krb5.conf (kpasswd_server of the realm), or in DNS (_kpasswd._tcp SRV records).'
  return new KdcUnreachableError(realm, attempts, { hint, server: 'password server' })
}

function outcomeUnknown(realm: string, attempts: readonly FailedAttempt[], timeLimit: number): KdcUnreachableError {
  const tried = attempts.length > 0 ? attempts : [{ address: 'sent', reason: `no answer within ${timeLimit} ms` }]
  return new KdcUnreachableError(realm, tried, {
    code: 'KRB5_KPASSWD_OUTCOME_UNKNOWN',
    hint: 'The request was sent and its answer is lost: the password may have been changed. Sign in with the new one to see.',
    server: 'password server',
  })
}
