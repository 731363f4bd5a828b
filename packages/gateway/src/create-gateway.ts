import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { MemoryReplayStore } from '@s4u/acceptor'
import { closed } from './closed.js'
import { checkedSettings } from './configuration/checked-settings.js'
import type { GatewayConfig, GatewaySettings } from './configuration/gateway-options.js'
import type { Gateway } from './gateway.js'
import { createListener, type Listener } from './listeners/listener.js'
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
  }
  #serving: RunningServing
  #listeners: readonly Listener[]
  #addresses: readonly AddressInfo[] = []
  #state: 'new' | 'listening' | 'stopping' = 'new'
  #watch: NodeJS.Timeout | undefined
  /** One after another: the later configuration wins. */
  #reloading: Promise<void> = Promise.resolve()

  constructor(settings: GatewaySettings) {
    this.#serving = startServing(settings, this.#lasting)
    this.#listeners = settings.listeners.map((_, index) => this.#listener(settings, index))
  }

  get settings(): GatewaySettings {
    return this.#serving.serving.settings
  }

  get addresses(): readonly AddressInfo[] {
    return this.#addresses
  }

  async listen(): Promise<void> {
    if (this.#state !== 'new') throw closed('listen')
    this.#state = 'listening'
    await this.#serving.ready()
    this.#addresses = await Promise.all(this.#listeners.map((listener) => listener.listen()))
    this.#watch = setInterval(() => this.reloadCertificates(), CERTIFICATE_INTERVAL).unref()
  }

  reload(config: GatewayConfig | GatewaySettings): Promise<void> {
    const next = this.#reloading.then(() => this.#reload(checkedSettings(config)))
    this.#reloading = next.catch(() => {})
    return next
  }

  reloadCertificates(): void {
    for (const listener of this.#listeners) listener.reload()
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopping') return
    this.#state = 'stopping'
    clearInterval(this.#watch)
    await Promise.all(this.#listeners.map((listener) => listener.stop(this.settings.stopTime)))
    this.#serving.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #listener(settings: GatewaySettings, index: number): Listener {
    return createListener(settings.listeners[index], {
      sink: (own) => sinkOf(this.#serving.serving, own),
      asksCertificate: asksCertificate(settings),
      onFault: (error) => this.#serving.serving.operation.alert(error),
    })
  }

  async #reload(settings: GatewaySettings): Promise<void> {
    if (this.#state === 'stopping') throw closed('reload')
    const serving = startServing(settings, this.#lasting)
    const before = this.#serving
    try {
      await serving.ready()
      await this.#listenAt(settings)
    } catch (error) {
      serving.close()
      throw error
    }
    this.#serving = serving
    // Requests that are under way still use the one before.
    setTimeout(() => before.close(), before.serving.settings.stopTime).unref()
  }

  /** Keeps the listeners whose settings fit, opens the new ones, and lets the others end. */
  async #listenAt(settings: GatewaySettings): Promise<void> {
    const kept = settings.listeners.map((wanted) =>
      this.#listeners.find((listener) => listener.adopts(wanted, asksCertificate(settings))),
    )
    const gone = this.#listeners.filter((listener) => !kept.includes(listener))
    const next = kept.map((listener, index) => listener ?? this.#listener(settings, index))
    if (this.#state === 'listening') {
      for (const listener of gone) void listener.stop(this.settings.stopTime)
      this.#addresses = await Promise.all(next.map((listener) => listener.listen()))
    }
    this.#listeners = next
    for (const [index, listener] of next.entries()) listener.adopt(settings.listeners[index])
  }
}

function asksCertificate({ signIn, sites }: GatewaySettings): boolean {
  return [...signIn, ...sites.flatMap((site) => site.signIn)].some(({ name }) => name === 'certificate')
}
