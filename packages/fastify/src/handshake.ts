import { type Outcome, type Negotiator, upgradeHeaders } from '@s4u/negotiate'
import type { IncomingMessage } from 'node:http'
import { EventEmitter } from 'node:events'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/**
 * Whether Node has given out the socket of a request for another protocol: `@fastify/websocket`
 * makes a request of Fastify of it. The header alone says nothing, since a client can send it to
 * any route.
 */
export function isHandshake({ raw }: FastifyRequest): boolean {
  return 'upgrade' in raw && raw.upgrade === true
}

/**
 * Judges a handshake. Where it is refused, the answer has been written to the socket, and Fastify
 * has nothing to send any more.
 */
export async function judgeHandshake(
  negotiator: Negotiator,
  request: FastifyRequest,
  reply: FastifyReply,
  options: NonNullable<Parameters<Negotiator['authenticateUpgrade']>[1]>,
): Promise<Outcome> {
  const outcome = await negotiator.authenticateUpgrade(request.raw, options)
  if (outcome.status === 'challenge') {
    reply.hijack()
    // The connection goes on, and the next request on it has a response of its own.
    reply.raw.detachSocket(request.raw.socket)
  }
  return outcome
}

/**
 * Adds the headers of an outcome to the 101 of `@fastify/websocket`, which Fastify does not send.
 */
export function addUpgradeHeaders(fastify: FastifyInstance): void {
  const server: unknown = Reflect.get(fastify, 'websocketServer')
  if (!(server instanceof EventEmitter)) return
  server.on('headers', (lines: string[], request: IncomingMessage) => void lines.push(...upgradeHeaders(request)))
}
