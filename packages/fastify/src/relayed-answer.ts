import { type ResponseHeaders, withHeaders } from '@s4u/negotiate'
import type { FastifyReply } from 'fastify'

/**
 * Returns a payload as it may be sent. A `Response`, such as the answer of a backend, loses what
 * belongs to the app's own connection to that backend. Fastify puts its headers in place of those
 * of the reply, so the proof of this service is added to them.
 */
export function answerOfApp(reply: FastifyReply, payload: unknown): unknown {
  return isResponse(payload) ? withHeaders(payload, listsOf(reply)) : payload
}

/** As Fastify knows one: a `fetch` may have a class of its own. */
function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === '[object Response]'
}

/** The headers of a reply that are lists, to which those of a response are added. */
function listsOf(reply: FastifyReply): ResponseHeaders {
  const named = ['WWW-Authenticate', 'Vary'].map((name) => [name, reply.getHeader(name)] as const)
  return Object.fromEntries(
    named.flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value : String(value)]],
    ),
  )
}
