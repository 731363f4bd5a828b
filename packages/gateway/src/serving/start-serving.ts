import { randomBytes } from 'node:crypto'
import type { GatewaySettings } from '../configuration/gateway-options.js'
import { waysOf } from '../configuration/sign-in-pages.js'
import { TypedPasswords } from '../delegation/typed-passwords.js'
import { createOperation } from '../operation/create-operation.js'
import { createForwardAuth } from '../forward-auth/forward-auth.js'
import { createProxy } from '../proxying/proxy.js'
import type { ReceivedRequest } from '../requests/steps.js'
import { themeOfWays } from '../sign-in/page-theme.js'
import { createSignIns, type Lasting } from '../sign-in/sign-ins.js'
import { createSiteTable } from '../sites/site-table.js'
import { type RunningSite, startSite } from './running-site.js'
import type { Serving } from './serve.js'
import type { SessionWatch } from './session-watch.js'

export interface RunningServing {
  readonly serving: Serving
  /** @throws ConfigurationError, MissingKeyError */
  ready(): Promise<void>
  close(): void
}

export interface StartServingDeps extends Lasting {
  /** WebSockets outlive a configuration, and so does the watch over their sessions. */
  readonly sessionWatch: SessionWatch
  readonly isStopping: () => boolean
}

/** @throws ConfigurationError, MissingKeyError */
export function startServing(settings: GatewaySettings, deps: StartServingDeps): RunningServing {
  const now = Date.now
  const received = new WeakMap<object, ReceivedRequest>()
  const operation = createOperation(settings.operation, {
    ...{ now, isStopping: deps.isStopping },
    themeOf: (site) => themeOfWays(waysOf(settings, site)),
  })
  const passwords = passwordsFor(settings, now)
  const signIns = createSignIns(settings, {
    ...{ now, passwords, replayCache: deps.replayCache, sessionKey: deps.sessionKey },
    receivedAs: (request) => received.get(request),
    // Where a listener is for clients without TLS, its ways to sign in are too.
    requireTls: !settings.listeners.some(({ plain }) => plain),
  })
  const sites = new Map(settings.sites.map((site) => [site, startSite(site, settings, { operation, now, passwords })]))
  const {
    forwardAuth,
    operation: { path },
  } = settings
  const serving: Serving = {
    forwardAuth: forwardAuth && createForwardAuth(forwardAuth, path),
    ...{ settings, operation, signIns, now, sessionWatch: deps.sessionWatch },
    sites: createSiteTable(settings.sites, (site) => waysOf(settings, site)),
    proxy: createProxy(),
    running: (site) => runningOf(sites.get(site)),
    note: (request) => void received.set(request.request, request),
  }
  return {
    serving,
    ready: () => signIns.ready(),
    close() {
      for (const site of sites.values()) site.close()
      signIns.close()
      passwords?.close()
      operation.close()
    },
  }
}

/** Undefined where no site wants typed passwords: none is kept then. */
function passwordsFor({ sites, session }: GatewaySettings, now: () => number): TypedPasswords | undefined {
  const times = sites.flatMap(({ delegation }) => (delegation.as === 'basic' ? [delegation.passwordTime] : []))
  if (times.length === 0) return undefined
  const random = (length: number): Uint8Array => randomBytes(length)
  return new TypedPasswords({ ...{ now, random }, secure: session.secure, lifetime: Math.min(...times) })
}

function runningOf(site: RunningSite | undefined): RunningSite {
  if (site === undefined) throw new TypeError('a site of another configuration')
  return site
}
