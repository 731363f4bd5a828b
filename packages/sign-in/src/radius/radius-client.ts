import { setMaxListeners } from 'node:events'
import { ConfigurationError, printableMessage } from '@s4u/krb5'
import { type AccessRequest, sealAccessRequest } from './access-request.js'
import type { AccessAnswer } from './access-answer.js'
import { MAX_PASSWORD_OCTETS } from './hidden-password.js'
import { COMPARE_TLS, RadiusUnreachableError } from './radius-errors.js'
import { type RadiusOptions, type RadiusServer, type RadiusSettings, readRadiusOptions } from './radius-options.js'
import { MAX_VALUE_OCTETS } from './radius-packet.js'
import { RadiusSockets } from './radius-sockets.js'
import { TimeLimitPassed, withTimeLimit } from './time-limit.js'

/** Whom a RADIUS server is asked about. */
export interface RadiusQuestion {
  /** 1 to 253 octets of UTF-8. */
  readonly user: string
  /** A password or a one-time code: at most 128 octets of UTF-8. */
  readonly password: string
  /** The challenge that the password answers. */
  readonly challenge?: RadiusChallenge
  /** The address of the user's machine (Calling-Station-Id), for the policy and the log there. */
  readonly clientAddress?: string
  readonly signal?: AbortSignal
}

/** What belongs to the next step, and is no business of the user. */
export interface RadiusChallenge {
  /** As the server sent it; undefined if it sent none. */
  readonly state: Uint8Array | undefined
  /** The server that knows the state, as its `servers` entry is shown. */
  readonly server: string
}

/**
 * What a RADIUS server says. `message` is its text for the user, without controls; empty if it has
 * none.
 */
export type RadiusAnswer =
  | { readonly status: 'accepted' | 'rejected'; readonly message: string }
  | { readonly status: 'challenged'; readonly message: string; readonly challenge: RadiusChallenge }

/** A client of RADIUS servers. `createRadiusClient` returns one. */
export interface RadiusClient extends Disposable {
  /**
   * Asks whether the password of a user is right.
   *
   * @throws RadiusUnreachableError if no server answered; ConfigurationError for a user or a
   * password that does not fit into a packet; the reason of the signal
   */
  ask(question: RadiusQuestion): Promise<RadiusAnswer>
  /** Ends all questions that are on their way, and closes the sockets. */
  close(): void
}

/**
 * Creates a client of RADIUS (RFC 2865) over UDP or TLS, which asks one server after another until
 * one answers. By UDP every answer must carry a Message-Authenticator.
 *
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { createRadiusClient } from '@s4u/sign-in'
 *
 * const radius = createRadiusClient({
 *   servers: ['radius1.corp.test', 'radius2.corp.test'],
 *   secret: process.env['RADIUS_SECRET'] ?? '',
 * })
 * const { status } = await radius.ask({ user: 'alice', password: '755224' })
 * console.log(status)
 * radius.close()
 * ```
 */
export function createRadiusClient(options: RadiusOptions): RadiusClient {
  return new RadiusServersClient(readRadiusOptions(options))
}

/** How long a server that did not answer is asked after all others; milliseconds. */
const DEAD_FOR = 60_000

class RadiusServersClient implements RadiusClient {
  readonly #settings: RadiusSettings
  readonly #sockets: RadiusSockets
  readonly #closing = new AbortController()
  readonly #deadUntil = new Map<RadiusServer, number>()

