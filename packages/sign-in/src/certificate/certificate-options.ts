import { ConfigurationError, type OptionTableOf, requireGiven, requireOneOf, shownInput } from '@s4u/krb5'
import type { AskedLevel } from '@s4u/negotiate'
import type { CertificateMapping } from './mapping/certificate-owner.js'
import type { MappingDirectory } from './mapping/directory-owner.js'
import { WEAK_MAPPINGS, type WeakMapping } from './mapping/security-identities.js'
import type { ForwardedFormat } from './proxy/forwarded-certificate.js'
import { REVOCATION_OPTIONS, type RevocationOptions } from './revocation/revocation-options.js'
import type { AuthorityCertificates } from './trust/authorities.js'

/** Options of `certificate`. */
export interface CertificateOptions {
  /**
   * The authorities whose certificates people have, as PEM or DER. Each is trusted by itself, a
   * root or not. Example: `ca: readFileSync('issuing-ca.pem')`.
   */
  readonly ca: AuthorityCertificates
  /**
   * Who says whose certificate it is: `directory`, `upn`, `altSecurityIdentities` or a function
   * that returns a name. Example: `mapping: 'directory'`.
   */
  readonly mapping: CertificateMapping
  /**
   * Mappings that also fit another certificate, and are refused unless they are named here: `upn`
   * without a SID in the certificate, `issuerAndSubject`, `subject`, `rfc822`. Default: none.
   * Example: `weakMappings: ['upn']`.
   */
  readonly weakMappings?: readonly WeakMapping[]
  /**
   * Where `altSecurityIdentities`, and revocation lists whose address names no server, are looked
   * up: what `openDirectory` of `@s4u/directory` returns. Default: the directory of the negotiator.
   * Example: `directory: openDirectory({ client })`.
   */
  readonly directory?: MappingDirectory
  /**
   * How it is found out whether a certificate was revoked. Default: the responders and the lists
   * that certificates name are asked, and a certificate of which nobody says that it is good is
   * refused. `off`: certificates are believed until they end. Example:
   * `revocation: { timeLimit: 2_000 }`.
   */
  readonly revocation?: RevocationOptions | 'off'
  /**
   * Extended key usages of which a certificate must name one. Default: client authentication,
   * `['1.3.6.1.5.5.7.3.2']`. An empty list asks for none.
   */
  readonly extendedKeyUsage?: readonly string[]
  /**
   * The proxy that ends TLS and passes the certificate on in a header. Default: none, and no header
   * is looked at. Example: `proxy: { from: '10.0.0.5', header: 'x-client-cert', format: 'pem' }`.
   */
  readonly proxy?: CertificateProxyOptions
  /**
   * What the identity is for, as in `identityFor`. `impersonation` (default) needs
   * `delegation.protocolTransition`; `identification` knows the user and cannot act as the user.
   */
  readonly level?: AskedLevel
  /**
   * Which listeners of the app ask clients for a certificate (`requestCert: true`). `all`
   * (default): one that does not is a mistake, and its requests fail with an error that says so.
   * `some`: this way is then for the others.
   */
  readonly listeners?: 'all' | 'some'
  /** Whether certificates may come over TLS only, also behind a proxy. Default `true`. */
  readonly requireTls?: boolean
}

/** A proxy that ends TLS in front, and hands the certificate of the client on in a header. */
export interface CertificateProxyOptions {
  /**
   * Its addresses and networks: `10.0.0.5`, `10.1.0.0/16`. Others that send the header are refused.
   */
  readonly from: string | readonly string[]
  /**
   * The header that it sets or removes in every request. Default `client-cert`, as RFC 9440 says.
   */
  readonly header?: string
  /** How the certificate stands there. Default `rfc9440`. */
  readonly format?: ForwardedFormat
  /** The header with the certificates of authorities in between, as in RFC 9440. Default: none. */
  readonly chainHeader?: string
}

/** Every name in CertificateProxyOptions; others are refused. */
const CERTIFICATE_PROXY_OPTIONS = {
  from: 'value',
  header: 'value',
  format: 'value',
  chainHeader: 'value',
} as const satisfies OptionTableOf<CertificateProxyOptions>

/** Every name in CertificateOptions; others are refused. */
export const CERTIFICATE_OPTIONS = {
  ca: 'value',
  mapping: 'value',
  weakMappings: 'texts',
  directory: 'value',
  revocation: { orElse: 'value', group: REVOCATION_OPTIONS },
  extendedKeyUsage: 'texts',
  proxy: CERTIFICATE_PROXY_OPTIONS,
  level: 'value',
  listeners: 'value',
  requireTls: 'flag',
} as const satisfies OptionTableOf<CertificateOptions>

const MAPPINGS = ['directory', 'upn', 'altSecurityIdentities'] as const
const FORMATS = ['rfc9440', 'pem', 'base64', 'xfcc'] as const

/** @throws ConfigurationError */
export function checkCertificateOptions(options: CertificateOptions): void {
  const { mapping, weakMappings = [], directory, revocation, extendedKeyUsage = [], proxy } = options
  if (typeof mapping !== 'function') requireOneOf('certificate: mapping', mapping ?? null, MAPPINGS)
  for (const weak of weakMappings) requireOneOf('certificate: weakMappings', weak, WEAK_MAPPINGS)
  if (directory !== undefined)
    requireGiven('certificate: directory', directory, ['search', 'account'], 'Give what openDirectory returns.')
  if (typeof revocation === 'string') requireOneOf('certificate: revocation', revocation, ['off'])
  const noOid = extendedKeyUsage.find((oid) => !/^[0-2](?:\.\d+)+$/.test(oid))
  if (noOid !== undefined)
    throw new ConfigurationError(`certificate: extendedKeyUsage: ${shownInput(noOid)} is no object identifier`, {
      hint: "Write '1.3.6.1.5.5.7.3.2' for client authentication, '1.3.6.1.4.1.311.20.2.2' for sign-in with a smart card.",
    })
  requireOneOf('certificate: listeners', options.listeners, ['all', 'some'])
  if (proxy !== undefined) checkProxy(proxy)
}

function checkProxy({ header = 'client-cert', format = 'rfc9440', chainHeader }: CertificateProxyOptions): void {
  requireOneOf('certificate: proxy.format', format, FORMATS)
  for (const name of [header, chainHeader])
    if (name !== undefined && !/^[a-z\d-]+$/i.test(name))
      throw new ConfigurationError(`certificate: proxy: ${shownInput(name)} is not the name of a header`, {
        hint: "Write the name as the proxy sets it, such as 'x-client-cert'.",
      })
}
