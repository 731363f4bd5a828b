import { context, metrics, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createNegotiator, type Negotiator } from '@s4u/negotiate'
import type { TestRealm } from '@s4u/test-kdc'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { API, corporation, Desktop, WEB } from '../fixtures/corporation.js'
import { Guide } from './guide.js'

/** docs/opentelemetry.md, with the SDK of OpenTelemetry. */
const guide = new Guide('opentelemetry')
const spans = new InMemorySpanExporter()
const counts = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter: counts, exportIntervalMillis: 3_600_000 })
let realm: TestRealm
let web: Negotiator

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
  const example = new URL('../../../examples/opentelemetry-spans.mjs', import.meta.url)
  guide.write('opentelemetry-spans.mjs', readFileSync(example))
  realm = await corporation()
  web = createNegotiator({ keytab: realm.keytabFor('web'), kdc: realm.transport, delegation: { principal: 'web' } })
})
afterAll(async () => {
  web[Symbol.dispose]()
  await reader.shutdown()
  context.disable()
  guide.close()
})

const load = (file: string) => import(pathToFileURL(join(guide.folder, file)).href)

/** A request of somebody, in the span that the instrumentation of HTTP would make for it. */
function request(user: string, work: () => Promise<void>): Promise<void> {
  return trace.getTracer('http').startActiveSpan(`GET by ${user}`, async (span) => {
    try {
      await work()
    } finally {
      span.end()
    }
  })
}

test('each span is a child of its request, and a refusal has the status of an error', async () => {
  const { stopRecording } = await load('telemetry.mjs')
  const authorization = await new Desktop(realm, 'alice').authorization(WEB)
  spans.reset()
  await request('alice', async () => {
    const outcome = await web.authenticate({ headers: { authorization } })
    if (outcome.status !== 'authenticated') throw new Error('alice was not let in')
    using caller = outcome.identity.impersonate()
    await caller.ticketFor(API)
  })
  await request('a thief', async () => void (await web.authenticate({ headers: { authorization } })))
  stopRecording()

  const finished = spans.getFinishedSpans()
  const [ofAlice, ofThief] = ['alice', 'a thief'].map((who) => finished.find(({ name }) => name === `GET by ${who}`))
  const childrenOf = (parent: typeof ofAlice) =>
    finished.filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent?.spanContext().spanId)
  expect(childrenOf(ofAlice).map(({ name }) => name)).toEqual([
    'kerberos accept exchange',
    'kerberos AS',
    'kerberos S4U2Proxy',
    `impersonate ${API}`,
  ])
  expect(childrenOf(ofThief).map(({ status }) => status)).toEqual([
    { code: SpanStatusCode.ERROR, message: 'KRB_AP_ERR_REPEAT' },
  ])
  const [accepted] = childrenOf(ofAlice)
  expect(accepted.attributes).toMatchObject({ 's4u.client': 'alice@AD.TEST', 's4u.outcome': 'accepted' })
  const named = guide.page.match(/`(?:kerberos|impersonate)[^`]*`/g)?.map((span) => span.slice(1, -1)) ?? []
  expect(named).toEqual(expect.arrayContaining(childrenOf(ofAlice).map(({ name }) => name)))
})

test('the counters of the negotiator are metrics, by way and by code', async () => {
  const { countCallers } = await load('metrics.mjs')
  countCallers(web)
  await reader.forceFlush()
  const points = counts
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    .flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => [descriptor.name, attributes, value]),
    )
  expect(points).toContainEqual(['s4u.callers.accepted', { by: 'token' }, 1])
  expect(points).toContainEqual(['s4u.callers.refused', { code: 'KRB_AP_ERR_REPEAT' }, 1])
})
