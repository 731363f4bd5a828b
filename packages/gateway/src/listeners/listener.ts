import type { AddressInfo } from 'node:net'
import type { S4uError } from '@s4u/krb5'
import type { ListenerSettings } from '../configuration/gateway-options.js'
import { networksOf } from '../configuration/networks.js'
import { bindAddress, type BoundAddress } from './bound-address.js'
import { type Certificates, loadCertificates } from './certificates.js'
import { type ConnectionServer, createConnectionServer, type RequestSink } from './connection-server.js'

/** One address where the gateway listens. */
export interface Listener {
  /** As the settings have it. */
  readonly address: string
  /**
   * Has the address for the gateway; connections are served from `serve` on.
   * @param own the addresses of the gateway itself, which may be in the way
   * @throws ConfigurationError where it cannot be had
   */
  bind(own: readonly AddressInfo[]): Promise<AddressInfo>
  serve(): void
  /**
   * Makes ready other settings, of the same address. Nothing changes before the function is called
   * that is returned: the address stays, and so do connections, unless Node cannot change for them
   * what has changed. Those end then, with their requests, within that time in milliseconds.
   * @throws ConfigurationError
   */
  prepare(settings: ListenerSettings, asksCertificate: boolean): (time: number) => void
  /** Reads renewed certificates. */
  reload(): void
  /** Takes no more connections, lets requests end, and after that time cuts them off. */
  stop(time: number): Promise<void>
}

export interface ListenerDeps {
  readonly sink: (settings: ListenerSettings) => RequestSink
  readonly onFault: (error: S4uError) => void
  /** Whether clients are asked for a certificate. */
  readonly asksCertificate: boolean
}

/** What is in force at an address. */
interface InForce {
  readonly settings: ListenerSettings
  readonly asksCertificate: boolean
  readonly certificates: Certificates | undefined
  readonly server: ConnectionServer
}

/** @throws ConfigurationError for certificates that cannot be used */
export function createListener(first: ListenerSettings, { sink, onFault, asksCertificate }: ListenerDeps): Listener {
  let bound: BoundAddress | undefined
  const load = ({ tls }: ListenerSettings): Certificates | undefined => tls && loadCertificates(tls, onFault)
  const serverFor = (settings: ListenerSettings, asks: boolean): ConnectionServer =>
    createConnectionServer(settings, {
      sink: () => sink(now.settings),
      certificates: () => now.certificates,
      asksCertificate: asks,
      isProxy: (address) => networksOf(now.settings.proxies)(address),
    })
  let now: InForce = {
    ...{ settings: first, asksCertificate, certificates: load(first) },
    server: serverFor(first, asksCertificate),
  }
  const serve = (): void => bound?.serve((socket) => now.server.take(socket), now.settings.limits)
  return {
    address: first.address,
    async bind(own) {
      bound ??= await bindAddress(first.address, own)
      return bound.info
    },
    serve,
    prepare(settings, asks) {
      const before = now
      const staysSo = asks === before.asksCertificate && fixedPart(settings) === fixedPart(before.settings)
      const hasOthers = JSON.stringify(settings.tls) !== JSON.stringify(before.settings.tls)
      const certificates = hasOthers ? load(settings) : before.certificates
      const server = staysSo ? before.server : serverFor(settings, asks)
      return (time) => {
        now = { settings, asksCertificate: asks, certificates, server }
        serve()
        if (!staysSo) void before.server.retire(time)
      }
    },
    reload: () => now.certificates?.reload(),
    async stop(time) {
      bound?.close()
      bound = undefined
      await now.server.retire(time)
    },
  }
}

/** What a server of Node cannot change while it runs. */
function fixedPart({ tls, http2, limits }: ListenerSettings): string {
  return JSON.stringify([tls?.minVersion, http2, limits])
}
