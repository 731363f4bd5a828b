import { createInitiator, findNegotiateChallenge, formatAuthorization, type Initiator } from '@s4u/gssapi'
import { type RandomSource, RejectedTokenError, S4uError, type ServiceTicket } from '@s4u/kdc-client'
import { followRedirects, isRedirect } from './redirect.js'
import { serviceNameOf, type ServiceNameOptions } from './service-name.js'

export type Fetch = typeof globalThis.fetch

export interface NegotiatedFetchOptions extends ServiceNameOptions {
  /** Supplies the ticket to show, in whoever's name this fetch acts. */
  readonly ticketFor: (spn: string, options: { readonly signal?: AbortSignal }) => Promise<ServiceTicket>
  /** The fetch below: where requests really go. Default: the platform's. */
  readonly fetch?: Fetch
  /**
   * `require` (default): the server must prove that it is the service the ticket was for, or the response is not handed out.
   * `off` is for servers that do not answer with a token.
   */
  readonly mutualAuthentication?: 'require' | 'off'
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly random?: RandomSource
}

/** Legs of one negotiation. Kerberos takes one, a cautious SPNEGO peer two or three. */
const MAX_LEGS = 4

/**
 * A `fetch` that shows a ticket with each request and checks the server's answer to it. Each request carries a fresh token: one that is
 * sent twice is a replay. Redirects to another origin go without one. Source: RFC 4559.
 *
 * @throws KdcError, DelegationRefusedError, KdcUnreachableError (no ticket), RejectedTokenError KRB_AP_ERR_MUT_FAIL (not the right server)
 */
export function createFetch(options: NegotiatedFetchOptions): Fetch {
  const { fetch: base = globalThis.fetch } = options
  return async (input, init) => {
    const request = new Request(input, init)
    const { origin } = new URL(request.url)
    const replayable = isReplayable(request, init)
    return followRedirects(request, replayable, (hop) =>
      new URL(hop.url).origin === origin
        ? negotiate(hop, options, base, replayable)
        : base(hop, { redirect: 'manual' }),
    )
  }
}

async function negotiate(
  request: Request,
  options: NegotiatedFetchOptions,
  base: Fetch,
  replayable: boolean,
): Promise<Response> {
  const spn = serviceNameOf(new URL(request.url), options)
  if (spn === undefined) return base(request, { redirect: 'manual' })
  const initiator = await initiatorFor(spn, options, request.signal)
  for (let leg = 1, token = initiator.token; ; leg++) {
    const response = await send(base, request, token, replayable)
    const next = verified(initiator, response, options, spn)
    // A challenge to a body that is gone cannot be met, and an endless one should not be.
    if (next === undefined || !replayable || leg === MAX_LEGS) return response
    await response.body?.cancel()
    token = next
  }
}

async function initiatorFor(spn: string, options: NegotiatedFetchOptions, signal: AbortSignal): Promise<Initiator> {
  const { ticketFor, now = Date.now, random, mutualAuthentication = 'require' } = options
  const ticket = await ticketFor(spn, { signal })
  return createInitiator({ ticket, mutual: mutualAuthentication === 'require', now, ...(random && { random }) })
}

/** A copy is sent where another leg may follow; a stream can be sent only once. */
function send(base: Fetch, request: Request, token: Uint8Array, replayable: boolean): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set('authorization', formatAuthorization(token))
  return base(replayable ? request.clone() : request, { headers, redirect: 'manual' })
}

/**
 * Checks the server's token. Returns the token of a further leg, or undefined when the response can be handed out: the server has
 * proved itself, or has refused or redirected, which is its own answer. @throws RejectedTokenError, MalformedTokenError
 */
function verified(
  initiator: Initiator,
  response: Response,
  options: NegotiatedFetchOptions,
  spn: string,
): Uint8Array | undefined {
  const token = findNegotiateChallenge(response.headers.get('www-authenticate') ?? undefined)?.token
  if (response.status === 401) return token && furtherLeg(initiator, token)
  if (token === undefined && (options.mutualAuthentication === 'off' || isRedirect(response))) return undefined
  try {
    const step = initiator.step(token)
    return step.status === 'continue' ? step.token : undefined
  } catch (error) {
    throw named(error, spn)
  }
}

/** In a 401 a token is another leg, or the server's reason to refuse; the reason stays in the response for whoever asked. */
function furtherLeg(initiator: Initiator, token: Uint8Array): Uint8Array | undefined {
  try {
    const step = initiator.step(token)
    return step.status === 'continue' ? step.token : undefined
  } catch (error) {
    if (S4uError.is(error)) return undefined
    throw error
  }
}

function named(error: unknown, spn: string): unknown {
  if (!(error instanceof RejectedTokenError)) return error
  return new RejectedTokenError(`${spn} did not prove its identity: ${error.message}`, {
    code: error.code,
    hint: 'The response was not handed out. Is the server behind this URL the account that has this service principal name, and does it answer with a token?',
    cause: error,
  })
}

/** Whether the body can be sent again: there is none, or the caller still holds its source. */
function isReplayable(request: Request, init: RequestInit | undefined): boolean {
  return (
    request.body === null ||
    (init?.body !== undefined &&
      init.body !== null &&
      !(init.body instanceof ReadableStream) &&
      !(Symbol.asyncIterator in Object(init.body)))
  )
}
