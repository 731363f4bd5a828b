import { hasBody } from './inner-headers.js'
import type { CallerRequest, ClientResponse } from '../requests/steps.js'

/**
 * Ends a request whose body stands still, and, once the answer has begun, one whose client takes
 * nothing of it. Between them the time of the inner server counts: `limitTime` in
 * sending.ts.
 */
export function limitIdle({ request, listener, site }: CallerRequest, response: ClientResponse): void {
  const end = (): void => void response.destroy()
  if (hasBody(request)) {
    request.setTimeout(listener.limits.bodyIdle, end)
    request.once('end', () => request.setTimeout(0))
  }
  response.once('pipe', () => response.setTimeout(site.idleTime, end))
}
