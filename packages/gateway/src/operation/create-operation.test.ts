import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { ConfigurationError } from '@s4u/krb5'
import type { CallerIdentity } from '@s4u/negotiate'
import { beforeEach, describe, expect, test } from 'vitest'
import { checkGateway } from '../configuration/check-gateway.js'
import type { GatewayConfig, OperationSettings } from '../configuration/gateway-options.js'
import { requestOf, siteOf } from '../fixtures/requests.js'
import { InnerServerError } from '../requests/inner-server-error.js'
import { GATEWAY_CHANNEL } from './alerts.js'
import { createOperation } from './create-operation.js'
import type { Operation } from './operation.js'

let now = 0
let out = ''
let err = ''
let stopping = false

beforeEach(() => {
  now = 1_700_000_000_000
  out = ''
  err = ''
  stopping = false
})

function settingsOf(operation: GatewayConfig['operation']): OperationSettings {
  const config = {
    listeners: [{ address: '127.0.0.1:80', plain: true }],
    sites: [{ hosts: 'orders.example.com', to: 'http://orders.ad.test' }],
    operation,
  }
  const { settings } = checkGateway(config, { from: 'program', folder: '/', environment: {} })
  if (settings === undefined) throw new Error('not settings')
  return settings.operation
}

function operationWith(operation: GatewayConfig['operation'] = {}): Operation {
  const into = (add: (text: string) => void) =>
    new Writable({
      write(chunk, _encoding, done) {
        add(String(chunk))
        done()
      },
    })
  return createOperation(settingsOf(operation), {
    now: () => now,
    isStopping: () => stopping,
    stdout: into((text) => (out += text)),
    stderr: into((text) => (err += text)),
  })
}

const alice = { principal: 'alice@AD.TEST' } as CallerIdentity
const site = siteOf()
const asked = (changes: Parameters<typeof requestOf>[0] = {}) =>
  requestOf({ site, caller: alice, way: 'form', path: '/orders', query: '?token=secret', ...changes })

/** What Prometheus would read. */
function metricsOf(operation: Operation): string {
  const request = requestOf({ path: '/.s4u/metrics' })
  Object.defineProperty(request.request, 'socket', { value: Object.assign(new Socket(), {}) })
  Object.defineProperty(request.request.socket, 'remoteAddress', { value: '127.0.0.1' })
  return operation.ownPage(request)?.body ?? ''
}

describe('the access log', () => {
  test('has a line of JSON for each request, with its user and way and without its query', () => {
    const operation = operationWith({ accessLog: 'stdout' })
    operation.ended({ request: asked(), statusCode: 200, sent: 12, took: 3.6, member: 'orders.ad.test:80' })
    expect(JSON.parse(out)).toEqual({
      ...{ time: '1970-01-01T00:00:00.000Z', id: 'r1', site: 'orders.example.com', client: '192.0.2.7' },
      ...{ user: 'alice@AD.TEST', way: 'form', method: 'GET', scheme: 'https', host: 'orders.example.com' },
      ...{ path: '/orders', status: 200, sent: 12, took: 4, member: 'orders.ad.test:80' },
    })
    expect(out).not.toContain('secret')
  })

  test.each([
    ['a line', '/a\r\n{"user":"root"}'],
    ['an escape of a terminal', '/\u001b[2J\u009b1A'],
    ['other directions', '/\u202egnp.exe\u2028'],
    ['half a character', '/\ud800'],
  ])('%s in a path stays in its line, and can be read back', (_, path) => {
    const operation = operationWith({ accessLog: 'stderr' })
    const caller = { principal: `mallory${path}` } as CallerIdentity
    operation.ended({ request: asked({ path, caller, host: path, method: path }), statusCode: 200, sent: 0, took: 0 })
    expect(err).toMatch(/^[ -~]+\n$/)
    expect(JSON.parse(err)).toMatchObject({ path, user: `mallory${path}` })
  })

  test('a long path is cut', () => {
    const operation = operationWith({ accessLog: 'stdout' })
    operation.ended({ request: asked({ path: `/${'a'.repeat(60_000)}` }), statusCode: 200, sent: 0, took: 0 })
    expect(out.length).toBeLessThan(2_500)
  })

  test('is off unless it is asked for', () => {
    operationWith().ended({ request: asked(), statusCode: 200, sent: 0, took: 0 })
    expect([out, err]).toEqual(['', ''])
  })
})

