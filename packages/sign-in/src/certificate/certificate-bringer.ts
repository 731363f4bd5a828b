import { TLSSocket } from 'node:tls'
import { ConfigurationError, RejectedTokenError } from '@s4u/krb5'
import { isProxied, type PeerList, peerList, type SignInRequest } from '@s4u/negotiate'
import { stripHeaders, stripOtherSpellings } from '../front-end/front-end-header.js'
import type { CertificateOptions } from './certificate-options.js'
import { readForwardedCertificate, readForwardedChain } from './proxy/forwarded-certificate.js'
import type { PresentedChain } from './proxy/presented-chain.js'

/** A chain is longer only where somebody has made it so. */
const MAX_CHAIN = 8

/**
 * Finds the certificate that a request brings: on its connection, or in the header of a named
 * proxy.
 */
export class CertificateBringer {
  readonly #proxies: PeerList
  readonly #header: string
  readonly #chainHeader: string | undefined
  readonly #options: CertificateOptions
  readonly #ofConnections = new WeakMap<object, PresentedChain>()
  readonly #screened = new WeakSet<object>()

  /** @throws ConfigurationError */
  constructor(options: CertificateOptions) {
    const { from = [], header = 'client-cert', chainHeader } = options.proxy ?? {}
    this.#proxies = peerList('certificate: proxy.from', typeof from === 'string' ? [from] : from)
    this.#header = header.toLowerCase()
    this.#chainHeader = chainHeader?.toLowerCase()
    this.#options = options
  }

  /** Takes away the headers of a named proxy where somebody else has sent them. */
  screen({ request, peerAddress }: SignInRequest): void {
    if (this.#options.proxy === undefined) return
    const isNamed = this.#proxies.has(peerAddress)
    for (const header of [this.#header, this.#chainHeader]) {
      if (header === undefined) continue
      stripOtherSpellings(request, header)
      if (!isNamed && stripHeaders(request, (name) => name === header)) this.#screened.add(request)
    }
  }

  /** Whether there is something to judge: a certificate, or the lack of a way to bring one. */
  has(request: SignInRequest): boolean {
    if (this.#screened.has(request.request)) return true
    if (this.#proxies.has(request.peerAddress)) return (request.header(this.#header) ?? '').trim() !== ''
    const socket = socketOf(request)
    if (this.#chainOf(request, socket) !== undefined) return true
    return this.#options.listeners !== 'some' && request.usesTls && !hasAsked(socket) && !isNone(request)
  }

  /**
   * Returns the certificate.
   * @throws RejectedTokenError S4U_UNNAMED_PROXY, KDC_ERR_REVOKED_CERTIFICATE; MalformedTokenError;
   * ConfigurationError where the listener asks for none
   */
  get(request: SignInRequest): PresentedChain {
    if (this.#screened.has(request.request)) throw unnamed(this.#header, request.peerAddress)
    if (this.#proxies.has(request.peerAddress)) return this.#forwarded(request)
    const socket = socketOf(request)
    const chain = this.#chainOf(request, socket)
    if (chain === undefined) throw neverAsked()
    if (String(socket?.authorizationError) === 'CERT_REVOKED') throw revokedAtListener()
    return chain
  }

  #forwarded(request: SignInRequest): PresentedChain {
    const { format = 'rfc9440' } = this.#options.proxy ?? {}
    const presented = readForwardedCertificate(request.header(this.#header) ?? '', format)
    if (presented === undefined) throw neverAsked()
    const more = this.#chainHeader === undefined ? undefined : request.header(this.#chainHeader)
    return more === undefined ? presented : { ...presented, others: readForwardedChain(more) }
  }

  /**
   * Returns the certificate of the connection, unless a proxy has passed the request on: the
   * connection, and its certificate, are then those of the proxy. That of a web-standard Request
   * comes from the app, whose runtime has verified that the client has its key.
   */
  #chainOf({ request }: SignInRequest, socket: TLSSocket | undefined): PresentedChain | undefined {
    if (socket !== undefined) return isProxied(request) ? undefined : this.#chainOn(socket)
    const { peerCertificate } = request
    return peerCertificate ? { leaf: peerCertificate, others: [] } : undefined
  }

  /** A connection keeps its certificate, and to read it takes a while. */
  #chainOn(socket: TLSSocket): PresentedChain | undefined {
    const known = this.#ofConnections.get(socket)
    if (known !== undefined) return known
    const chain = chainOf(socket)
    if (chain !== undefined) this.#ofConnections.set(socket, chain)
    return chain
  }
}

function socketOf({ request: { socket } }: SignInRequest): TLSSocket | undefined {
  return socket instanceof TLSSocket ? socket : undefined
}

/** Whether the app says that the client of a web-standard Request has shown no certificate. */
function isNone({ request: { peerCertificate } }: SignInRequest): boolean {
  return peerCertificate === null
}

function chainOf(socket: TLSSocket): PresentedChain | undefined {
  // An empty object where there is none.
  let certificate: Partial<ReturnType<TLSSocket['getPeerCertificate']>> & { issuerCertificate?: unknown } =
    socket.getPeerCertificate(true)
  const chain: Uint8Array[] = []
  while (certificate?.raw !== undefined && chain.length < MAX_CHAIN) {
    chain.push(new Uint8Array(certificate.raw))
    const { issuerCertificate: issuer } = certificate
    // A root is its own issuer.
    if (issuer === certificate || typeof issuer !== 'object' || issuer === null) break
    certificate = issuer
  }
  const [leaf, ...others] = chain
  return leaf && { leaf, others }
}

/**
 * Whether the listener has asked. Then Node says why the client is not authorized
 * (`UNABLE_TO_GET_ISSUER_CERT` without a certificate), or that it is: the latter also for a resumed
 * connection of TLS 1.3 without any certificate.
 */
function hasAsked(socket: TLSSocket | undefined): boolean {
  return socket !== undefined && (socket.authorized || Boolean(socket.authorizationError))
}

function neverAsked(): ConfigurationError {
  return new ConfigurationError('certificate: this listener has not asked the client for a certificate', {
    hint: "Create the server with { requestCert: true, rejectUnauthorized: false, ca }. With a web-standard Request, give peerCertificate, or null where the client showed none. Where a proxy ends TLS, name it: certificate({ proxy: { from, header, format } }). Where only some listeners ask: certificate({ listeners: 'some' }).",
  })
}

function unnamed(header: string, address: string | undefined): RejectedTokenError {
  return new RejectedTokenError(
    `the header ${header} came from ${address ?? 'an unknown address'}, which is not named`,
    {
      code: 'S4U_UNNAMED_PROXY',
      status: 403,
      hint: 'If that is your proxy, add its address to certificate({ proxy: { from } }). If not, somebody has tried to sign in with a certificate of another.',
    },
  )
}

function revokedAtListener(): RejectedTokenError {
  return new RejectedTokenError('the certificate is in the list of revoked ones (crl) of the listener', {
    code: 'KDC_ERR_REVOKED_CERTIFICATE',
    hint: 'Have a new certificate issued.',
  })
}
