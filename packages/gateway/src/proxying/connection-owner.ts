import type { EventEmitter } from 'node:events'
import { isProxied } from '@s4u/negotiate'
import type { CallerRequest } from '../requests/steps.js'

/** For whom a connection inside is: two owners never share one. */
export type ConnectionOwner =
  /** Requests that bring no proof, of public paths. */
  | { readonly kind: 'nobody' }
  | { readonly kind: 'user'; readonly principal: string }
  /** One connection outside, with which those inside end. */
  | { readonly kind: 'client'; readonly connection: EventEmitter }
  /** One request. */
  | { readonly kind: 'request' }

/**
 * @param direct whether clients authenticate at the inner server themselves: it may take a
 * connection for who has done so, and the gateway does not know who that is
 */
export function connectionOwner(request: CallerRequest, direct: boolean): ConnectionOwner {
  if (direct) return clientOf(request)
  const { caller } = request
  return caller === undefined ? { kind: 'nobody' } : { kind: 'user', principal: caller.principal }
}

function clientOf({ request, listener }: CallerRequest): ConnectionOwner {
  // A connection of a proxy has requests of many clients; that of an office is not named here.
  if (listener.proxies.length > 0 || isProxied(request)) return { kind: 'request' }
  const connection = 'stream' in request ? request.stream.session : request.socket
  return connection === undefined || connection.destroyed ? { kind: 'request' } : { kind: 'client', connection }
}