describe('an alert', () => {
  const error = () =>
    new InnerServerError('orders.ad.test:80 wants Basic', { code: 'S4U_OTHER_SCHEME', hint: 'Switch on Negotiate.' })

  test('is a line, an event and a count, with all that is known', () => {
    const events: unknown[] = []
    const listener = (event: unknown) => void events.push(event)
    subscribe(GATEWAY_CHANNEL, listener)
    const operation = operationWith()
    operation.alert(error(), asked())
    unsubscribe(GATEWAY_CHANNEL, listener)
    const alert = {
      ...{ kind: 'alert', code: 'S4U_OTHER_SCHEME', message: 'orders.ad.test:80 wants Basic' },
      ...{ hint: 'Switch on Negotiate.', id: 'r1', site: 'orders.example.com', client: '192.0.2.7' },
    }
    expect(events).toEqual([alert])
    expect(JSON.parse(err)).toEqual({ time: '2023-11-14T22:13:20.000Z', ...alert })
    expect(metricsOf(operation)).toContain('s4u_gateway_alerts_total{code="S4U_OTHER_SCHEME"} 1')
  })

  test('and a request that has ended are events of one channel, for spans of OpenTelemetry', () => {
    const events: unknown[] = []
    const listener = (event: unknown) => void events.push(event)
    subscribe(GATEWAY_CHANNEL, listener)
    operationWith({ alerts: 'off' }).ended({ request: asked(), statusCode: 200, sent: 1, took: 3 })
    unsubscribe(GATEWAY_CHANNEL, listener)
    expect(events).toEqual([
      expect.objectContaining({
        kind: 'request',
        duration: 3,
        status: 200,
        site: 'orders.example.com',
        user: 'alice@AD.TEST',
      }),
    ])
    expect(JSON.stringify(events)).not.toContain('secret')
  })

  test('that comes again and again is a line each minute, which says how often', () => {
    const operation = operationWith({ alerts: 'stdout' })
    for (let count = 0; count < 5; count++) operation.alert(error(), asked())
    expect(out.split('\n')).toHaveLength(2)
    now += 60_000
    operation.alert(error())
    expect(JSON.parse(out.split('\n')[1])).toMatchObject({ code: 'S4U_OTHER_SCHEME', more: 4 })
    expect(metricsOf(operation)).toContain('s4u_gateway_alerts_total{code="S4U_OTHER_SCHEME"} 6')
  })

  test('off is silent, and counts', () => {
    const operation = operationWith({ alerts: 'off' })
    operation.alert(error())
    expect([out, err]).toEqual(['', ''])
    expect(metricsOf(operation)).toContain('alerts_total{code="S4U_OTHER_SCHEME"} 1')
  })
})

