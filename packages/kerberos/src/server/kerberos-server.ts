import type { Identity, PendingNegotiation } from '@s4u/acceptor'
import type { SecurityContext } from '@s4u/gssapi'
import { ConfigurationError, formatPrincipal } from '@s4u/krb5'
import { inGssWords } from '../errors/mit-words.js'
import { requireString } from '../errors/parameters.js'
import { base64Of, octetsOfToken } from '../messages/base64.js'
import { asDeclared } from '../messages/declared-text.js'
import {
  noContext,
  unwrapText,
  type UnwrapOptions,
  type WrapOptions,
  wrapText,
} from '../messages/protected-messages.js'
import { Turns } from '../messages/turns.js'
import type { Service } from './acceptors.js'

/** Where a negotiation stands. */
type Stage =
  | { readonly at: 'waiting'; readonly negotiation?: PendingNegotiation }
  | { readonly at: 'established'; readonly identity: Identity; readonly context: SecurityContext }

/** The service's side of a context. Made by `initializeServer`. */
export class KerberosServer {
  readonly #service: Service
  readonly #turns = new Turns()
  #stage: Stage = { at: 'waiting' }
  #response: string | null = null
  #responseConf = 0

  /** @internal */
  constructor(service: Service) {
    this.#service = service
  }

  /** The caller: `alice@AD.TEST`. `null` until the context is established. */
  get username(): string {
    return asDeclared(this.identity?.principal ?? null)
  }

  /** The caller with what its ticket says: SID, groups, and what it takes to act as the caller. */
  get identity(): Identity | undefined {
    return this.#stage.at === 'established' ? this.#stage.identity : undefined
  }

  /** The token of the last step, in base64; `null` if there was none. */
  get response(): string {
    return asDeclared(this.#response)
  }

  /**
   * The name for which the caller's ticket is, where `initializeServer('')` left it open; otherwise
   * `null`.
   */
  get targetName(): string {
    const evidence = this.#service.isAnyName ? this.identity?.evidence : undefined
    return asDeclared(evidence === undefined ? null : formatPrincipal(evidence.service))
  }

  /** 1 if the message that was unwrapped last was sealed; 0 if it was only signed. */
  get responseConf(): number {
    return this.#responseConf
  }

  /** Whether the caller is known, and needs no further token. */
  get contextComplete(): boolean {
    return this.#stage.at === 'established'
  }

  /**
   * Takes a token of the client and resolves to the answer, in base64; to `null` if there is none.
   * Until `contextComplete` is true, the client must send another token.
   *
   * @throws TypeError, KerberosError
   */
  async step(challenge: string): Promise<string> {
    requireString('challenge', challenge)
    return asDeclared(await this.#turns.take(() => this.#take(challenge)))
  }

  /**
   * Wraps data for the client, as `wrap` of a client does. npm `kerberos` has it for clients only.
   */
  async wrap(challenge: string, options: WrapOptions = {}): Promise<string> {
    requireString('challenge', challenge)
    return this.#inContext((context) => wrapText(context, challenge, options))
  }

  /** Opens a message of the client, as `unwrap` of a client does. */
  async unwrap(challenge: string, options: UnwrapOptions = {}): Promise<string> {
    requireString('challenge', challenge)
    this.#responseConf = 0
    const { data, sealed } = this.#inContext((context) => unwrapText(context, challenge, options))
    this.#responseConf = sealed ? 1 : 0
    return data
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `KerberosServer { ${this.#stage.at} }`
  }

  async #take(challenge: string): Promise<string | null> {
    this.#response = null
    const stage = this.#stage
    if (challenge === '') throw noChallenge()
    try {
      if (stage.at === 'established') throw alreadyAccepted()
      this.#stage = { at: 'waiting' }
      const { negotiation } = stage
      const token = octetsOfToken('challenge', challenge)
      const outcome = await this.#service.acceptor.accept(token, negotiation === undefined ? {} : { negotiation })
      if (outcome.status === 'refused') throw outcome.error
      if (outcome.status === 'continue') this.#stage = { at: 'waiting', negotiation: outcome.negotiation }
      else this.#stage = { at: 'established', identity: outcome.identity, context: outcome.context }
      this.#response = outcome.reply === undefined ? null : base64Of(outcome.reply)
    } catch (error) {
      throw inGssWords(error)
    }
    return this.#response
  }

  #inContext<T>(use: (context: SecurityContext) => T): T {
    this.#response = null
    try {
      if (this.#stage.at !== 'established') throw noContext()
      return use(this.#stage.context)
    } catch (error) {
      throw inGssWords(error)
    }
  }
}

function noChallenge(): ConfigurationError {
  return new ConfigurationError('No challenge parameter in request from client', {
    code: 'GSS_S_DEFECTIVE_TOKEN',
    status: 400,
    hint: 'Answer 401 with WWW-Authenticate: Negotiate while the client has sent no token.',
  })
}

function alreadyAccepted(): ConfigurationError {
  return new ConfigurationError('accept_sec_context called with existing context handle', {
    code: 'GSS_S_UNAVAILABLE',
    hint: 'Make another server for each client and each request.',
  })
}
