import { randomBytes } from 'node:crypto'
import type { Journal } from '@s4u/kdc-client'
import type { ClientAddresses } from '../http/client-address.js'
import type { NegotiableRequest } from '../http/request.js'
import { checkSession, type SessionOptions } from '../session/session-options.js'
import { attemptSettings } from './attempts/attempt-options.js'
import { warnOfWorkers } from './attempts/process-attempts.js'
import { SignInAttempts } from './attempts/sign-in-attempts.js'
import { keyedDigest } from './keyed-digest.js'
import { sealedTexts } from './sealed-texts.js'
import { afterSignOutOf, signInPathOf, sourcesOf, type SignInSourcesOptions } from './sign-in-options.js'
import { type ReceivedAs, signInRequest, type SignInRequest } from './sign-in-request.js'
import type { SignInLink } from './sign-in-link.js'
import type { SignInSite } from './sign-in-site.js'
import type { OpenedSignInSource, SignInAnswer, SignInOffer } from './sign-in-source.js'

/** A source at work, with its name. */
export interface NamedSource {
  readonly name: string
  readonly opened: OpenedSignInSource
}

/** What an unknown caller is offered by all sources together. */
export interface SignInOffers {
  readonly challenges: readonly string[]
  readonly page?: SignInAnswer
}

export interface SignInSourcesDeps extends Pick<SignInSite, 'identityFor' | 'realm' | 'directory'> {
  readonly options: SignInSourcesOptions &
    SessionOptions & {
      readonly now?: () => number
      readonly random?: (length: number) => Uint8Array
      readonly channelBinding?: string
      readonly delegation?: { readonly protocolTransition?: unknown }
    }
  readonly journal: Journal
  readonly addresses: ClientAddresses
  /** Tells of what a source has left out of a request. */
  readonly note: (source: string, request: SignInRequest, error: Parameters<SignInSite['note']>[1]) => void
}

/**
 * The sources of one negotiator. Without the option `signIn` there are none, and nothing changes.
 */
export class SignInSources {
  readonly path: string
  readonly #sources: readonly NamedSource[]
  readonly #addresses: ClientAddresses
  readonly #afterSignOut: string | undefined
  readonly #received = new WeakMap<NegotiableRequest, SignInRequest>()

  /** @throws ConfigurationError */
  constructor(deps: SignInSourcesDeps) {
    const { signInOptions = {} } = deps.options
    this.path = signInPathOf(signInOptions)
    this.#afterSignOut = afterSignOutOf(signInOptions)
    this.#addresses = deps.addresses
    const given = sourcesOf(deps.options)
    if (given.length > 0 && signInOptions.attempts?.store === undefined) warnOfWorkers()
    const links = (source: string, request: SignInRequest): readonly SignInLink[] =>
      this.#offering(request).flatMap(({ name, offer: { link } }) => (link && name !== source ? [link] : []))
    const lend = lender(this.path, links, deps)
    this.#sources = given.map((source) => ({ name: source.name, opened: source.open(lend(source.name)) }))
  }

  get isEmpty(): boolean {
    return this.#sources.length === 0
  }

  get names(): readonly string[] {
    return this.#sources.map(({ name }) => name)
  }

  /** Notes what the adapter knows of a request, before anything else looks at it. */
  receive(request: NegotiableRequest, as: ReceivedAs): void {
    if (this.isEmpty || this.#received.has(request)) return
    const received = signInRequest(request, as, this.#addresses)
    this.#received.set(request, received)
    for (const { opened } of this.#sources) opened.screen?.(received)
  }

  /** Returns a request as sources see it. */
  received(request: NegotiableRequest): SignInRequest {
    this.receive(request, {})
    return this.#received.get(request) ?? signInRequest(request, {}, this.#addresses)
  }

  /** Whether a request is for a page of the sources. */
  isOwnPage({ path }: SignInRequest): boolean {
    return path.startsWith(`${this.path}/`)
  }

  /** Whether a request asks to sign out, at a negotiator that serves that. */
  isSignOut(request: NegotiableRequest): boolean {
    if (request.method !== 'POST' || (this.isEmpty && this.#afterSignOut === undefined)) return false
    return this.received(request).path === `${this.path}/sign-out`
  }

  /** Returns the source that decides about a request; undefined where it brings nothing for any. */
  find(request: SignInRequest): NamedSource | undefined {
    return this.#sources.find(({ opened }) => opened.brings(request))
  }

  /** Returns the source that a token of Negotiate is for; undefined where it is for Kerberos. */
  findForToken(request: SignInRequest, token: Uint8Array): NamedSource | undefined {
    return this.#sources.find(({ opened }) => opened.takesToken?.(token, request))
  }

  /** Returns what an unknown caller is offered: programs the challenges, a person one page. */
  offers(request: NegotiableRequest): SignInOffers {
    const received = this.received(request)
    const all = this.#offering(received)
    const withPage = received.isNavigation ? all.findIndex(({ offer }) => offer.page !== undefined) : -1
    // A challenge would make the browser ask for a password in place of showing the page.
    const inFront = withPage < 0 ? all : all.slice(0, withPage)
    const challenges = inFront.flatMap(({ offer }) => offer.challenges ?? [])
    const page = all[withPage]?.offer.page?.()
    return { challenges, ...(page && { page }) }
  }

  /** What needs TLS is not offered without. */
  #offering(request: SignInRequest): readonly { readonly name: string; readonly offer: SignInOffer }[] {
    return this.#sources
      .filter(({ opened: { requireTls = true } }) => request.usesTls || !requireTls)
      .map(({ name, opened }) => ({ name, offer: opened.offer?.(request) ?? {} }))
  }

  /** Returns where to go after a sign-out. */
  signedOut(
    request: SignInRequest,
    session: Parameters<NonNullable<OpenedSignInSource['signedOut']>>[1],
  ): SignInAnswer {
    for (const { opened } of this.#sources) {
      const answer = opened.signedOut?.(request, session)
      if (answer !== undefined) return answer
    }
    return { statusCode: 303, headers: { Location: this.#afterSignOut ?? '/' }, body: '' }
  }

  async ready(): Promise<void> {
    await Promise.all(this.#sources.map(async ({ opened }) => opened.ready?.()))
  }

  close(): void {
    for (const { opened } of this.#sources) opened.close?.()
  }
}

/** Returns the function that makes the site of each source. */
function lender(
  path: string,
  links: (source: string, request: SignInRequest) => readonly SignInLink[],
  deps: SignInSourcesDeps,
): (source: string) => SignInSite {
  const { options, journal, identityFor, realm, directory, note } = deps
  const { now = Date.now, random = randomBytes } = options
  const session = checkSession(options.session)
  const keepsSessions = typeof session === 'object'
  const secrets = (keepsSessions ? session.keys : undefined) ?? [random(32)]
  const attempts = new SignInAttempts(attemptSettings(options.signInOptions?.attempts ?? {}, options.now))
  const vouches = (options.delegation?.protocolTransition ?? false) !== false
  const requiresBinding = options.channelBinding === 'require'
  return (source) => ({
    ...{ identityFor, realm, vouches, requiresBinding, now, random, journal, path, attempts, keepsSessions, directory },
    sealFor: (label) => sealedTexts(`${source} ${label}`, { secrets, now, random }),
    digestFor: (label) => keyedDigest(secrets[0], `${source} ${label}`),
    links: (request) => links(source, request),
    note: (request, error) => note(source, request, error),
  })
}
