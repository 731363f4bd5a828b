/**
 * What one request is at each step of its way through the gateway. A step takes the value of the
 * step before, and returns that of the next; nothing is set later.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { CallerIdentity, ResponseHeaders, Session } from '@s4u/negotiate'
import type { ListenerSettings, RuleSettings, SiteSettings } from '../configuration/gateway-options.js'

export type ClientRequest = IncomingMessage | Http2ServerRequest
export type ClientResponse = ServerResponse | Http2ServerResponse

/** Where an answer goes: a response, or the bare socket of a handshake for WebSockets. */
export type ReplyTo =
  | { readonly kind: 'response'; readonly response: ClientResponse }
  | { readonly kind: 'upgrade'; readonly socket: Socket; readonly head: Buffer }

/** A request whose target and headers have been found to mean one thing only. */
export interface ReceivedRequest {
  /** For logs, pages of errors and the header `X-Request-Id` inside. */
  readonly id: string
  readonly request: ClientRequest
  readonly replyTo: ReplyTo
  readonly listener: ListenerSettings
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly method: string
  /** Under which name the client asks: `https`, `orders.example.com`, 443. */
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** As they came, octet by octet: what was decided on is what is sent on. */
  readonly path: string
  /** With its `?`; empty without one. */
  readonly query: string
  /** The address of the client: of the connection, or what a named proxy says. */
  readonly clientAddress: string | undefined
}

export interface SiteRequest extends ReceivedRequest {
  readonly site: SiteSettings
  /**
   * The rules that decide, all of which must let the caller pass: two where the path can be read in
   * two ways. None: every known user may.
   */
  readonly rules: readonly RuleSettings[]
}

/** Who calls is known, and may. */
export interface CallerRequest extends SiteRequest {
  /** Undefined where a rule lets everybody pass. */
  readonly caller: CallerIdentity | undefined
  /** How the caller came: `negotiate`, `session`, `form` and so on; `none` without a caller. */
  readonly way: string
  /** The session of the caller, also where it begins with the answer; undefined without one. */
  readonly session: Session | undefined
  /**
   * Headers that belong to the answer, whatever its status: proof of the gateway, session cookie.
   */
  readonly answerHeaders: ResponseHeaders
}

/**
 * Returns the request of a site. Its members are named one by one here and below: a spread of so
 * many of them takes V8 longer than all of the steps that read them.
 */
export function requestOfSite(
  received: ReceivedRequest,
  site: SiteSettings,
  rules: readonly RuleSettings[],
): SiteRequest {
  const { id, request, replyTo, listener, receivedAt, method, scheme, host, port, path, query } = received
  const { clientAddress } = received
  return {
    id,
    request,
    replyTo,
    listener,
    receivedAt,
    method,
    scheme,
    host,
    port,
    path,
    query,
    clientAddress,
    site,
    rules,
  }
}

/** Returns the request of a caller who may. */
export function requestOfCaller(
  sited: SiteRequest,
  { caller, way, session, answerHeaders }: Pick<CallerRequest, 'caller' | 'way' | 'session' | 'answerHeaders'>,
): CallerRequest {
  const { id, request, replyTo, listener, receivedAt, method, scheme, host, port, path, query } = sited
  const { clientAddress, site, rules } = sited
  return {
    id,
    request,
    replyTo,
    listener,
    receivedAt,
    method,
    scheme,
    host,
    port,
    path,
    query,
    clientAddress,
    site,
    rules,
    caller,
    way,
    session,
    answerHeaders,
  }
}
