import type { NegotiableRequest } from './request.js'

export interface ClientAddressOptions {
  /** The address of the real client, where a proxy knows it. Default: the connection's. */
  readonly clientAddress?: (request: NegotiableRequest) => string | undefined
}

/** Returns the address of the client: what the app says, else that of the connection. */
export function clientAddressOf(
  request: NegotiableRequest,
  { clientAddress }: ClientAddressOptions,
): string | undefined {
  return clientAddress === undefined ? request.socket?.remoteAddress : clientAddress(request)
}
