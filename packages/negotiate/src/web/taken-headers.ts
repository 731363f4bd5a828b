import type { NegotiableRequest } from '../http/request.js'

/**
 * Takes headers that a source has screened away (the name of a user, from a peer who may not say
 * it) from the web-standard Request too, where the runtime permits it. Deno.serve and workers do
 * not: `withoutTaken` makes another Request there.
 */
export function takeFrom(request: Request, seen: NegotiableRequest): void {
  try {
    for (const name of takenOf(request, seen)) request.headers.delete(name)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
}

/**
 * Returns the Request without what was taken away: itself where nothing is left of that, or else
 * one of the same method, body and signal.
 *
 * @example
 * ```ts
 * import { type Negotiator, withoutTaken } from '@s4u/negotiate'
 *
 * // Hands a request on without the headers that only a trusted proxy may write.
 * export async function handOn(negotiator: Negotiator, request: Request, next: typeof fetch) {
 *   const outcome = await negotiator.authenticateRequest(request)
 *   return outcome.response ?? next(withoutTaken(request, outcome.request))
 * }
 * ```
 */
export function withoutTaken(request: Request, seen: NegotiableRequest): Request {
  const taken = takenOf(request, seen)
  if (taken.length === 0) return request
  const headers = new Headers(request.headers)
  for (const name of taken) headers.delete(name)
  const { url, method, signal, bodyUsed } = request
  // A body that was read cannot be handed on, and its Request cannot be copied.
  return bodyUsed ? new Request(url, { method, signal, headers }) : new Request(request, { headers })
}

function takenOf({ headers }: Request, seen: NegotiableRequest): readonly string[] {
  return [...headers.keys()].filter((name) => !Object.hasOwn(seen.headers, name))
}