  constructor(settings: RadiusSettings) {
    this.#settings = settings
    this.#sockets = new RadiusSockets(settings.tls)
    // Each question on its way listens to it.
    setMaxListeners(0, this.#closing.signal)
  }

  async ask(question: RadiusQuestion): Promise<RadiusAnswer> {
    const request = accessRequest(question, this.#settings)
    const tried: Tried = { failed: [], hint: undefined }
    const parents = question.signal ? [this.#closing.signal, question.signal] : [this.#closing.signal]
    try {
      return await withTimeLimit(this.#settings.timeLimit, parents, (signal) =>
        this.#askInTurn(request, this.#inOrder(question.challenge), { tried, signal }),
      )
    } catch (error) {
      if (!(error instanceof TimeLimitPassed)) throw error
      throw new RadiusUnreachableError(tried.failed, tried.hint ?? this.#hint)
    }
  }

  /** What to look at where no answer tells more. */
  get #hint(): string | undefined {
    return this.#settings.tls && COMPARE_TLS
  }

  close(): void {
    const reason = new ConfigurationError('the RADIUS client is closed', { code: 'S4U_CLOSED' })
    this.#closing.abort(reason)
    this.#sockets.close(reason)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async #askInTurn(request: AccessRequest, servers: readonly RadiusServer[], turn: Turn): Promise<RadiusAnswer> {
    for (const server of servers) {
      const entry = { server: server.label, reason: 'did not answer in time' }
      turn.tried.failed.push(entry)
      const answer = await this.#askOne(server, request, turn).catch((error: unknown) => {
        if (turn.signal.reason instanceof TimeLimitPassed) this.#noteDead(server)
        turn.signal.throwIfAborted()
        entry.reason = printableMessage(error)
        return undefined
      })
      if (answer !== undefined) {
        this.#deadUntil.delete(server)
        return withChallenge(answer, server)
      }
      this.#noteDead(server)
    }
    throw new RadiusUnreachableError(turn.tried.failed, turn.tried.hint ?? this.#hint)
  }

  #askOne(server: RadiusServer, request: AccessRequest, { tried, signal }: Turn): Promise<AccessAnswer | undefined> {
    const { secret, random, waits, tls } = this.#settings
    const [entry] = tried.failed.slice(-1)
    return this.#sockets.exchange(server, {
      seal: (identifier) => sealAccessRequest(request, identifier, secret, random),
      secret,
      isProtected: tls !== undefined,
      waits,
      signal,
      onDiscarded: (error) => {
        entry.reason = error.message
        tried.hint ??= error.hint
      },
    })
  }

  #noteDead(server: RadiusServer): void {
    this.#deadUntil.set(server, this.#settings.now() + DEAD_FOR)
  }

  /** Those that answered lately first. A challenge is answered to the server that made it alone. */
  #inOrder(challenge: RadiusChallenge | undefined): readonly RadiusServer[] {
    const { servers, now } = this.#settings
    if (challenge !== undefined) return servers.filter(({ label }) => label === challenge.server)
    const isDead = (server: RadiusServer): boolean => (this.#deadUntil.get(server) ?? 0) > now()
    return [...servers].sort((a, b) => Number(isDead(a)) - Number(isDead(b)))
  }
}

/** What came of the servers that were asked. */
interface Tried {
  readonly failed: { readonly server: string; reason: string }[]
  hint: string | undefined
}

interface Turn {
  readonly tried: Tried
  readonly signal: AbortSignal
}

function withChallenge({ status, message, state }: AccessAnswer, { label }: RadiusServer): RadiusAnswer {
  return status === 'challenged' ? { status, message, challenge: { state, server: label } } : { status, message }
}

function accessRequest(question: RadiusQuestion, { protocol, nasIdentifier }: RadiusSettings): AccessRequest {
  const { user, password, challenge, clientAddress } = question
  return {
    user: octetsOf('user', user, 1, MAX_VALUE_OCTETS),
    password: octetsOf('password', password, 0, MAX_PASSWORD_OCTETS),
    protocol,
    nasIdentifier,
    ...(clientAddress && { callingStationId: octetsOf('clientAddress', clientAddress, 1, MAX_VALUE_OCTETS) }),
    ...(challenge?.state && { state: challenge.state }),
  }
}

/**
 * A zero octet would end the password at the server, and its rest would not be compared. Half a
 * character (surrogate) would become another character.
 */
function octetsOf(name: string, text: string, least: number, most: number): Uint8Array {
  const octets = new TextEncoder().encode(text)
  if (octets.length >= least && octets.length <= most && !/[\0\p{Cs}]/u.test(text)) return octets
  throw new ConfigurationError(
    `radius: ${name} must be a text of ${least} to ${most} octets in UTF-8, without the character zero`,
  )
}
