import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIPv6, type LookupFunction } from 'node:net'
import { connect, rootCertificates, type TLSSocket } from 'node:tls'

/** How a URL is asked. */
export interface HttpProbe {
  readonly url: URL
  /**
   * The addresses to connect to, in their order. Default: what this machine resolves the host to.
   */
  readonly addresses?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  /** Certificates that are trusted beside those of Node, as PEM. */
  readonly ca?: string | Uint8Array
  readonly signal: AbortSignal
}

/** The head of an answer. Its body is thrown away. */
export interface HttpAnswer {
  readonly status: number
  /** The values of a header, one for each time that it was sent. */
  readonly header: (name: string) => readonly string[]
  /**
   * The server's time from its answer, in milliseconds since 1970; undefined if the answer has no
   * time.
   */
  readonly date?: number
  /** DER of the server's certificate, over TLS. */
  readonly certificate?: Uint8Array
}

/** Octets of an answer's header that are read: more than any server sends. */
const MAX_ANSWER_HEADER = 262_144

/**
 * Asks with GET over HTTP/1.1, without following where the answer points. Rejects with what the
 * network said.
 */
export function askUrl({ url, addresses, headers = {}, ca, signal }: HttpProbe): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const lookup = addresses && always(addresses)
    const options: RequestOptions = {
      method: 'GET',
      headers,
      signal,
      agent: false,
      maxHeaderSize: MAX_ANSWER_HEADER,
      lookup,
    }
    const request =
      url.protocol === 'https:' ? httpsRequest(url, { ...options, ca: trusted(ca) }) : httpRequest(url, options)
    request.once('error', reject)
    request.once('response', (response) => {
      resolve(answerOf(response))
      response.once('error', () => {})
      response.resume()
      response.destroy()
    })
    request.end()
  })
}

/**
 * Which protocol the server chooses among HTTP/2 and HTTP/1.1. Rejects with what the network said.
 */
export function chosenProtocol({ url, addresses, ca, signal }: HttpProbe): Promise<string> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    const port = Number(url.port || 443)
    const socket = connect({
      host,
      lookup: addresses && always(addresses),
      port,
      servername: host,
      ALPNProtocols: ['h2', 'http/1.1'],
      ca: trusted(ca),
    })
    const stop = (): void => void socket.destroy(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    socket.once('error', reject)
    socket.once('close', () => signal.removeEventListener('abort', stop))
    socket.once('secureConnect', () => {
      resolve(socket.alpnProtocol || 'http/1.1')
      socket.destroy()
    })
  })
}

/** Whatever name is asked for, it is these addresses: Node tries one after the other. */
function always(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  return (host, options, callback) => {
    const [first] = all
    if (first === undefined) callback(new Error(`${host} has no address`), [])
    else if (options.all) callback(null, all)
    else callback(null, first.address, first.family)
  }
}

function answerOf(response: IncomingMessage): HttpAnswer {
  const { statusCode = 0, rawHeaders, socket } = response
  const date = Date.parse(response.headers.date ?? '')
  const certificate = (socket as Partial<TLSSocket>).getPeerCertificate?.().raw
  return {
    status: statusCode,
    header: (name) => valuesOf(rawHeaders, name),
    ...(!Number.isNaN(date) && { date }),
    ...(certificate && { certificate: new Uint8Array(certificate) }),
  }
}

function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    if (rawHeaders[at].toLowerCase() === name) values.push(rawHeaders[at + 1])
  return values
}

function trusted(ca: string | Uint8Array | undefined): (string | Buffer)[] | undefined {
  return ca === undefined ? undefined : [...rootCertificates, Buffer.from(ca)]
}
