import { DelegationRefusedError, KdcError, type KdcAnswer } from '@s4u/kdc-client'
import { ServiceNameError } from './service-name-error.js'
import { hostOf, isIpAddress, type ServiceNameOptions, serviceNameOf } from './service-name.js'

/**
 * Explains URLs whose host is not the name of a service in a directory. An IP address has no
 * service principal name, `localhost` is another machine for each client, and DNS completes a short
 * name from a search list, which Kerberos does not have.
 */

/**
 * Returns why a host is not the name of a service. Undefined for the full name of a host, and for
 * an address, for which no service is asked.
 */
function kindOf(host: string): 'localhost' | 'short' | undefined {
  if (isIpAddress(host)) return undefined
  if (host === 'localhost' || host.endsWith('.localhost')) return 'localhost'
  return host.includes('.') ? undefined : 'short'
}

/** Returns what to do about a URL that has no service principal name. */
export function hintForHost(url: URL): string {
  return `Write the name of the host in the URL, or name the service: serviceNames: { ${shownHost(url)}: 'HTTP/api.ad.test' }, as it is registered in the directory.`
}

/**
 * Returns the error to throw when the directory does not know a service. If the host in the URL is
 * the reason, it is a clearer error, otherwise the same error. A name that the app has written
 * itself is not explained.
 */
export function explainUnknownName(error: unknown, url: URL, spn: string, options: ServiceNameOptions): unknown {
  const host = hostOf(url)
  const kind = kindOf(host)
  if (kind === undefined || !isUnknown(error) || spn !== serviceNameOf(url, { ...options, serviceNames: {} }))
    return error
  const what =
    kind === 'short'
      ? 'which is a short name'
      : 'because localhost means this machine: no service is registered under it'
  const full = kind === 'short' ? fullNameOf(host, error.answer) : undefined
  return new ServiceNameError(`the directory knows no service ${spn}, ${what}`, {
    code: error.code,
    status: 502,
    hint: full === undefined ? hintForHost(url) : hintForShort(url, full),
    ...(full !== undefined && { suggestedService: `HTTP/${full}` }),
    cause: error,
  })
}

/** The domain is mostly the realm in small letters. */
function fullNameOf(host: string, { account }: KdcAnswer): string {
  return `${host}.${account.slice(account.lastIndexOf('@') + 1).toLowerCase()}`
}

function hintForShort(url: URL, full: string): string {
  const port = url.port === '' ? '' : `:${url.port}`
  return `Write the full name in the URL, as ${url.protocol}//${full}${port}, or name the service: serviceNames: { ${shownHost(url)}: 'HTTP/${full}' }, as it is registered in the directory.`
}

/** Returns the host as a key of a JavaScript object. */
function shownHost(url: URL): string {
  const host = hostOf(url)
  return /^[a-z_$][\w$]*$/i.test(host) ? host : `'${host}'`
}

function isUnknown(error: unknown): error is KdcError | DelegationRefusedError {
  const isRefusal = error instanceof KdcError || error instanceof DelegationRefusedError
  return isRefusal && error.code === 'KDC_ERR_S_PRINCIPAL_UNKNOWN'
}
