import { nameOfSite } from '../requests/name-of-site.js'
import { Histogram, Metric } from './metric.js'
import type { AccessRecord, MemberCondition } from './operation.js'

const CONDITIONS: readonly MemberCondition[] = ['up', 'draining', 'resting', 'down']

/** Seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** What the gateway counts, for Prometheus. No name of a user, path or address is a label. */
export class GatewayMetrics {
  readonly #requests = new Metric(
    's4u_gateway_requests_total',
    'counter',
    'Requests by site, status, and the way in which their users signed in.',
  )
  readonly #seconds = new Histogram(
    's4u_gateway_request_duration_seconds',
    'How long requests took, until their last octet was sent.',
    BOUNDS,
  )
  readonly #sent = new Metric('s4u_gateway_sent_bytes_total', 'counter', 'Octets of bodies that were sent to clients.')
  readonly #failed = new Metric(
    's4u_gateway_failed_requests_total',
    'counter',
    'Requests that were refused or broke off, by site and code.',
  )
  readonly #alerts = new Metric('s4u_gateway_alerts_total', 'counter', 'What somebody must look at, by code.')
  readonly #refusals = new Metric(
    's4u_gateway_inner_refusals_total',
    'counter',
    'Answers 401 of inner servers: they refused the user, or want another scheme.',
  )
  readonly #members = new Metric(
    's4u_gateway_member',
    'gauge',
    'How each inner server is: 1 for its condition, 0 for the others.',
  )

  ended({ request, statusCode, sent, took, error }: AccessRecord): void {
    const site = 'site' in request ? nameOfSite(request.site) : ''
    const way = 'way' in request ? request.way : ''
    this.#requests.add({ site, status: String(statusCode), way })
    this.#seconds.observe({ site }, took / 1000)
    this.#sent.add({ site }, sent)
    if (error !== undefined) this.#failed.add({ site, code: error.code })
  }

  alert(code: string): void {
    this.#alerts.add({ code })
  }

  innerRefused(site: string, kind: 'refused' | 'other-scheme'): void {
    this.#refusals.add({ site, kind })
  }

  memberIs(site: string, member: string, now: MemberCondition): void {
    for (const state of CONDITIONS) this.#members.set({ site, member, state }, state === now ? 1 : 0)
  }

  /** Returns all of it in the text format of Prometheus. */
  text(): string {
    const metrics = [
      ...[this.#requests, this.#seconds, this.#sent, this.#failed, this.#alerts, this.#refusals, this.#members],
      processMetric('process_resident_memory_bytes', 'gauge', 'Memory of the process.', process.memoryUsage.rss()),
      processMetric('process_cpu_seconds_total', 'counter', 'Processor time of the process.', cpuSeconds()),
    ]
    return `${metrics.flatMap((metric) => metric.lines()).join('\n')}\n`
  }
}

function processMetric(name: string, type: 'counter' | 'gauge', help: string, value: number): Metric {
  const metric = new Metric(name, type, help)
  metric.set({}, value)
  return metric
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000_000
}
