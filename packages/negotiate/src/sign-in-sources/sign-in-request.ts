import type { ClientAddresses } from '../http/client-address.js'
import { isUpgrade, headerOf, type NegotiableRequest } from '../http/request.js'
import { type FormFields, readFormFields, type ReadFormOptions } from './form-fields.js'
import { localTarget } from './local-target.js'

/** A request, as sources look at it. */
export interface SignInRequest {
  /** That of the framework. Its `url` may have lost the part under which an app is mounted. */
  readonly request: NegotiableRequest
  readonly method: string
  /** The path as the client wrote it, not decoded: `/.s4u/sign-in`. */
  readonly path: string
  readonly query: URLSearchParams
  /** Where the client wanted to go: path and query of a GET, else `/`. */
  readonly returnTo: string
  /** Whether the client uses TLS, to here or to a proxy of `trustedProxies`. */
  readonly usesTls: boolean
  /** The address of the client, as far as it is known. */
  readonly clientAddress: string | undefined
  /** The address of the other end of the connection, which may be a proxy. */
  readonly peerAddress: string | undefined
  /** Whether a person at a browser waits for a page, and not a script or a program for data. */
  readonly isNavigation: boolean
  /** Returns the value of a header, the first if it came twice. @param name in lower case */
  header(name: string): string | undefined
  /** Returns the value of a cookie, as it was sent; undefined also where it came twice. */
  cookie(name: string): string | undefined
  /**
   * Reads the fields of a form (`application/x-www-form-urlencoded`, UTF-8), also where a body
   * parser was there first.
   * @throws MalformedTokenError S4U_BAD_FORM, with the status 400, 408, 413 or 415
   */
  fields(options?: ReadFormOptions): Promise<FormFields>
}

/** What an adapter knows of a request beyond `node:http`. */
export interface ReceivedAs {
  readonly url?: string | undefined
  readonly body?: unknown
}

export function signInRequest(
  request: NegotiableRequest,
  { url = request.url ?? '/', body }: ReceivedAs,
  addresses: ClientAddresses,
): SignInRequest {
  const { method = 'POST' } = request
  const [path, ...rest] = url.split('?')
  let fields: Promise<FormFields> | undefined
  return {
    ...{ request, method, path },
    query: new URLSearchParams(rest.join('?')),
    returnTo: ((method === 'GET' || method === 'HEAD') && localTarget(url)) || '/',
    usesTls: addresses.usesTls(request),
    clientAddress: addresses.of(request),
    peerAddress: request.socket?.remoteAddress,
    isNavigation: isNavigation(request),
    header: (name) => headerOf(request, name),
    cookie: (name) => cookieOf(headerOf(request, 'cookie'), name),
    fields: (options) => (fields ??= readFormFields(request, body, options)),
  }
}

/** Browsers say what they want to do with the answer; older ones, that they would like HTML. */
function isNavigation(request: NegotiableRequest): boolean {
  if (isUpgrade(request)) return false
  const mode = headerOf(request, 'sec-fetch-mode')
  if (mode !== undefined) return mode === 'navigate'
  return request.method === 'GET' && /\btext\/html\b/i.test(headerOf(request, 'accept') ?? '')
}

/** RFC 6265 section 5.4. A cookie that comes twice was set by somebody else too. */
function cookieOf(header: string | undefined, name: string): string | undefined {
  const found = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return found.length === 1 ? found[0].slice(name.length + 1) : undefined
}
