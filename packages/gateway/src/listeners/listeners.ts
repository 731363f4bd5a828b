import type { AddressInfo } from 'node:net'
import type { ListenerSettings } from '../configuration/gateway-options.js'
import { createListener, type Listener, type ListenerDeps } from './listener.js'

/** All addresses where a gateway listens. */
export interface Listeners {
  /** In the order of the settings; empty while the gateway does not listen. */
  readonly addresses: readonly AddressInfo[]
  /**
   * Listens at all addresses, or at none.
   * @throws ConfigurationError
   */
  listen(): Promise<void>
  /**
   * Makes ready other settings, new addresses with it. Nothing changes for clients before the
   * change is put in force.
   * @throws ConfigurationError
   */
  prepare(settings: readonly ListenerSettings[], asksCertificate: boolean): Promise<ListenersChange>
  /** Reads renewed certificates. */
  reload(): void
  /** Takes no more connections, lets requests end, and after that time cuts them off. */
  stop(time: number): Promise<void>
}

/** Nothing of it can fail. One of the two is called. */
export interface ListenersChange {
  /** @param time for requests of connections that cannot stay, milliseconds */
  putInForce(time: number): void
  drop(): Promise<void>
}

/** @throws ConfigurationError for certificates that cannot be used */
export function createListeners(first: readonly ListenerSettings[], deps: ListenerDeps): Listeners {
  let listeners = first.map((settings) => createListener(settings, deps))
  let addresses: readonly AddressInfo[] | undefined
  return {
    get addresses() {
      return addresses ?? []
    },
    async listen() {
      addresses = await bindAll(listeners, [])
      for (const listener of listeners) listener.serve()
    },
    async prepare(settings, asksCertificate) {
      const { next, gone, adopt } = change(listeners, settings, { ...deps, asksCertificate })
      const bound = addresses && (await bindAll(next, listeners))
      return {
        putInForce(time) {
          listeners = next
          addresses = bound
          adopt(time)
          if (bound !== undefined) for (const listener of next) listener.serve()
          for (const listener of gone) void listener.stop(time)
        },
        drop: () => stopAll(without(next, listeners), 0),
      }
    },
    reload() {
      for (const listener of listeners) listener.reload()
    },
    stop: (time) => stopAll(listeners, time),
  }
}

/** Keeps the listeners of addresses that stay, and makes those of the others. */
function change(listeners: readonly Listener[], settings: readonly ListenerSettings[], deps: ListenerDeps) {
  const left = new Set(listeners)
  const prepared = settings.map((wanted) => {
    const kept = [...left].find(({ address }) => address === wanted.address)
    if (kept === undefined) return { listener: createListener(wanted, deps), adopt: () => {} }
    left.delete(kept)
    return { listener: kept, adopt: kept.prepare(wanted, deps.asksCertificate) }
  })
  return {
    next: prepared.map(({ listener }) => listener),
    gone: left,
    adopt: (time: number) => prepared.forEach(({ adopt }) => adopt(time)),
  }
}

/** Binds all, or none but those that were bound before. */
async function bindAll(listeners: readonly Listener[], before: readonly Listener[]): Promise<readonly AddressInfo[]> {
  const own = await Promise.all(before.map((listener) => listener.bind([])))
  const results = await Promise.allSettled(listeners.map((listener) => listener.bind(own)))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed === undefined) return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  await stopAll(without(listeners, before), 0)
  throw failed.reason
}

function without(listeners: readonly Listener[], others: readonly Listener[]): readonly Listener[] {
  return listeners.filter((listener) => !others.includes(listener))
}

async function stopAll(listeners: readonly Listener[], time: number): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.stop(time)))
}
