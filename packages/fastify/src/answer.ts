import { type Challenge, type HeaderTarget, respond, writeHeaders } from '@s4u/negotiate'
import type { FastifyReply } from 'fastify'

/**
 * Sends a challenge as Fastify sends answers, so that `onSend` hooks still see it; or resets an
 * HTTP/2 stream, which Fastify must not answer then.
 */
export function answer(reply: FastifyReply, challenge: Challenge): void {
  const isHttp2 = 'stream' in reply.raw
  if (challenge.http1Required && isHttp2) {
    reply.hijack()
    respond(reply.raw, challenge)
    return
  }
  writeHeaders(headersOf(reply), challenge.headers)
  reply.code(challenge.statusCode).send(challenge.body)
}

/** The headers of a reply. Fastify sends its own in place of those of `reply.raw`. */
export function headersOf(reply: FastifyReply): HeaderTarget {
  return {
    getHeader: (name) => reply.getHeader(name),
    // Fastify would add a cookie to those that are there, where this is the whole list.
    setHeader: (name, value) => reply.removeHeader(name).header(name, value),
  }
}
