import type { NegotiableRequest } from './request.js'

export interface ClientAddressOptions {
  /**
   * Returns the address of the client where a proxy knows it. Default: the address of the
   * connection. Example: `(request) => String(request.headers['x-real-ip'])`, if the proxy always
   * sets that.
   */
  readonly clientAddress?: (request: NegotiableRequest) => string | undefined
}

/** Returns the address of the client: what the app says, else that of the connection. */
export function clientAddressOf(
  request: NegotiableRequest,
  { clientAddress }: ClientAddressOptions,
): string | undefined {
  return clientAddress === undefined ? request.socket?.remoteAddress : clientAddress(request)
}