describe('metrics', () => {
  test('count requests, octets, times, refusals and members', () => {
    const operation = operationWith()
    operation.ended({ request: asked(), statusCode: 200, sent: 100, took: 20 })
    operation.ended({ request: asked(), statusCode: 502, sent: 1, took: 4_000, error: new ConfigurationError('x') })
    operation.innerRefused('orders.example.com', 'other-scheme')
    operation.memberIs('orders.example.com', 'a:80', 'up')
    operation.memberIs('orders.example.com', 'a:80', 'down')
    const lines = metricsOf(operation).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        '# TYPE s4u_gateway_requests_total counter',
        's4u_gateway_requests_total{site="orders.example.com",status="200",way="form"} 1',
        's4u_gateway_requests_total{site="orders.example.com",status="502",way="form"} 1',
        's4u_gateway_request_duration_seconds_bucket{site="orders.example.com",le="0.01"} 0',
        's4u_gateway_request_duration_seconds_bucket{site="orders.example.com",le="0.025"} 1',
        's4u_gateway_request_duration_seconds_bucket{site="orders.example.com",le="+Inf"} 2',
        's4u_gateway_request_duration_seconds_sum{site="orders.example.com"} 4.02',
        's4u_gateway_sent_bytes_total{site="orders.example.com"} 101',
        's4u_gateway_failed_requests_total{site="orders.example.com",code="KRB5_CONFIG_BADFORMAT"} 1',
        's4u_gateway_inner_refusals_total{site="orders.example.com",kind="other-scheme"} 1',
        's4u_gateway_member{site="orders.example.com",member="a:80",state="up"} 0',
        's4u_gateway_member{site="orders.example.com",member="a:80",state="down"} 1',
        expect.stringMatching(/^process_resident_memory_bytes [1-9]\d+$/),
      ]),
    )
    expect(
      lines.every((line) => line === '' || /^(?:# (?:HELP|TYPE) |[a-z0-9_]+(?:\{[^\n]*\})? -?[\d.e+-]+$)/.test(line)),
    ).toBe(true)
  })

  test('what stands in a label begins no line and ends no value', () => {
    const operation = operationWith()
    operation.memberIs('a"} 1\nforged{x="', 'b\\', 'up')
    expect(metricsOf(operation)).toContain('{site="a\\"} 1\\nforged{x=\\"",member="b\\\\",state="up"} 1')
    expect(metricsOf(operation)).not.toMatch(/^forged/m)
  })

  test('say no user, path or address', () => {
    const operation = operationWith()
    operation.ended({ request: asked(), statusCode: 200, sent: 1, took: 1 })
    expect(metricsOf(operation)).not.toMatch(/alice|\/orders|192\.0\.2/)
  })

  test('have a bound, whatever is counted', () => {
    const operation = operationWith()
    for (let index = 0; index < 6_000; index++) operation.innerRefused(`site ${index}`, 'refused')
    expect(
      metricsOf(operation)
        .split('\n')
        .filter((line) => line.startsWith('s4u_gateway_inner_refusals')),
    ).toHaveLength(5_000)
  })

  test.each([
    ['192.0.2.7', undefined, 404],
    ['::ffff:127.0.0.1', undefined, 200],
    ['::1', undefined, 200],
    ['10.1.2.3', ['10.0.0.0/8'], 200],
    ['127.0.0.1', ['10.0.0.0/8'], 404],
  ])('from %s, where %j may: %i', (address, metricsFrom, statusCode) => {
    const request = requestOf({
      path: '/.s4u/metrics',
      clientAddress: '127.0.0.1',
      headers: { 'x-forwarded-for': '127.0.0.1' },
    })
    Object.defineProperty(request.request.socket, 'remoteAddress', { value: address })
    expect(operationWith({ metricsFrom }).ownPage(request)?.statusCode).toBe(statusCode)
  })
})

test('a proxy on this machine does not show metrics to clients elsewhere', () => {
  const request = requestOf({ path: '/.s4u/metrics', headers: { 'x-forwarded-for': '127.0.0.1, 192.0.2.7' } })
  Object.defineProperty(request.request.socket, 'remoteAddress', { value: '127.0.0.1' })
  expect(operationWith().ownPage(request)?.statusCode).toBe(404)
})

describe('health', () => {
  test('is ok, and 503 once the gateway stops', () => {
    const operation = operationWith()
    expect(operation.ownPage(requestOf({ path: '/.s4u/health' }))).toMatchObject({
      statusCode: 200,
      body: '{"status":"ok"}\n',
    })
    stopping = true
    expect(operation.ownPage(requestOf({ path: '/.s4u/health' }))).toMatchObject({
      statusCode: 503,
      body: '{"status":"stopping"}\n',
    })
  })

  test.each([
    ['GET', '/.s4u/healthy'],
    ['GET', '/health'],
    ['POST', '/.s4u/health'],
    ['GET', '/.s4u/'],
  ])('%s %s is another page', (method, path) => {
    expect(operationWith().ownPage(requestOf({ method, path }))).toBeUndefined()
  })
})
