import { Connections, createFetch, type FetchEvent, type CreateFetchOptions } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { type Apache, startApache } from './peers/apache.js'
import { type Nginx, startNginx } from './peers/nginx.js'

await describeRealms('the errors of nginx in front of a backend', ['EAST', 'apache', 'nginx'], (info) => {
  const { services, users, kdc: at } = realmOf(info, 'EAST')
  const { principal, password } = users.alice
  const alice = createKdcClient({ kdc: `${at.host}:${at.port}`, credentials: { principal, password } })
  const connections = new Connections()
  const [backend, front] = [`${info.block}.62`, `${info.block}.63`]
  let apache: Apache
  let nginx: Nginx

  beforeAll(async () => {
    apache = await startApache({ address: backend, keytab: services.api.keytab, krb5Config: info.krb5Config })
    nginx = await startNginx({ address: front, upstream: apache.plain })
  })
  afterAll(async () => {
    await connections[Symbol.asyncDispose]()
    await nginx?.[Symbol.asyncDispose]()
    await apache?.[Symbol.asyncDispose]()
  })

  const fetchWith = (options: Partial<CreateFetchOptions> = {}) =>
    createFetch({ ticketFor: alice.ticketFor, connections, serviceNames: { [front]: services.api.spn }, ...options })

  const ERRORS = [
    ['/denied', 403],
    ['/large', 413],
    ['/busy', 503],
    ['/down', 502],
  ] as const

  test('what the backend behind it answers is proven, whatever stands between', async () => {
    for (const options of [{}, { mutualAuthentication: 'optional' } as const]) {
      const response = await fetchWith(options)(`${nginx.plain}/plain`)
      expect([response.status, (await response.text()).trim()]).toEqual([200, 'alice@EAST.TEST Negotiate'])
    }
  })

  test.each(ERRORS)('%s is lost under require, and its status told', async (path, status) => {
    const answer = fetchWith()(nginx.plain + path, { method: 'POST', body: 'two' })
    await expect(answer).rejects.toMatchObject({
      code: 'KRB_AP_ERR_MUT_FAIL',
      status: 502,
      answer: { status },
      hint: expect.stringContaining("mutualAuthentication: 'optional'"),
    })
  })

  test.each(ERRORS)(
    '%s is handed out under optional, as the hint says, without what nobody proved',
    async (path, status) => {
      const events: FetchEvent[] = []
      const options = { mutualAuthentication: 'optional', onEvent: (event: FetchEvent) => events.push(event) } as const
      const response = await fetchWith(options)(nginx.plain + path, { method: 'POST', body: 'two' })
      expect([response.status, [...response.headers], await response.text()]).toEqual([status, [], ''])
      expect(events).toMatchObject([{ kind: 'error-not-proven', status, sanitized: true }])
    },
  )

  test.each(ERRORS)('%s is handed out whole where the app wants that', async (path, status) => {
    const response = await fetchWith({ mutualAuthentication: 'optional', sanitize: false })(nginx.plain + path, {
      method: 'POST',
      body: 'two',
    })
    expect(response.status).toBe(status)
    expect(response.headers.get('server')).toMatch(/^nginx/)
    expect(await response.text()).toContain('<center>nginx')
  })
})
