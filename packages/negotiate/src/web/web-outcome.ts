import type { Anonymous, Authenticated, Outcome } from '../authenticate/outcome.js'
import type { NegotiableRequest } from '../http/request.js'
import type { Challenge, ResponseHeaders } from '../http/response.js'
import { writeHeaders } from '../http/write-response.js'
import { withoutRelayed } from './relayed-answer.js'

/**
 * Who sent a web-standard Request. With the status `challenge` there is the `response` to return;
 * otherwise the `headers` belong on the response of the app, whatever its status: see
 * `withHeaders`.
 */
export type WebOutcome = (
  | (Authenticated & { readonly response?: undefined })
  | (Anonymous & { readonly response?: undefined })
  | (Challenge & { readonly identity?: undefined; readonly response: Response })
) & {
  /** The request for gates: `groupGate(['S-1-5-…'])(outcome.request, outcome.identity)`. */
  readonly request: NegotiableRequest
}

export function webOutcomeOf(outcome: Outcome, request: NegotiableRequest): WebOutcome {
  if (outcome.status !== 'challenge') return { ...outcome, request }
  return { ...outcome, request, response: responseOf(outcome) }
}

/** Returns a refusal as a response. */
export function responseOf({ statusCode, headers, body }: Challenge): Response {
  const isEmpty = statusCode === 204 || statusCode === 304
  const response = new Response(isEmpty ? null : body, { status: statusCode })
  add(response.headers, headers)
  return response
}

/**
 * Returns the response with the headers of an outcome. Cookies and challenges that the app has set
 * stay; what an answer of a backend says of its own connection goes: see `withoutRelayed`. The
 * response of a `fetch` cannot be changed, so the result is a new one with the same body.
 *
 * ```ts
 * import { createNegotiator, withHeaders } from '@s4u/negotiate'
 *
 * const negotiator = createNegotiator({ keytab: 'web.keytab', mode: 'optional' })
 * export async function handle(request: Request): Promise<Response> {
 *   const { response, identity, headers } = await negotiator.authenticateRequest(request)
 *   return response ?? withHeaders(new Response(identity?.principal ?? 'stranger'), headers)
 * }
 * ```
 */
export function withHeaders(given: Response, headers: ResponseHeaders): Response {
  const response = withoutRelayed(given)
  if (Object.keys(headers).length === 0) return response
  try {
    add(response.headers, headers)
    return response
  } catch (error) {
    // The headers cannot be changed. A 101, which no program can make, must be returned as it is.
    if (!(error instanceof TypeError) || response.status < 200) return response
  }
  const { status, statusText, body } = response
  const copy = new Response(body, { status, statusText, headers: response.headers })
  add(copy.headers, headers)
  return copy
}

function add(target: Headers, headers: ResponseHeaders): void {
  writeHeaders(
    {
      getHeader: (name) => (name === 'Set-Cookie' ? target.getSetCookie() : (target.get(name) ?? undefined)),
      setHeader(name, value) {
        target.delete(name)
        for (const one of typeof value === 'string' ? [value] : value) target.append(name, one.replace(/[\r\n]+/g, ' '))
      },
    },
    headers,
  )
}
