import { ConfigurationError, type NegotiableRequest } from '@s4u/negotiate'

/** Handshakes that the negotiator has let pass. */
const passed = new WeakSet<object>()
/** The handshake of each WebSocket of `ws`, which does not know it itself. */
const handshakes = new WeakMap<object, NegotiableRequest>()

export function notePassed(request: NegotiableRequest): void {
  passed.add(request)
}

/** Notes from which handshake a client comes. Returns false where it did not pass. */
export function noteSocket(client: object, request: NegotiableRequest): boolean {
  if (!passed.has(request)) return false
  handshakes.set(client, request)
  return true
}

/**
 * Returns the handshake of a client of a gateway: a WebSocket of `ws`, or a Socket of socket.io.
 * @throws ConfigurationError where it did not pass the negotiator
 */
export function requestOfSocket(client: object): NegotiableRequest {
  const request = handshakes.get(client) ?? ('request' in client ? client.request : undefined)
  if (isRequest(request) && passed.has(request)) return request
  throw new ConfigurationError('the handshake of this WebSocket did not pass @s4u/nest', {
    hint: 'Write app.useWebSocketAdapter(negotiateSockets(app, new WsAdapter(app))) before the app listens.',
  })
}

function isRequest(value: unknown): value is NegotiableRequest {
  return typeof value === 'object' && value !== null && 'headers' in value
}
