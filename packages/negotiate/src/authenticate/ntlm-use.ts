import { isIP } from 'node:net'
import { connectionOf } from '../http/proxied.js'
import { headerOf, type NegotiableRequest } from '../http/request.js'

/**
 * Why a client came with NTLM, as far as its request tells: the URL has an `address`; the keytab
 * has no key for the name in it (`other-name`); or the client got no ticket for a name that is
 * right (`no-ticket`).
 */
export type NtlmReason = 'address' | 'other-name' | 'no-ticket'

/** Who still comes with NTLM, and why: what an administrator mends before NTLM is turned off. */
export interface NtlmUse {
  readonly reason: NtlmReason
  /** The product of the client, without its comments: `curl/7.88.1`. It says this of itself. */
  readonly userAgent: string
}

/** How this service takes NTLM and names. */
export interface NtlmService {
  /** The names for which the keytab has keys: `HTTP/web.ad.test@AD.TEST`. */
  readonly principals: readonly string[]
  /** Whether further names are accepted that the keytab does not have. */
  readonly hasAliases: boolean
  /** Whether NTLM is accepted. */
  readonly takesNtlm: boolean
}

export function ntlmUseOf(request: NegotiableRequest, service: NtlmService): NtlmUse {
  return { reason: reasonOf(hostOf(request), service), userAgent: userAgentOf(request) }
}

/** Returns what to do about a client that came with NTLM and is refused. */
export function ntlmHint(request: NegotiableRequest, service: NtlmService): string {
  const host = hostOf(request)
  return `${CAUSES[reasonOf(host, service)](shownHost(host))} ${wayOf(request, service)}`
}

function reasonOf(host: string, { principals, hasAliases }: NtlmService): NtlmReason {
  if (isIP(host) !== 0) return 'address'
  const isNamed = principals.some((name) => name.toLowerCase().startsWith(`http/${host}@`))
  return isNamed || hasAliases || host === '' ? 'no-ticket' : 'other-name'
}

function wayOf(request: NegotiableRequest, { takesNtlm }: NtlmService): string {
  if (!takesNtlm) return 'Clients that can never have a ticket are let in by the option ntlm: see docs/ntlm.md.'
  if (connectionOf(request) === undefined)
    return 'The option ntlm is on, but the request came over HTTP/2 or through a proxy, where no connection belongs to one client.'
  return 'The option ntlm is on, but the client put NTLM where its list of mechanisms has Kerberos.'
}

const CAUSES: Readonly<Record<NtlmReason, (host: string) => string>> = {
  address: (host) =>
    `The URL has the IP address ${host}, for which no client asks for a ticket: let users open the site by its name.`,
  'other-name': (host) =>
    `The keytab has no key of HTTP for ${host}: register the SPN and export the keytab again, or let users open the site by a name that it has.`,
  'no-ticket': (host) =>
    `The client got no ticket for ${host}. The usual causes: the site is not in the intranet zone, the SPN HTTP/host is missing in the directory or on two accounts (setspn -X), or the client is not in the domain or cannot reach a domain controller.`,
}

/** A client writes what it likes: what is no name or address is not shown. */
function shownHost(host: string): string {
  return /^[a-z0-9.:-]{1,253}$/.test(host) ? host : 'its host'
}

/** Returns the name in the URL, without its port. Over HTTP/2 it is a pseudo-header. */
function hostOf(request: NegotiableRequest): string {
  const host = headerOf(request, 'host') ?? headerOf(request, ':authority') ?? ''
  return host
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/^\[(.*)\]$/, '$1')
}

/** Returns the last product of the header, which is the most particular one of a browser's. */
function userAgentOf(request: NegotiableRequest): string {
  const header = (headerOf(request, 'user-agent') ?? '').slice(0, MAX_HEADER)
  const products = header.replaceAll(/\([^()]*\)/g, ' ').match(/[\w.+-]+\/[\w.+-]+/g) ?? []
  const product =
    products.find((one) => /^(?:Edg|OPR|Firefox|(?:Headless)?Chrome)\//.test(one)) ?? products.at(-1) ?? 'unknown'
  return product.slice(0, MAX_SHOWN)
}

/** Headers of browsers have about 120 characters. More is not searched, whatever a client sends. */
const MAX_HEADER = 512

/** Products have about 20 characters. More of what a client says of itself is in no counter. */
const MAX_SHOWN = 64
