import {
  createAdapterNegotiator,
  type Mode,
  type Negotiator,
  type NegotiatorOptions,
  setCaller,
  type Runner,
  writeHeaders,
} from '@s4u/negotiate'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { answer, headersOf } from './answer.js'
import type { CallerOfHandler } from './authentication.js'
import { answerOfApp } from './relayed-answer.js'
import { addUpgradeHeaders, isHandshake, judgeHandshake } from './handshake.js'
import { type JudgedRules, readRouteRules, type RouteRules } from './route-rules.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller, set by `negotiate`. See `Authentication` where there may be none. */
    identity: CallerOfHandler
  }
  interface FastifyInstance {
    /** The negotiator of `negotiate`: `identityFor`, sessions, counters and `ready`. */
    negotiator: Negotiator
  }
  interface FastifyContextConfig {
    /** What the route says of its callers. */
    negotiate?: RouteRules
  }
}

/**
 * Options of the plugin `negotiate`: those of a negotiator, with a `mode` that may depend on the
 * request.
 */
export interface NegotiateOptions extends Omit<NegotiatorOptions, 'mode'> {
  /**
   * The mode of each request; a function answers at once: `(request) => (request.url === '/health'
   * ? 'off' : 'required')`. The mode in the `config` of a route goes before. Default `required`.
   */
  readonly mode?: Mode | ((request: FastifyRequest) => Mode)
}

/**
 * A plugin that answers 401 until the caller has authenticated, and then sets `request.identity`.
 * It applies to the routes of the instance that registers it, and of the instances below.
 *
 * ```ts
 * import { negotiate } from '@s4u/fastify'
 * import Fastify from 'fastify'
 *
 * const app = Fastify()
 * await app.register(negotiate, { keytab: 'web.keytab' })
 * app.get('/', (request) => `Hello ${request.identity.principal}`)
 * ```
 *
 * @throws ConfigurationError, MissingKeyError when the plugin is loaded
 */
export const negotiate: FastifyPluginAsync<NegotiateOptions> = fp(protect, { name: '@s4u/fastify', fastify: '>=4.29' })

async function protect(fastify: FastifyInstance, options: NegotiateOptions): Promise<void> {
  const { negotiator, modeFor } = createAdapterNegotiator<FastifyRequest>(options)
  const rulesOf = rulesReader(negotiator)
  if (!fastify.hasRequestDecorator('identity')) fastify.decorateRequest('identity')
  fastify.decorate('negotiator', negotiator)
  fastify.addHook('onRoute', ({ config }) => void rulesOf(config?.negotiate))
  const proceed = async (request: FastifyRequest, reply: FastifyReply, done: () => void): Promise<void> => {
    const rules = rulesOf(request.routeOptions.config?.negotiate)
    const mode = rules.mode ?? modeFor(request)
    const outcome = isHandshake(request)
      ? await judgeHandshake(negotiator, request, reply, { mode })
      : await negotiator.authenticate(request.raw, { mode, url: request.originalUrl, body: request.body })
    if (outcome.status === 'challenge') return reply.sent ? undefined : answer(reply, outcome)
    writeHeaders(headersOf(reply), outcome.headers)
    setCaller(request, outcome)
    judgeRoute(rules, request, reply, outcome.run, done)
  }
  // With callbacks: what runs inside of an async hook ends with it.
  fastify.addHook('onRequest', (request, reply, done) => void proceed(request, reply, () => done()).catch(done))
  fastify.addHook('onSend', (_request, reply, payload, done) => done(null, answerOfApp(reply, payload)))
  fastify.addHook('onReady', async () => addUpgradeHeaders(fastify))
  fastify.addHook('onClose', async () => negotiator[Symbol.dispose]())
}

/**
 * Returns a function that reads the rules of a route once. Routes that are declared before the
 * plugin has been loaded are read at their first request.
 */
function rulesReader(negotiator: Negotiator): (given: RouteRules | undefined) => JudgedRules {
  const known = new WeakMap<RouteRules, JudgedRules>()
  return (given) => {
    const before = typeof given === 'object' ? known.get(given) : undefined
    if (before !== undefined) return before
    const rules = readRouteRules(given, negotiator)
    if (given !== undefined) known.set(given, rules)
    return rules
  }
}

/** Applies the gates of a route, and goes on where all let the caller pass. */
function judgeRoute(
  { gates }: JudgedRules,
  request: FastifyRequest,
  reply: FastifyReply,
  outer: Runner,
  done: () => void,
): void {
  let run = outer
  for (const gate of gates) {
    const verdict = gate(request.raw, request.identity)
    if (verdict.status === 'challenge') return answer(reply, verdict)
    const around = run
    run = (next) => around(() => verdict.run(next))
  }
  run(done)
}
