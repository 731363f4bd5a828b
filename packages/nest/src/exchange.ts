import {
  type CallerIdentity,
  type Challenge,
  ConfigurationError,
  type HeaderTarget,
  type NegotiableRequest,
  respond,
  type ResponseTarget,
  writeHeaders,
} from '@s4u/negotiate'
import type { ArgumentsHost } from '@nestjs/common'
import { requestOfSocket } from './socket-requests.js'

/** A request of Express or Fastify. */
export interface PlatformRequest {
  /** The request of `node:http`; Express's own is one itself. */
  readonly raw?: NegotiableRequest
  readonly url?: string
  readonly originalUrl?: string
  readonly body?: unknown
  /** The response, on Express. */
  readonly res?: unknown
  /** The caller, set by `NegotiateGuard`. */
  identity?: CallerIdentity | undefined
}

/** A reply of Fastify, as far as it is used here. */
interface FastifyReply {
  readonly raw: ResponseTarget
  code(statusCode: number): FastifyReply
  getHeader(name: string): number | string | string[] | undefined
  removeHeader(name: string): FastifyReply
  header(name: string, value: unknown): FastifyReply
  hijack(): FastifyReply
  send(body: string): FastifyReply
}

/** A request and its answer, on whichever platform. */
export interface Exchange {
  readonly request: PlatformRequest
  /** As the negotiator takes it: the same object in all guards and interceptors of a request. */
  readonly raw: NegotiableRequest
  /** Undefined where the answer has been sent: a message of a WebSocket has none. */
  readonly response: Answering | undefined
}

export interface Answering {
  readonly headers: HeaderTarget
  answer(challenge: Challenge): void
}

/**
 * Returns the request that a guard, an interceptor or a filter is called for: that of a route, the
 * one that carries a query of GraphQL, or the handshake of a WebSocket.
 * @throws ConfigurationError
 */
export function exchangeOf(host: ArgumentsHost): Exchange {
  const kind = host.getType<string>()
  if (kind === 'http') return exchangeFor(host.getArgByIndex(0), host.getArgByIndex(1))
  if (kind === 'graphql') return exchangeOfQuery(host.getArgByIndex(2))
  if (kind === 'ws') {
    const raw = requestOfSocket(host.getArgByIndex(0))
    return { request: raw, raw, response: undefined }
  }
  throw new ConfigurationError(
    `@s4u/nest knows the callers of http, GraphQL and WebSockets, and not those of ${kind}`,
    {
      hint: "Say @NegotiateMode('off') at what is reached that way, if something else protects it.",
    },
  )
}

/** The values of a context of GraphQL under the names that the drivers of Nest give them. */
interface QueryContext {
  readonly req?: unknown
  readonly request?: unknown
  readonly res?: unknown
  readonly reply?: unknown
}

function exchangeOfQuery(context: QueryContext | undefined): Exchange {
  const request = context?.req ?? context?.request
  // Apollo on Express gives the request alone, which knows its response.
  const ofExpress = isRequest(request) ? request.res : undefined
  const response = context?.res ?? context?.reply ?? ofExpress
  if (isRequest(request) && isResponse(response)) return exchangeFor(request, response)
  throw new ConfigurationError('the context of this GraphQL query has no request and response of http', {
    hint: 'Let `context` of GraphQLModule return { req, res }, on Fastify (request, reply) => ({ req: request, reply }). Subscriptions over WebSockets are not authenticated.',
  })
}

function exchangeFor(request: PlatformRequest & NegotiableRequest, response: ResponseTarget | FastifyReply): Exchange {
  const raw = request.raw ?? request
  if (!isReply(response)) {
    const answer = (challenge: Challenge): void => respond(response, challenge)
    return { request, raw, response: { headers: response, answer } }
  }
  const headers = headersOf(response)
  const answer = (challenge: Challenge): void => answerInFastify(response, headers, challenge)
  return { request, raw, response: { headers, answer } }
}

function isRequest(value: unknown): value is PlatformRequest & NegotiableRequest {
  return typeof value === 'object' && value !== null && 'headers' in value
}

function isResponse(value: unknown): value is ResponseTarget | FastifyReply {
  return typeof value === 'object' && value !== null && 'getHeader' in value
}

function isReply(response: ResponseTarget | FastifyReply): response is FastifyReply {
  return 'raw' in response && 'hijack' in response
}

/** The headers of a reply. Fastify sends its own in place of those of `reply.raw`. */
function headersOf(reply: FastifyReply): HeaderTarget {
  return {
    getHeader: (name) => reply.getHeader(name),
    // Fastify would add a cookie to those that are there, where this is the whole list.
    setHeader: (name, value) => reply.removeHeader(name).header(name, value),
  }
}

/** As Fastify sends answers, or by a reset of the HTTP/2 stream, which Fastify must not answer. */
function answerInFastify(reply: FastifyReply, headers: HeaderTarget, challenge: Challenge): void {
  if (challenge.http1Required && reply.raw.stream !== undefined) {
    reply.hijack()
    respond(reply.raw, challenge)
    return
  }
  writeHeaders(headers, challenge.headers)
  reply.code(challenge.statusCode).send(challenge.body)
}
