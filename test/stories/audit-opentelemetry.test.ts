import { createNegotiator } from '@s4u/negotiate'
import { channel } from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import { API, corporation, Desktop, WEB } from './fixtures/corporation.js'

interface Span {
  readonly name: string
  readonly kind: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly took: number
  readonly status?: object
}

/** What the example uses of a tracer of OpenTelemetry. */
class Tracer {
  readonly spans: Span[] = []

  startSpan(name: string, options: Pick<Span, 'kind' | 'attributes'> & { readonly startTime: number }) {
    const { kind, attributes, startTime } = options
    let status: object | undefined
    return {
      setStatus: (given: object) => void (status = given),
      end: (endTime: number) => void this.spans.push({ name, kind, attributes, took: endTime - startTime, status }),
    }
  }
}

test('the example turns events into spans: sign-on, the ticket and the exchanges that it took, and a refusal as an error', async () => {
  const path = '../../examples/opentelemetry-spans.mjs'
  const { recordSpans } = await import(path)
  const tracer = new Tracer()
  const stop = recordSpans(tracer)
  const realm = await corporation()
  const options = { keytab: realm.keytabFor('web'), kdc: realm.transport, now: () => realm.now }
  using web = createNegotiator({ ...options, delegation: { principal: 'web' } })
  const authorization = await new Desktop(realm, 'alice').authorization(WEB)
  tracer.spans.length = 0
  const outcome = await web.authenticate({ headers: { authorization } })
  if (outcome.status !== 'authenticated') throw new Error('alice was not let in')
  using alice = outcome.identity.impersonate()
  await alice.ticketFor(API)
  await expect(alice.ticketFor('HTTP/other.ad.test')).rejects.toThrow('other.ad.test')
  stop()
  await alice.ticketFor(API)
  expect(tracer.spans).toMatchObject([
    { name: 'kerberos accept exchange', kind: 0 },
    { name: 'kerberos AS', kind: 2 },
    { name: 'kerberos S4U2Proxy', kind: 2, attributes: { 's4u.user': 'alice@AD.TEST', 'peer.service': API } },
    { name: `impersonate ${API}`, kind: 0, attributes: { 's4u.transited_services': ['web@AD.TEST'] } },
    { name: 'kerberos S4U2Proxy', status: { code: 2, message: 'KDC_ERR_BADOPTION' } },
    { name: 'impersonate HTTP/other.ad.test', status: { code: 2, message: 'KDC_ERR_BADOPTION' } },
  ])
  for (const { took } of tracer.spans.slice(1)) expect(took).toBeGreaterThan(0)
})

test('the example has a span for each request of a gateway, and its alerts are errors', async () => {
  const path = '../../examples/opentelemetry-spans.mjs'
  const { recordSpans } = await import(path)
  const tracer = new Tracer()
  const stop = recordSpans(tracer, () => 1_000)
  const gateway = channel('s4u:gateway')
  gateway.publish({ kind: 'request', duration: 30, status: 200, site: 'orders', user: 'alice@AD.TEST', way: 'form' })
  gateway.publish({ kind: 'alert', code: 'S4U_OTHER_SCHEME', message: 'orders wants NTLM', site: 'orders' })
  stop()
  expect(tracer.spans).toMatchObject([
    {
      name: 'gateway request orders',
      kind: 1,
      took: 30,
      attributes: { 's4u.user': 'alice@AD.TEST', 's4u.way': 'form' },
    },
    { name: 'gateway alert orders', status: { code: 2, message: 'S4U_OTHER_SCHEME' } },
  ])
})
