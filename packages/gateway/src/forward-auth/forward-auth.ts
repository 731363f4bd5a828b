import type { ForwardAuthSettings } from '../configuration/gateway-options.js'
import { networksOf } from '../configuration/networks.js'
import { notNamed } from '../requests/refusals.js'
import type { ReceivedRequest } from '../requests/steps.js'
import { originalRequest } from './original-request.js'

/** `authorize`: the answer lets a request pass; `challenge`: it asks an unknown user to sign in. */
export type Check = 'authorize' | 'challenge'

/** How other proxies ask whether a request may pass. */
export interface ForwardAuth {
  /** Which check a request is; undefined for any other request. */
  checkOf(request: ReceivedRequest): Check | undefined
  /**
   * Returns the request that the proxy asks about.
   * @throws RejectedTokenError S4U_PEER_NOT_NAMED; MalformedTokenError S4U_BAD_REQUEST
   */
  originalOf(request: ReceivedRequest): ReceivedRequest
}

/**
 * Returns what reads the questions of the proxies that the configuration names. The convention is
 * that of the configuration, and never guessed: of two that disagree, one is a client's.
 *
 * @param path of the gateway's own pages
 */
export function createForwardAuth({ from, convention }: ForwardAuthSettings, path: string): ForwardAuth {
  const isNamed = networksOf(from)
  const checks: ReadonlyMap<string, Check> = new Map([
    [`${path}/authorize`, 'authorize'],
    [`${path}/challenge`, 'challenge'],
  ])
  return {
    checkOf({ path: asked }) {
      const exact = checks.get(asked)
      if (exact !== undefined || convention !== 'path') return exact
      return [...checks].find(([beginning]) => asked.startsWith(`${beginning}/`))?.[1]
    },
    originalOf(request) {
      // That of the connection: any client can write an address into a header.
      if (!isNamed(request.request.socket.remoteAddress)) throw notNamed()
      const beginning = [...checks.keys()].find((one) => request.path.startsWith(one)) ?? ''
      return originalRequest(request, convention, beginning)
    },
  }
}
