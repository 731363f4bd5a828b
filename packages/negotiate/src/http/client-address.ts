import { isIP } from 'node:net'
import type { OptionTableOf } from '@s4u/kdc-client'
import { peerList, type PeerList } from './peer-list.js'
import { headerOf, isOverTls, type NegotiableRequest } from './request.js'

export interface ClientAddressOptions {
  /**
   * Returns the address of the client where a proxy knows it. Default: the address of the
   * connection. Example: `(request) => String(request.headers['x-real-ip'])`, if the proxy always
   * sets that.
   */
  readonly clientAddress?: (request: NegotiableRequest) => string | undefined
  /**
   * The proxies in front, by address or network. Only they are believed when they say that the
   * client uses TLS (`X-Forwarded-Proto`), and, without `clientAddress`, what its address is
   * (`X-Forwarded-For`). Default: none. Example: `['10.0.0.0/8']`.
   */
  readonly trustedProxies?: readonly string[]
}

/** Every name in ClientAddressOptions; others are refused. */
export const CLIENT_ADDRESS_OPTIONS = {
  clientAddress: 'function',
  trustedProxies: 'texts',
} as const satisfies OptionTableOf<ClientAddressOptions>

/** What is known of the client behind the connection, on the word of named proxies. */
export class ClientAddresses {
  readonly #given: ClientAddressOptions['clientAddress']
  readonly #proxies: PeerList

  /** @throws ConfigurationError */
  constructor({ clientAddress, trustedProxies = [] }: ClientAddressOptions) {
    this.#given = clientAddress
    this.#proxies = peerList('trustedProxies', trustedProxies)
  }

  /**
   * Returns the address of the client: what the app says, else a named proxy, else that of the
   * connection.
   */
  of(request: NegotiableRequest): string | undefined {
    return this.#given === undefined ? this.#behindProxies(request) : this.#given(request)
  }

  /** Whether the client uses TLS: to here, or to a named proxy that says so. */
  usesTls(request: NegotiableRequest): boolean {
    if (isOverTls(request)) return true
    if (!this.#proxies.has(request.socket?.remoteAddress)) return false
    const said = headerOf(request, 'x-forwarded-proto')?.split(',') ?? []
    return said.length > 0 && said.every((one) => one.trim().toLowerCase() === 'https')
  }

  /**
   * Goes back from the nearest proxy: what a named one has added is believed, and the first address
   * that is not a named one is the client's. A client can write what it likes in front of that.
   */
  #behindProxies(request: NegotiableRequest): string | undefined {
    let address = request.socket?.remoteAddress
    const lines = request.headers['x-forwarded-for'] ?? []
    const said = (typeof lines === 'string' ? lines : lines.join(',')).split(',')
    while (this.#proxies.has(address)) {
      const before = addressIn(said.pop())
      if (before === undefined) return address
      address = before
    }
    return address
  }
}

/** Some proxies add a port: `192.0.2.7:4711`, `[2001:db8::7]:4711`. */
function addressIn(entry = ''): string | undefined {
  const text = entry.trim()
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([^:]+):\d+$/.exec(text)?.[1] ?? text
  return isIP(bare) === 0 ? undefined : bare
}
