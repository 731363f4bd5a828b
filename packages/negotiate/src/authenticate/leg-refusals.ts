import { RejectedTokenError } from '@s4u/kdc-client'
import type { NegotiableRequest } from '../http/request.js'

/** Returns the error for a later token without a first one. */
export function notUnderWay(): RejectedTokenError {
  return new RejectedTokenError('the token continues a negotiation that is not under way on this connection', {
    code: 'GSS_S_NO_CONTEXT',
    hint: 'It took too long, came over another connection, or through a proxy: further legs need the connection of the first.',
  })
}

/** Returns the error for a first token that would need a second. */
export function cannotContinue({ isSocketKnown = true }: NegotiableRequest): RejectedTokenError {
  return new RejectedTokenError('the client needs several legs, and this request cannot be followed by another', {
    code: 'GSS_S_UNAVAILABLE',
    hint: isSocketKnown ? MANY_REASONS : UNKNOWN_CONNECTION,
  })
}

const MANY_REASONS =
  'It came through a proxy, over HTTP/2, or on a connection with two negotiations at once; or too many are under way. A client that puts Kerberos first needs one leg alone.'

const UNKNOWN_CONNECTION =
  'A web-standard Request does not tell which requests share a connection. Where the runtime knows it, give its socket: authenticateRequest(request, { socket }), on Node that of node:http. A client that puts Kerberos first needs one leg alone.'
