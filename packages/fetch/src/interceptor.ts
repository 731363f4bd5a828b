import { closeOptions, ConfigurationError, type OptionTableOf, pickOptions } from '@s4u/kdc-client'
import type { Dispatcher } from 'undici'
import { type Attempt, clientOf } from './negotiation/attempt.js'
import { TokenIssuer, noName } from './negotiation/token-issuer.js'
import { offersNegotiate } from './answers/challenge-schemes.js'
import { checkPreemptive, isPreemptive, type Preemptive, rememberAsking } from './options/learned-origins.js'
import { dispatchNegotiating, SERVER_AUTHENTICATION } from './handlers/negotiating-handler.js'
import { isReplayableBody } from './handlers/replayable-body.js'
import {
  NEGOTIATION_FOR_OPTIONS,
  TOKEN_OPTIONS,
  type NegotiationForOptions,
  type TokenOptions,
  ticketsOf,
} from './options/token-options.js'
import { hasHeader } from './handlers/request-headers.js'
import { serviceNameOf } from './service-names/service-name.js'
import { SharedAgentRequest } from './connections/shared-agent-request.js'
import { OWN_AUTHORIZATION } from './connections/http2-sessions.js'

/** Options of `negotiateInterceptor`. */
export interface InterceptorOptions extends NegotiationForOptions {
  /**
   * The origins that get a token. Required, since an Agent sends to any URL that it is given,
   * redirects included. Example: `['https://api.ad.test']`.
   */
  readonly origins: readonly string[]
  /**
   * Set it if this identity alone uses the Agent. Otherwise each request closes its connection,
   * since the backend may have bound the connection to this identity. An HTTP/2 connection carries
   * many requests and cannot be closed after one. While it is open, requests of other identities
   * are refused (ConfigurationError HTTP_1_1_REQUIRED). Default: `false`.
   */
  readonly ownAgent?: boolean
  /**
   * `true` (default): each request carries a token. `false`: only a request that the server has
   * answered with 401 is repeated with a token. `learned`: as `false` until the origin has asked
   * once, then as `true`. A body that is a stream always goes with a token, and so does any body
   * that comes from a fetch above.
   */
  readonly preemptive?: Preemptive
}

const INTERCEPTOR_OPTIONS = {
  ...NEGOTIATION_FOR_OPTIONS,
  ownAgent: 'flag',
  preemptive: 'value',
} as const satisfies OptionTableOf<InterceptorOptions>

/**
 * Returns an interceptor for undici. Each request carries a token, and the server's answer to it is
 * checked before the response is handed out.
 *
 * Tokens are bound to no TLS channel, since the Agent opens the connections; `channelBinding:
 * 'require'` is refused.
 *
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { negotiateInterceptor } from '@s4u/fetch'
 * import { createKdcClient } from '@s4u/kdc-client'
 * import { Agent, request } from 'undici'
 *
 * const credentials = { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }
 * const client = createKdcClient({ credentials })
 * const interceptor = negotiateInterceptor({ client, origins: ['https://api.ad.test'] })
 * const dispatcher = new Agent().compose(interceptor)
 * const { statusCode } = await request('https://api.ad.test/orders', { dispatcher })
 * ```
 */
export function negotiateInterceptor(given: InterceptorOptions): Dispatcher.DispatcherComposeInterceptor {
  const options = closeOptions('negotiateInterceptor', given, INTERCEPTOR_OPTIONS)
  const tickets = ticketsOf('negotiateInterceptor', options, given)
  if (options.channelBinding === 'require') {
    throw new ConfigurationError('an interceptor does not see the TLS connection that channelBinding needs', {
      code: 'GSS_S_BAD_BINDINGS',
      hint: 'Use the fetch of createFetch, whose connections are its own.',
    })
  }
  const issuer = new TokenIssuer(pickOptions<TokenOptions>(options, TOKEN_OPTIONS))
  const { preemptive } = options
  checkPreemptive(preemptive)
  return (dispatch) => (dispatchOptions, handler) => {
    // The path is left out. If it began with two slashes, `new URL` would read it as a host, and
    // the ticket would be for that host.
    const url = new URL(String(dispatchOptions.origin))
    const shared = options.ownAgent === true ? undefined : new SharedAgentRequest(dispatch, url.origin)
    const send = shared?.send ?? dispatch
    if (hasHeader(dispatchOptions.headers, 'authorization')) {
      if (shared !== undefined) shared.owner = OWN_AUTHORIZATION
      return send(dispatchOptions, handler)
    }
    const begin = async () => {
      const spn = await issuer.serviceName(url)
      if (spn !== undefined) return begun(await issuer.begin(url, spn, { tickets }))
      if (issuer.expectsProof(url)) throw noName(url)
      issuer.noticeNoServiceName(url)
      return undefined
    }
    const begun = (attempt: Attempt): Attempt => {
      if (shared !== undefined) shared.owner = clientOf(attempt.details).client
      return attempt
    }
    const attemptIfShared = async () => ((await shared?.mayGoWithoutToken()) === false ? begin() : undefined)
    return dispatchNegotiating(send, dispatchOptions, handler, SERVER_AUTHENTICATION, {
      first: () =>
        isPreemptive(url, preemptive) || !isReplayableBody(dispatchOptions.body) ? begin() : attemptIfShared(),
      asked: async (replayable, challenge) => {
        if (!offersNegotiate(challenge)) return undefined
        rememberAsking(url)
        return replayable ? begin() : undefined
      },
      unasked: (status) => {
        if (!issuer.expectsProof(url)) return undefined
        return issuer.judgeNotAsking(url, serviceNameOf(url, options) ?? url.host, status)
      },
      withFreshTicket: async (failed) => {
        const attempt = await issuer.beginWithFreshTicket(failed, url, { tickets })
        return attempt && begun(attempt)
      },
    })
  }
}
