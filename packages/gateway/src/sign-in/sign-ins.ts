import type { ReplayStore } from '@s4u/acceptor'
import { createNegotiator, type Negotiator, type NegotiatorOptions } from '@s4u/negotiate'
import type {
  GatewaySettings,
  SessionSettings,
  SignInSettings,
  SiteSettings,
} from '../configuration/gateway-options.js'
import { sharedSignInKey } from '../configuration/shared-sign-in.js'
import { mayHavePages, waysOf } from '../configuration/sign-in-pages.js'
import { SIGNED_OUT } from '../operation/signed-out-page.js'
import type { ReceivedRequest } from '../requests/steps.js'
import { allowedTargets } from './allowed-targets.js'
import { sourcesOf, type SourcesDeps } from './sources.js'

/** Who finds out who calls: a negotiator for each list of ways to sign in. */
export interface SignIns {
  /** The negotiator of a site. */
  of(site: SiteSettings): Negotiator
  /** Resolves when the keys, the groups of rules and the ways to sign in are there. */
  ready(): Promise<void>
  close(): void
}

/** What outlives a configuration: a new one forgets neither tokens that were shown nor sessions. */
export interface Lasting {
  readonly replayCache: ReplayStore
  /** Seals sessions where the configuration names no keys. */
  readonly sessionKey: Uint8Array
}

export interface SignInsDeps extends SourcesDeps, Lasting {
  readonly now: () => number
  /** The request that the gateway has taken in, for one of `node:http`. */
  readonly receivedAs: (request: object) => ReceivedRequest | undefined
}

/**
 * Makes the negotiators. Sites with the same ways to sign in share one, and with it their sessions;
 * all share the store of replays, so that a token for one site is not shown again at another.
 * @throws ConfigurationError, MissingKeyError
 */
export function createSignIns(settings: GatewaySettings, deps: SignInsDeps): SignIns {
  const shared = sharedOptions(settings, deps)
  const byWays = new Map<string, Negotiator>()
  const bySite = new Map<SiteSettings, Negotiator>()
  for (const site of settings.sites) {
    const ways = waysOf(settings, site)
    const key = sharedSignInKey(ways, site)
    let negotiator = byWays.get(key)
    if (negotiator === undefined) {
      const own = { signIn: sourcesOf(ways, deps), ...(site.origins.length > 0 && { crossSite: site.origins }) }
      const signInOptions = { ...signOutOptions(ways, settings), ...shared.signInOptions }
      negotiator = createNegotiator({ ...shared, ...own, signInOptions })
      byWays.set(key, negotiator)
    }
    bySite.set(site, negotiator)
  }
  return {
    of(site) {
      const found = bySite.get(site)
      if (found === undefined) throw new TypeError('a site of another configuration')
      return found
    },
    async ready() {
      await Promise.all([...byWays.values()].map((negotiator) => negotiator.ready()))
    },
    close() {
      for (const negotiator of byWays.values()) negotiator[Symbol.dispose]()
    },
  }
}

function sharedOptions(
  { kerberos, session, sites, operation, ...front }: GatewaySettings,
  deps: SignInsDeps,
): NegotiatorOptions {
  const { keytab, service, principal, protocolTransition, targets, realm, kdc, krb5Config, clockSkew } = kerberos
  const given = kerberos.negotiator as NegotiatorOptions | undefined
  return {
    ...(keytab !== undefined && { keytab }),
    ...(service.length > 0 && { service }),
    ...(clockSkew !== undefined && { clockSkew }),
    ...(kerberos.directory && { directory: directoryOf(kerberos) }),
    kdc: {
      ...(kdc.length > 0 && { kdc }),
      ...(krb5Config !== undefined && { krb5Config }),
      ...(realm !== undefined && { realm }),
    },
    delegation: {
      ...(principal !== undefined && { principal }),
      protocolTransition,
      allow: targets.length > 0 ? targets : allowedTargets(sites),
    },
    session: session.cookie && sessionOption(session, deps.sessionKey),
    replayCache: deps.replayCache,
    trustedProxies: proxiesOf(front),
    clientAddress: (request) => deps.receivedAs(request)?.clientAddress,
    now: deps.now,
    ...given,
    signInOptions: { path: operation.path, ...given?.signInOptions },
  }
}

function directoryOf({ controllers }: GatewaySettings['kerberos']): NonNullable<NegotiatorOptions['directory']> {
  return controllers.length === 0 ? true : { servers: controllers }
}

/**
 * After a sign-out a way with pages shows its page. Any other would sign the user in again at once,
 * by a ticket or a certificate, as if nothing had been asked for.
 */
function signOutOptions(
  ways: readonly SignInSettings[],
  { operation }: GatewaySettings,
): NegotiatorOptions['signInOptions'] {
  return mayHavePages(ways) ? {} : { afterSignOut: `${operation.path}/${SIGNED_OUT}` }
}

/** Those in front of the gateway, and those that ask it, say whether the client uses TLS. */
function proxiesOf({ listeners, forwardAuth }: Pick<GatewaySettings, 'listeners' | 'forwardAuth'>): readonly string[] {
  return [...new Set([...listeners.flatMap(({ proxies }) => proxies), ...(forwardAuth?.from ?? [])])]
}

function sessionOption(
  { keys, maxAge, maxIdle, name, domain, sameSite, secure }: SessionSettings,
  sessionKey: Uint8Array,
): NegotiatorOptions['session'] {
  return {
    kind: 'cookie',
    maxAge,
    sameSite,
    secure,
    keys: keys.length > 0 ? keys.map((key) => key.reveal()) : [sessionKey],
    ...(maxIdle !== undefined && { maxIdle }),
    ...(name !== undefined && { name }),
    ...(domain !== undefined && { domain }),
  }
}
