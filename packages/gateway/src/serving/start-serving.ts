import type { GatewaySettings } from '../configuration/gateway-options.js'
import { createOperation } from '../operation/create-operation.js'
import { createProxy } from '../proxying/proxy.js'
import type { ReceivedRequest } from '../requests/steps.js'
import { createSignIns } from '../sign-in/sign-ins.js'
import { createSiteTable } from '../sites/site-table.js'
import { type RunningSite, startSite } from './running-site.js'
import type { Serving } from './serve.js'

export interface RunningServing {
  readonly serving: Serving
  /** @throws ConfigurationError, MissingKeyError */
  ready(): Promise<void>
  close(): void
}

/** @throws ConfigurationError, MissingKeyError */
export function startServing(settings: GatewaySettings, deps: { readonly isStopping: () => boolean }): RunningServing {
  const now = Date.now
  const received = new WeakMap<object, ReceivedRequest>()
  const operation = createOperation(settings.operation, { now, isStopping: deps.isStopping })
  const signIns = createSignIns(settings, { now, receivedAs: (request) => received.get(request) })
  const sites = new Map(settings.sites.map((site) => [site, startSite(site, settings, { operation, now })]))
  const serving: Serving = {
    ...{ settings, operation, signIns, now },
    sites: createSiteTable(settings.sites),
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
      operation.close()
    },
  }
}

function runningOf(site: RunningSite | undefined): RunningSite {
  if (site === undefined) throw new TypeError('a site of another configuration')
  return site
}
