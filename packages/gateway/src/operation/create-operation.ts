import { type S4uError, journalFor } from '@s4u/krb5'
import { writeAuditTo } from '@s4u/negotiate'
import type { OperationSettings } from '../configuration/gateway-options.js'
import { networksOf } from '../configuration/networks.js'
import { listOf } from '../requests/raw-headers.js'
import type { CallerRequest, ReceivedRequest, SiteRequest } from '../requests/steps.js'
import { accessLine } from './access-line.js'
import { alertOf, Alerts, publishRequest } from './alerts.js'
import { GatewayMetrics } from './gateway-metrics.js'
import { textPage } from './html-page.js'
import { cut, jsonLine } from './json-line.js'
import type { AccessRecord, MemberCondition, Operation, Page } from './operation.js'
import { type PageSettings, refusalPage } from './refusal-page.js'
import { signedOutPage } from './signed-out-page.js'
import { userPage } from './user-page.js'

export interface OperationDeps {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Whether requests are still taken: health says so. */
  readonly isStopping: () => boolean
  /** What the pages of a site look like. Default: as those of no site. */
  readonly themeOf?: PageSettings['themeOf']
  readonly stdout?: NodeJS.WritableStream & { write(text: string): boolean }
  readonly stderr?: NodeJS.WritableStream & { write(text: string): boolean }
}

/** Returns what those who run the gateway see of it, and its own pages. */
export function createOperation(settings: OperationSettings, deps: OperationDeps): Operation {
  return new GatewayOperation(settings, deps)
}

type Outlet = 'off' | 'stdout' | 'stderr'

/** Without a list, this machine alone. */
const LOOPBACK = ['127.0.0.0/8', '::1']
const isThisMachine = networksOf(LOOPBACK)

class GatewayOperation implements Operation {
  readonly #settings: OperationSettings
  readonly #deps: OperationDeps
  readonly #pages: PageSettings
  readonly #metrics = new GatewayMetrics()
  readonly #alerts: Alerts
  readonly #mayReadMetrics: (address: string | undefined) => boolean
  readonly #audit: Disposable | undefined

  constructor(settings: OperationSettings, deps: OperationDeps) {
    this.#settings = settings
    this.#deps = deps
    this.#pages = { themeOf: () => ({}), ...deps, ...settings }
    this.#alerts = new Alerts(deps.now)
    this.#mayReadMetrics = networksOf(settings.metricsFrom.length === 0 ? LOOPBACK : settings.metricsFrom)
    this.#audit = settings.audit === 'off' ? undefined : writeAuditTo(process[settings.audit])
  }

  alert(error: S4uError, request?: ReceivedRequest): void {
    this.#metrics.alert(error.code)
    const alert = this.#alerts.publish(alertOf(error, request))
    if (alert !== undefined)
      this.#write(this.#settings.alerts, {
        time: new Date(this.#deps.now()).toISOString(),
        ...alert,
        message: cut(alert.message, MAX_MESSAGE),
      })
  }

  note(text: string, request?: ReceivedRequest): void {
    journalFor().note(() => ({ level: 'info', text: request === undefined ? text : `${text} (${request.id})` }))
  }

  innerRefused(site: string, kind: 'refused' | 'other-scheme'): void {
    this.#metrics.innerRefused(site, kind)
  }

  memberIs(site: string, member: string, state: MemberCondition): void {
    this.#metrics.memberIs(site, member, state)
    this.note(`${member} of ${site} is ${state}`)
  }

  ended(record: AccessRecord): void {
    this.#metrics.ended(record)
    publishRequest(() => ({ kind: 'request', duration: record.took, ...accessLine(record) }))
    if (this.#settings.accessLog !== 'off') this.#write(this.#settings.accessLog, accessLine(record))
  }

  ownPage({ path, method, request }: ReceivedRequest): Page | undefined {
    if (method !== 'GET' && method !== 'HEAD') return undefined
    if (path === `${this.#settings.path}/health`) return this.#health()
    if (path !== `${this.#settings.path}/metrics`) return undefined
    // The connection counts. What a header says may only forbid: behind a proxy on this machine
    // every connection is from here.
    const said = listOf([request.headers['x-forwarded-for'] ?? []].flat())
    const others = said.filter((address) => !isThisMachine(address))
    if (![request.socket?.remoteAddress, ...others].every(this.#mayReadMetrics)) return textPage(404, 'not found\n')
    return textPage(200, this.#metrics.text(), 'text/plain; version=0.0.4; charset=utf-8')
  }

  signedOutPage(request: SiteRequest): Page | undefined {
    return signedOutPage(request, this.#pages)
  }

  userPage(request: CallerRequest): Page {
    return userPage(request, this.#pages)
  }

  refusalPage(error: S4uError, request: ReceivedRequest): Page {
    return refusalPage(error, request, this.#pages)
  }

  close(): void {
    this.#audit?.[Symbol.dispose]()
  }

  #health(): Page {
    const isStopping = this.#deps.isStopping()
    return textPage(
      isStopping ? 503 : 200,
      `${jsonLine({ status: isStopping ? 'stopping' : 'ok' })}\n`,
      'application/json',
    )
  }

  #write(outlet: Outlet, line: object): void {
    if (outlet === 'off') return
    const { [outlet]: stream = process[outlet] } = this.#deps
    stream.write(`${jsonLine(line)}\n`)
  }
}

/** How many characters of a message an alert has: a peer may have chosen a part of it. */
const MAX_MESSAGE = 4_096
