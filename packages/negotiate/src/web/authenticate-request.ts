import { type OptionTableOf, requireKnownOptions } from '@s4u/kdc-client'
import type { Mode } from '../authenticate/mode.js'
import type { Outcome } from '../authenticate/outcome.js'
import { isUpgrade, type NegotiableRequest } from '../http/request.js'
import { isWebRequest, requireWebRequest } from '../http/request-kind.js'
import type { Challenge } from '../http/response.js'
import { takeFrom } from './taken-headers.js'
import { checkedWebConnection, WEB_CONNECTION, type WebConnection } from './web-connection.js'
import { type WebOutcome, webOutcomeOf } from './web-outcome.js'
import { negotiableOf } from './web-request.js'

/**
 * Options of `authenticateRequest`: those of `authenticate`, and what is known of the connection.
 */
export interface WebAuthenticateOptions extends WebConnection {
  /** The mode of this request only. Default: that of the negotiator. */
  readonly mode?: Mode
  /** What has been read of the body already. Default: nothing was. */
  readonly body?: unknown
}

const WEB_AUTHENTICATE_OPTIONS = {
  mode: 'value',
  body: 'value',
  ...WEB_CONNECTION,
} as const satisfies OptionTableOf<WebAuthenticateOptions>

/** The negotiator, as it judges requests of `node:http`. */
interface NodeNegotiator {
  authenticate(request: NegotiableRequest, options: { readonly mode?: Mode; readonly body?: unknown }): Promise<Outcome>
  /** Refuses pages of other sites; undefined for all others. */
  refusalOfSite(request: NegotiableRequest): Challenge | undefined
}

/** Finds out who sent a web-standard Request. @throws ConfigurationError */
export async function authenticateWebRequest(
  negotiator: NodeNegotiator,
  request: unknown,
  given: WebAuthenticateOptions | undefined,
): Promise<WebOutcome> {
  requireWebRequest('authenticateRequest', request)
  const { mode, body, ...connection } = requireKnownOptions('authenticateRequest', given, WEB_AUTHENTICATE_OPTIONS)
  const seen = negotiableOf(request, checkedWebConnection(connection))
  // No mode lets a page of another site open a WebSocket: CORS does not protect those.
  const foreign = isUpgrade(seen) ? negotiator.refusalOfSite(seen) : undefined
  const options = { ...(mode !== undefined && { mode }), ...(body !== undefined && { body }) }
  const outcome = foreign ?? (await negotiator.authenticate(seen, options))
  takeFrom(request, seen)
  return webOutcomeOf(outcome, seen)
}

/** Returns a request of either kind as a negotiator looks at it. */
export function asNegotiable(request: NegotiableRequest | Request): NegotiableRequest {
  return isWebRequest(request) ? negotiableOf(request) : request
}
