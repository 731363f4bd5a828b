import {
  type AdapterNegotiator,
  type Challenge,
  type Gate,
  type ImpersonationOption,
  type Mode,
  type NegotiatorOptions,
  type Outcome,
  type Runner,
  writeHeaders,
} from '@s4u/negotiate'
import type { ExecutionContext, OnModuleDestroy } from '@nestjs/common'
import { noteCaller } from './caller.js'
import { ChallengeException } from './challenge-exception.js'
import { type Answering, exchangeOf, type PlatformRequest } from './exchange.js'
import { rulesOf } from './route-rules.js'

/** Options of `S4uModule.forRoot`: those of a negotiator, and what concerns Nest. */
export interface S4uModuleOptions extends Omit<NegotiatorOptions, 'mode'> {
  /**
   * The mode of each request; a function answers at once: `(request) => (request.url === '/health'
   * ? 'off' : 'required')`. `@NegotiateMode()` goes before. Default `required`.
   */
  readonly mode?: Mode | ((request: PlatformRequest) => Mode)
}

/** The name under which the parts of this package are injected. */
export const NEGOTIATION = 's4u:negotiation'

type Passed = Exclude<Outcome, Challenge>

/** What the guard and the interceptor of a module share. */
export class Negotiation implements OnModuleDestroy {
  /** Handshakes of WebSockets are authenticated: `negotiateSockets` was called. */
  knowsSockets = false
  readonly #adapter: AdapterNegotiator<PlatformRequest>
  readonly #impersonation = new Map<ImpersonationOption, Gate>()
  /**
   * Requests that the guard has let pass, and to which handlers: a query of GraphQL has several.
   */
  readonly #passed = new WeakMap<object, WeakMap<object, Passed>>()

  constructor(adapter: AdapterNegotiator<PlatformRequest>) {
    this.#adapter = adapter
  }

  get negotiator(): AdapterNegotiator<PlatformRequest>['negotiator'] {
    return this.#adapter.negotiator
  }

  /** The option `mode` for a request. */
  modeFor(request: PlatformRequest): Mode | undefined {
    return this.#adapter.modeFor(request)
  }

  /**
   * Finds the caller, and applies what the route says. Returns whether the request may go on: false
   * for a message of a WebSocket, which has no answer with headers.
   * @throws ChallengeException
   */
  async judge(context: ExecutionContext): Promise<boolean> {
    const { request, raw, response } = exchangeOf(context)
    const mode = rulesOf(context).mode ?? this.modeFor(request)
    const url = request.originalUrl ?? request.url
    const options = { ...(mode !== undefined && { mode }), ...(url !== undefined && { url }), body: request.body }
    // The negotiator looks at each request once: a second guard gets the same outcome.
    const outcome = await this.negotiator.authenticate(raw, options)
    if (outcome.status === 'challenge') return refuse(response, outcome)
    if (response !== undefined) writeHeaders(response.headers, outcome.headers)
    noteCaller(request, outcome.identity)
    for (const gate of this.#gatesOf(context)) {
      const verdict = gate(raw, outcome.identity)
      if (verdict.status === 'challenge') return refuse(response, verdict)
    }
    const passed = this.#passed.get(raw) ?? new WeakMap<object, Passed>()
    this.#passed.set(raw, passed.set(context.getHandler(), outcome))
    return true
  }

  /** Returns what runs the handler; undefined where the guard has not let the request pass. */
  findRunner(context: ExecutionContext): Runner | undefined {
    const { raw } = exchangeOf(context)
    const outcome = this.#passed.get(raw)?.get(context.getHandler())
    if (outcome === undefined) return undefined
    let run = outcome.run
    for (const gate of this.#gatesOf(context)) {
      const verdict = gate(raw, outcome.identity)
      if (verdict.status === 'challenge') return undefined
      const outer = run
      run = (next) => outer(() => verdict.run(next))
    }
    return run
  }

  /** @throws ConfigurationError for `notAllowed` in an app that always impersonates */
  impersonationGate(option: ImpersonationOption): Gate {
    const gate = this.#impersonation.get(option) ?? this.negotiator.impersonation(option)
    this.#impersonation.set(option, gate)
    return gate
  }

  onModuleDestroy(): void {
    this.negotiator[Symbol.dispose]()
  }

  #gatesOf(context: ExecutionContext): readonly Gate[] {
    const { gates, impersonation } = rulesOf(context)
    return impersonation === undefined ? gates : [...gates, this.impersonationGate(impersonation)]
  }
}

/** The headers go into the response at once, but for those of the body. */
function refuse(response: Answering | undefined, challenge: Challenge): false {
  if (response === undefined) return false
  const { 'Content-Type': _ofBody, ...others } = challenge.headers
  writeHeaders(response.headers, others)
  throw new ChallengeException(challenge)
}
