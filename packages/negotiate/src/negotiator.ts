import {
  type AcceptOutcome,
  type AcceptorOptions,
  createAcceptor,
  type Acceptor,
  type AuthenticationMethod,
} from '@s4u/acceptor'
import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { createKdcClient, type KdcClient, type KdcClientOptions, type S4uError } from '@s4u/kdc-client'
import { CallerIdentity } from './caller-identity.js'
import { checkDelegationOptions, type DelegationOptions, requireProtocolTransition } from './delegation-policy.js'
import { Delegator } from './delegator.js'
import type { FetchOptions } from './impersonation.js'

export interface NegotiatorOptions extends AcceptorOptions {
  /** `required` (default): who does not authenticate gets a 401. `optional`: they pass without an identity; a wrong token is still refused. */
  readonly mode?: 'required' | 'optional'
  /** The KDCs, for delegation: addresses, addresses by realm, or a transport of one's own. Default: KRB5_CONFIG, then DNS. */
  readonly kdc?: KdcClientOptions['kdc']
  readonly delegation?: DelegationOptions
  /** Encryption types to ask tickets with, best first. Default: AES and Camellia. */
  readonly encryptionTypes?: readonly number[]
  /** How the delegated fetch behaves. */
  readonly fetch?: FetchOptions
  /** The body of a 401: text, or a function of the reason. Default: one plain sentence. */
  readonly challenge?: string | ((reason: ChallengeReason) => string)
}

/** Why a 401 is sent; `code` is for a page that helps people on, and says nothing an attacker could use. */
export type ChallengeReason =
  | { readonly kind: 'no-token' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'refused'; readonly code: string }

/** What a negotiator reads of a request. A `node:http` IncomingMessage fits. */
export interface NegotiableRequest {
  readonly headers: { readonly authorization?: string | undefined }
  readonly socket?: { readonly remoteAddress?: string | undefined }
}

/** Headers to set on the response, whatever its status. */
export type ResponseHeaders = Readonly<Record<string, string>>

export type Outcome =
  /** Go on, and set these headers on the response, whatever its status: they prove to the client who answers. */
  | { readonly status: 'authenticated'; readonly identity: CallerIdentity; readonly headers: ResponseHeaders }
  /** Go on without an identity: authentication is optional, or another scheme is in use. */
  | { readonly status: 'anonymous'; readonly headers: ResponseHeaders }
  /** Send this. `error` is for the log, never for the client; absent when there was just no token yet. */
  | {
      readonly status: 'challenge'
      readonly statusCode: 400 | 401
      readonly headers: ResponseHeaders
      readonly body: string
      readonly error?: S4uError
    }

export interface Negotiator extends Disposable {
  /** Who sent this request? Called twice for one request it answers the same, without a second look at the token. */
  authenticate(request: NegotiableRequest): Promise<Outcome>
  /**
   * The identity of a user whom the app has authenticated itself (protocol transition, S4U2Self): `bob`, `bob@AD.TEST`, or a user
   * principal name. @throws ConfigurationError KDC_ERR_POLICY (delegation.protocolTransition), KdcError, KdcUnreachableError
   */
  identityFor(
    user: string,
    options?: { readonly method?: AuthenticationMethod; readonly signal?: AbortSignal },
  ): Promise<CallerIdentity>
  /** Resolves when the keys are there. @throws ConfigurationError, MissingKeyError */
  ready(): Promise<void>
}

/** Checks its options at once. @throws ConfigurationError, MissingKeyError */
export function createNegotiator(options: NegotiatorOptions = {}): Negotiator {
  checkDelegationOptions(options.delegation ?? {})
  return new HttpNegotiator(options, createAcceptor(options))
}

class HttpNegotiator implements Negotiator {
  private readonly options: NegotiatorOptions
  private readonly acceptor: Acceptor
  private readonly delegator: Delegator
  private readonly outcomes = new WeakMap<NegotiableRequest, Promise<Outcome>>()
  private client: Promise<KdcClient> | undefined

