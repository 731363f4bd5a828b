import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { NegotiableRequest } from '../http/request.js'
import type { WebConnection } from './web-connection.js'

/**
 * Returns a web-standard Request as a negotiator looks at requests. The same Request gives the same
 * object, so that a second look has the same outcome; what is said of its connection counts the
 * first time.
 */
export function negotiableOf(request: Request, connection: WebConnection = {}): NegotiableRequest {
  const known = seen.get(request)
  if (known !== undefined) return known
  const made = new SeenWebRequest(request, connection)
  seen.set(request, made)
  return made
}

const seen = new WeakMap<Request, SeenWebRequest>()

class SeenWebRequest implements NegotiableRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly method: string
  readonly url: string
  readonly socket: NonNullable<NegotiableRequest['socket']>
  readonly isSocketKnown: boolean
  readonly httpVersionMajor: number
  readonly peerCertificate: Uint8Array | null | undefined
  readonly #request: Request

  constructor(request: Request, { clientAddress, peerCertificate, socket }: WebConnection) {
    const { protocol, host, pathname, search } = new URL(request.url)
    this.#request = request
    this.method = request.method
    this.url = pathname + search
    // Some runtimes give the host in the URL only. It counts for the check of the page's origin.
    this.headers = { host, ...Object.fromEntries(request.headers) }
    this.isSocketKnown = socket !== undefined
    this.httpVersionMajor = socket !== undefined && 'alpnProtocol' in socket && socket.alpnProtocol === 'h2' ? 2 : 1
    this.peerCertificate = peerCertificate
    this.socket = socketFor(socket, { remoteAddress: clientAddress, encrypted: protocol === 'https:' })
  }

  /** Undefined if there is no body, or somebody has read it. */
  openBody(): Readable | undefined {
    const { body, bodyUsed } = this.#request
    if (body === null || bodyUsed || body.locked) return undefined
    // Two declarations of one class: that of the web and that of Node.
    return Readable.fromWeb(body as ReadableStream)
  }
}

interface Facts {
  readonly remoteAddress: string | undefined
  readonly encrypted: boolean
}

/** Returns a socket of Node as it is, and for another connection an object that stands for it. */
function socketFor(connection: object | undefined, facts: Facts): NonNullable<NegotiableRequest['socket']> {
  if (connection === undefined) return facts
  if (isSocketOfNode(connection)) return connection
  const before = sockets.get(connection)
  if (before !== undefined) return before
  sockets.set(connection, facts)
  return facts
}

const sockets = new WeakMap<object, Facts>()

function isSocketOfNode(connection: object): connection is NonNullable<NegotiableRequest['socket']> {
  return 'remoteAddress' in connection && 'destroyed' in connection
}
