import type { AddressInfo } from 'node:net'
import type { GatewayConfig, GatewaySettings } from './configuration/gateway-options.js'

/** A gateway: it publishes inner web servers. */
export interface Gateway extends AsyncDisposable {
  /** The configuration in force. */
  readonly settings: GatewaySettings
  /** Where it listens, in the order of `listeners`; empty before `listen`. */
  readonly addresses: readonly AddressInfo[]
  /**
   * Resolves when the keys and the groups of rules are there, and connections are taken.
   * @throws ConfigurationError, MissingKeyError
   */
  listen(): Promise<void>
  /**
   * Puts a new configuration in force. Requests that are under way end under the one before, and
   * connections stay. One that is wrong changes nothing.
   * @throws ConfigurationError and others; the configuration before is in force then
   */
  reload(config: GatewayConfig | GatewaySettings): Promise<void>
  /** Reads renewed certificates now, and not within ten seconds. */
  reloadCertificates(): void
  /** Takes no more requests, lets those that are under way end within `stopTime`, and ends. */
  stop(): Promise<void>
}
