import type { Acceptor, AcceptorOptions, AcceptOutcome, Identity } from '@s4u/acceptor'
import { formatChallenge } from '@s4u/gssapi'
import type { S4uError } from '@s4u/kdc-client'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { Challenges } from '../http/challenges.js'
import { connectionOf } from '../http/proxied.js'
import type { NegotiableRequest } from '../http/request.js'
import { bindingsOf, configuredBindings, type TlsCertificateOptions } from '../http/tls-channel.js'
import type { SignInSources } from '../sign-in-sources/sign-in-sources.js'
import type { Sessions } from '../session/sessions.js'
import type { AboutRequest, Found, FoundCaller } from './found-caller.js'
import { cannotContinue, notUnderWay } from './leg-refusals.js'
import type { NegotiatorEvents } from './negotiator-events.js'
import { ntlmHint, type NtlmService, ntlmUseOf } from './ntlm-use.js'
import { isContinuation, PendingNegotiations } from './pending-negotiations.js'

export interface TokenSignInDeps {
  readonly options: Pick<AcceptorOptions, 'channelBinding'> & TlsCertificateOptions
  readonly acceptor: Acceptor
  readonly sources: SignInSources
  readonly sessions: Sessions
  readonly events: NegotiatorEvents
  readonly challenges: Challenges
  readonly now: () => number
  readonly about: (request: NegotiableRequest) => AboutRequest
  readonly ntlmService: () => NtlmService
  readonly callerOf: (identity: Identity) => CallerIdentity
  /** Tells that a caller is known by its token. */
  readonly authenticated: (
    about: AboutRequest,
    identity: CallerIdentity,
    headers: FoundCaller['headers'],
  ) => FoundCaller
}

/** Lets the acceptor judge a token of `Negotiate`, and does what follows from it. */
export class TokenSignIn {
  readonly #deps: TokenSignInDeps
  readonly #pending: PendingNegotiations
  readonly #proxyBindings: readonly Uint8Array[]

  /** @throws ConfigurationError */
  constructor(deps: TokenSignInDeps) {
    this.#deps = deps
    this.#pending = new PendingNegotiations(deps.now)
    this.#proxyBindings = configuredBindings(deps.options)
  }

  async judge(request: NegotiableRequest, token: Uint8Array): Promise<Found> {
    const { acceptor, options, about: aboutOf, ntlmService } = this.#deps
    const continues = isContinuation(token)
    const negotiation = continues ? this.#pending.take(connectionOf(request)) : undefined
    if (negotiation === undefined && continues) return this.#refuse(request, notUnderWay(), { unseen: true })
    const about = aboutOf(request)
    const { clientAddress } = about
    const bound = (options.channelBinding ?? 'off') !== 'off'
    const accepted = await acceptor.accept(token, {
      request,
      hintFor: (mechanism) => (mechanism === 'ntlm' ? ntlmHint(request, ntlmService()) : undefined),
      ...(clientAddress !== undefined && { clientAddress }),
      ...(negotiation && { negotiation }),
      ...(bound && { channelBindings: [...bindingsOf(request), ...this.#proxyBindings] }),
    })
    return this.#afterLeg(about, accepted)
  }

  /** Refuses a header that is none of `Negotiate`. */
  refuseHeader(request: NegotiableRequest, error: S4uError): Found {
    return this.#refuse(request, error, { statusCode: 400, unseen: true })
  }

  /** Ends what waits for a further leg. */
  clear(): void {
    this.#pending.clear()
  }

  #afterLeg(about: AboutRequest, accepted: AcceptOutcome): Found {
    const { request } = about
    switch (accepted.status) {
      case 'accepted':
        return this.#admit(about, accepted)
      case 'continue': {
        const connection = connectionOf(request)
        const kept = connection !== undefined && this.#pending.keep(connection, accepted.negotiation)
        if (!kept) return this.#refuse(request, cannotContinue(request), { unseen: true })
        this.#deps.events.challenged({ ...about, reason: 'continue' })
        return { by: 'refusal', challenge: this.#deps.challenges.next(accepted.reply) }
      }
      case 'refused':
        return this.#refuse(request, accepted.error, accepted)
    }
  }

  #admit(about: AboutRequest, accepted: Extract<AcceptOutcome, { readonly status: 'accepted' }>): Found {
    const { sessions, events, callerOf, authenticated } = this.#deps
    const reply = accepted.reply && { 'WWW-Authenticate': formatChallenge(accepted.reply) }
    const identity = callerOf(accepted.identity)
    const begun = sessions.begin(about.request, identity)
    if (begun !== undefined) events.sessionBegun(identity, begun.by, begun.headers)
    const session = sessions.of(about.request)
    const found = authenticated(about, identity, { ...reply, ...begun?.headers })
    return { ...found, ...(session && { session }) }
  }

  /** @param details `unseen`: the acceptor has not published the refusal */
  #refuse(
    request: NegotiableRequest,
    error: S4uError,
    details: { statusCode?: 400; reply?: Uint8Array; mechanism?: string; unseen?: boolean },
  ): Found {
    const { reply, mechanism, unseen = false } = details
    // While the replay store gives no answer, another token would not help, and after a 401
    // browsers would ask for a password: hence 503.
    const statusCode: 400 | 401 | 503 = details.statusCode ?? (error.status === 503 ? 503 : 401)
    const { events, challenges, sessions, sources, about, ntlmService } = this.#deps
    sessions.unbind(request)
    const event = {
      ...about(request),
      code: error.code,
      error,
      statusCode,
      ...(mechanism !== undefined && { mechanism }),
      ...(mechanism === 'ntlm' && { ntlm: ntlmUseOf(request, ntlmService()) }),
    }
    if (unseen) events.refusedUnseen(event)
    else events.failed(event)
    return {
      by: 'refusal',
      challenge: challenges.refused(request, error, statusCode, { reply, offers: sources.offers(request) }),
    }
  }
}
