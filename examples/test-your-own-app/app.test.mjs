// @ts-check
/**
 * Run it with `node --test`. The realm lives in this process: no KDC to install, no port, no
 * krb5.conf.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { createFetch } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { createTestRealm } from '@s4u/test-kdc'
import { createApp } from './app.mjs'

/** @type {import('@s4u/test-kdc').TestRealm} */ let realm
/** @type {import('node:http').Server} */ let server
let url = ''

before(async () => {
  realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'wonderland' } },
    services: { web: { spns: ['HTTP/web.ad.test'] } },
  })
  server = createApp({ keytab: realm.keytabFor('web'), kdc: realm.transport }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`
})
after(async () => {
  server.close()
  await realm[Symbol.asyncDispose]()
})

test('greets alice by name', async () => {
  const answer = await fetchAs('alice', 'wonderland')(url)
  assert.equal(await answer.text(), 'Hello alice')
})

test('wants to know who is calling', async () => {
  const answer = await fetch(url)
  assert.equal(answer.status, 401)
  assert.equal(answer.headers.get('www-authenticate'), 'Negotiate')
})

/** @param {string} user @param {string} password */
function fetchAs(user, password) {
  const client = createKdcClient({ credentials: { principal: `${user}@AD.TEST`, password }, kdc: realm.transport })
  // 127.0.0.1 has no name of its own in Kerberos.
  return createFetch({ ticketFor: client.ticketFor.bind(client), serviceNames: { '127.0.0.1': 'HTTP/web.ad.test' } })
}
