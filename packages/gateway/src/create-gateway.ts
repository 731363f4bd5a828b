import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { MemoryReplayStore } from '@s4u/acceptor'
import { closed } from './closed.js'
import { checkedSettings } from './configuration/checked-settings.js'
import type { GatewayConfig, GatewaySettings } from './configuration/gateway-options.js'
import type { Gateway } from './gateway.js'
import { createListeners, type Listeners, type ListenersChange } from './listeners/listeners.js'
import { SessionWatch } from './serving/session-watch.js'
import { sinkOf } from './serving/sink.js'
import { startServing, type RunningServing, type StartServingDeps } from './serving/start-serving.js'

/**
 * Creates a gateway. Its configuration is checked at once, as a file is, and may have functions
 * where a file has none.
 *
 * ```ts
 * import { createGateway } from '@s4u/gateway'
 *
 * const gateway = createGateway({
 *   kerberos: { keytab: '/etc/s4u/gateway.keytab', principal: 'svc-gateway' },
 *   listeners: { address: '127.0.0.1:8080', plain: true },
 *   sites: { hosts: 'orders.example.com', to: 'https://orders.ad.test' },
 * })
 * await gateway.listen()
 * process.once('SIGTERM', () => void gateway.stop())
 * ```
 *
 * @throws ConfigurationError with all mistakes; MissingKeyError
 */
export function createGateway(config: GatewayConfig | GatewaySettings): Gateway {
  return new RunningGateway(checkedSettings(config))
}

/** How often files of certificates are looked at. */
const CERTIFICATE_INTERVAL = 10_000

class RunningGateway implements Gateway {
  readonly #lasting: StartServingDeps = {
    isStopping: () => this.#state === 'stopping',
    replayCache: new MemoryReplayStore(),
    sessionKey: randomBytes(32),
    sessionWatch: new SessionWatch(),
  }
  #serving: RunningServing
  readonly #listeners: Listeners
  #state: 'new' | 'listening' | 'stopping' = 'new'
  #watch: NodeJS.Timeout | undefined
  /** One after another: the later configuration wins. */
  #reloading: Promise<void> = Promise.resolve()

  constructor(settings: GatewaySettings) {
    this.#serving = startServing(settings, this.#lasting)
    this.#listeners = createListeners(settings.listeners, {
      sink: (own) => sinkOf(this.#serving.serving, own),
      asksCertificate: asksCertificate(settings),
      onFault: (error) => this.#serving.serving.operation.alert(error),
    })
  }

  get settings(): GatewaySettings {
    return this.#serving.serving.settings
  }

  get addresses(): readonly AddressInfo[] {
    return this.#listeners.addresses
  }

  async listen(): Promise<void> {
    if (this.#state !== 'new') throw closed('listen')
    this.#state = 'listening'
    await this.#serving.ready()
    await this.#listeners.listen()
    this.#watch = setInterval(() => this.reloadCertificates(), CERTIFICATE_INTERVAL).unref()
  }

  reload(config: GatewayConfig | GatewaySettings): Promise<void> {
    const next = this.#reloading.then(() => this.#reload(checkedSettings(config)))
    this.#reloading = next.catch(() => {})
    return next
  }

  reloadCertificates(): void {
    this.#listeners.reload()
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopping') return
    this.#state = 'stopping'
    clearInterval(this.#watch)
    await this.#listeners.stop(this.settings.stopTime)
    this.#serving.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** All that may fail is done before anything changes. */
  async #reload(settings: GatewaySettings): Promise<void> {
    if (this.#isStopping()) throw closed('reload')
    const serving = startServing(settings, this.#lasting)
    try {
      await serving.ready()
      const change = await this.#listeners.prepare(settings.listeners, asksCertificate(settings))
      if (this.#isStopping()) {
        await change.drop()
        throw closed('reload')
      }
      this.#putInForce(serving, change)
    } catch (error) {
      serving.close()
      throw error
    }
  }

  #putInForce(serving: RunningServing, change: ListenersChange): void {
    const before = this.#serving
    const { stopTime } = before.serving.settings
    this.#serving = serving
    change.putInForce(stopTime)
    // Requests that are under way still use the one before.
    setTimeout(() => before.close(), stopTime).unref()
  }

  #isStopping(): boolean {
    return this.#state === 'stopping'
  }
}

function asksCertificate({ signIn, sites }: GatewaySettings): boolean {
  return [...signIn, ...sites.flatMap((site) => site.signIn)].some(
    (way) => way.name === 'certificate' || (way.name === 'source' && isOfCertificates(way.options.source)),
  )
}

/** Whether a program has made the way to sign in by `certificate()`. */
function isOfCertificates(source: unknown): boolean {
  return typeof source === 'object' && source !== null && 'name' in source && source.name === 'certificate'
}