  constructor(options: NegotiatorOptions, acceptor: Acceptor) {
    this.options = options
    this.acceptor = acceptor
    const fetchOptions = { ...(options.now && { now: options.now }), ...options.fetch }
    this.delegator = new Delegator(() => this.kdcClient(), options.delegation ?? {}, fetchOptions)
  }

  authenticate(request: NegotiableRequest): Promise<Outcome> {
    const known = this.outcomes.get(request)
    if (known) return known
    const outcome = this.negotiate(request)
    this.outcomes.set(request, outcome)
    return outcome
  }

  async identityFor(
    user: string,
    { method = 'asserted', signal }: { method?: AuthenticationMethod; signal?: AbortSignal } = {},
  ): Promise<CallerIdentity> {
    requireProtocolTransition(user, this.options.delegation ?? {})
    const client = await this.kdcClient()
    const ticket = await client.s4u2self(user, signal ? { signal } : {})
    const identity = await this.acceptor.identify(ticket.ticket, method)
    return new CallerIdentity(identity, this.delegator)
  }

  async ready(): Promise<void> {
    await this.acceptor.ready()
  }

  [Symbol.dispose](): void {
    this.acceptor[Symbol.dispose]()
  }

  private async negotiate(request: NegotiableRequest): Promise<Outcome> {
    const parsed = parseAuthorization(request.headers.authorization)
    switch (parsed.status) {
      case 'none':
      case 'other-scheme':
        return this.withoutToken()
      case 'malformed':
        return this.challenge(400, parsed.error)
      case 'token':
        return this.outcomeOf(await this.acceptor.accept(parsed.token, contextOf(request)))
    }
  }

  private withoutToken(): Outcome {
    const headers = { 'WWW-Authenticate': formatChallenge() }
    if (this.options.mode === 'optional') return { status: 'anonymous', headers: {} }
    return { status: 'challenge', statusCode: 401, headers, body: this.body({ kind: 'no-token' }) }
  }

  private outcomeOf(accepted: AcceptOutcome): Outcome {
    switch (accepted.status) {
      case 'accepted': {
        const identity = new CallerIdentity(accepted.identity, this.delegator)
        return { status: 'authenticated', identity, headers: replyHeader(accepted.reply) }
      }
      case 'continue': {
        const body = this.body({ kind: 'continue' })
        return {
          status: 'challenge',
          statusCode: 401,
          headers: { 'WWW-Authenticate': formatChallenge(accepted.reply) },
          body,
        }
      }
      case 'refused':
        return this.challenge(401, accepted.error, accepted.reply)
    }
  }

  private challenge(statusCode: 400 | 401, error: S4uError, reply?: Uint8Array): Outcome {
    const headers = { 'WWW-Authenticate': formatChallenge(reply) }
    return { status: 'challenge', statusCode, headers, body: this.body({ kind: 'refused', code: error.code }), error }
  }

  private body(reason: ChallengeReason): string {
    const { challenge = DEFAULT_BODY } = this.options
    return typeof challenge === 'function' ? challenge(reason) : challenge
  }

  private kdcClient(): Promise<KdcClient> {
    this.client ??= this.createClient().catch((error: unknown) => {
      this.client = undefined
      throw error
    })
    return this.client
  }

  private async createClient(): Promise<KdcClient> {
    const { kdc, delegation, encryptionTypes, now, random } = this.options
    const keytab = await this.acceptor.keytab()
    const principal = delegation?.principal
    return createKdcClient({
      credentials: { keytab, ...(principal !== undefined && { principal }) },
      ...(kdc !== undefined && { kdc }),
      ...(encryptionTypes && { encryptionTypes }),
      ...(now && { now }),
      ...(random && { random }),
    })
  }
}

const DEFAULT_BODY = 'Sign in with Kerberos to use this service.\n'

function replyHeader(reply: Uint8Array | undefined): ResponseHeaders {
  return reply === undefined ? {} : { 'WWW-Authenticate': formatChallenge(reply) }
}

function contextOf({ socket }: NegotiableRequest): { clientAddress?: string } {
  return socket?.remoteAddress === undefined ? {} : { clientAddress: socket.remoteAddress }
}
