import {
  ConfigurationError,
  type Outcome,
  respond,
  type ResponseTarget,
  type UpgradeOutcome,
  upgradeHeaders,
  writeHeaders,
} from '@s4u/negotiate'
import { type INestApplicationContext, Logger, type WebSocketAdapter } from '@nestjs/common'
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type Negotiation, NEGOTIATION } from './negotiation.js'
import { notePassed, noteSocket } from './socket-requests.js'

/**
 * Returns the adapter for WebSockets, so that each handshake is authenticated: `WsAdapter` of
 * `@nestjs/platform-ws` or `IoAdapter` of `@nestjs/platform-socket.io`. The option `mode` of the
 * module counts, also as a function of the request.
 *
 * ```ts
 * import type { INestApplication, WebSocketAdapter } from '@nestjs/common'
 * import { negotiateSockets } from '@s4u/nest'
 *
 * export function useSockets(app: INestApplication, adapter: WebSocketAdapter): void {
 *   app.useWebSocketAdapter(negotiateSockets(app, adapter))
 * }
 * ```
 *
 * @throws ConfigurationError when the app starts, for an adapter of another kind
 */
export function negotiateSockets<Adapter extends WebSocketAdapter>(
  app: INestApplicationContext,
  adapter: Adapter,
): Adapter {
  const negotiation = app.get<Negotiation>(NEGOTIATION, { strict: false })
  const handshakes = new Handshakes(negotiation)
  const create = adapter.create.bind(adapter)
  adapter.create = (port: number, options?: Readonly<Record<string, unknown>>): unknown => {
    const made: unknown = create(port, { ...options, verifyClient: handshakes.verifierFor(options?.verifyClient) })
    handshakes.watch(made)
    return made
  }
  negotiation.knowsSockets = true
  return adapter
}

/** As `ws` asks who may open a connection. */
type Verifier = (info: { readonly req: IncomingMessage }, done: (...verdict: readonly unknown[]) => void) => void

/** The server of engine.io, below socket.io. */
interface Engine {
  use(middleware: (request: EngineRequest, response: ResponseTarget, next: () => void) => void): void
  /** The connections that are open, by their identifier. */
  readonly clients: object
}

type EngineRequest = IncomingMessage & { readonly _query?: { readonly sid?: unknown } }

class Handshakes {
  readonly #negotiation: Negotiation
  readonly #logger = new Logger('S4uModule')
  readonly #watched = new WeakSet<object>()

  constructor(negotiation: Negotiation) {
    this.#negotiation = negotiation
  }

  /** Asks for the caller first, and then what the gateway itself asks. */
  verifierFor(own: unknown): Verifier {
    return (info, done) => {
      this.#open(info.req, () => {
        if (typeof own !== 'function') done(true)
        else if (own.length >= 2) own(info, done)
        else done(own(info))
      })
    }
  }

  /** @throws ConfigurationError */
  watch(made: unknown): void {
    const engine = engineOf(made)
    const server = engine ?? made
    if (typeof server === 'object' && server !== null && this.#watched.has(server)) return
    if (engine !== undefined) engine.use((request, response, next) => this.#enter(engine, request, response, next))
    else this.#watchServer(server)
    if (typeof server === 'object' && server !== null) this.#watched.add(server)
  }

  #watchServer(server: unknown): void {
    if (!(server instanceof EventEmitter) || !('handleUpgrade' in server))
      throw new ConfigurationError('negotiateSockets knows the adapters of ws and socket.io, and not this one', {
        hint: 'Give new WsAdapter(app) or new IoAdapter(app).',
      })
    server.on('headers', (lines: string[], request: IncomingMessage) => void lines.push(...upgradeHeaders(request)))
    server.on('connection', (client: { terminate(): void }, request: IncomingMessage) => {
      // The server was made by the app, which asks for nobody.
      if (!noteSocket(client, request)) client.terminate()
    })
  }

  /** Calls `next` for a handshake that may go on; any other has been answered on its socket. */
  #open(request: IncomingMessage, next: (outcome: UpgradeOutcome) => void): void {
    this.#outcomeOf(request, 'authenticateUpgrade').then(
      (outcome) => {
        if (outcome.status === 'challenge') return
        notePassed(request)
        next(outcome)
      },
      (error: unknown) => {
        this.#logger.error(error)
        // Nobody else answers it.
        request.socket.destroy()
      },
    )
  }

  /** Rejects also where the option `mode` throws: below, nothing would catch it. */
  async #outcomeOf(request: IncomingMessage, way: 'authenticate'): Promise<Outcome>
  async #outcomeOf(request: IncomingMessage, way: 'authenticateUpgrade'): Promise<UpgradeOutcome>
  async #outcomeOf(request: IncomingMessage, way: 'authenticate' | 'authenticateUpgrade') {
    return this.#negotiation.negotiator[way](request, this.#modeOf(request))
  }

  /** A connection of socket.io begins as a WebSocket, or with a request whose answer is awaited. */
  #enter(engine: Engine, request: EngineRequest, response: ResponseTarget, next: () => void): void {
    // The further requests of a connection carry its secret, by which engine.io knows them.
    const sid = request._query?.sid
    if (typeof sid === 'string' && Object.hasOwn(engine.clients, sid)) return next()
    const goOn = ({ headers }: Outcome): void => {
      writeHeaders(response, headers)
      next()
    }
    if (request.headers.upgrade !== undefined) return this.#open(request, goOn)
    this.#outcomeOf(request, 'authenticate').then(
      (outcome) => {
        if (outcome.status === 'challenge') return respond(response, outcome)
        notePassed(request)
        goOn(outcome)
      },
      (error: unknown) => {
        this.#logger.error(error)
        response.statusCode = 500
        response.end('')
      },
    )
  }

  #modeOf(request: IncomingMessage): { readonly mode?: NonNullable<ReturnType<Negotiation['modeFor']>> } {
    const mode = this.#negotiation.modeFor(request)
    return mode === undefined ? {} : { mode }
  }
}

/** The engine of a Server of socket.io, or of one of its namespaces. */
function engineOf(made: unknown): Engine | undefined {
  for (const holder of [made, propertyOf(made, 'server')]) {
    const engine = propertyOf(holder, 'engine')
    if (isEngine(engine)) return engine
  }
  return undefined
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function isEngine(value: unknown): value is Engine {
  return typeof propertyOf(value, 'use') === 'function' && typeof propertyOf(value, 'clients') === 'object'
}
