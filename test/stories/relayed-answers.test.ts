/**
 * A handler returns the answer of its backend as it is. The client must still be able to check the
 * proof of this service, and keeps its session.
 */

import { createFetch } from '@s4u/fetch'
import { type CallerIdentity, createNegotiator, respond, writeHeaders } from '@s4u/negotiate'
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { API, corporation, Desktop, WEB } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'
import { stacks, type Visit } from './fixtures/stacks.js'

const realm = await corporation()
const alice = new Desktop(realm, 'alice')
const session = () => ({ kind: 'cookie', keys: [randomBytes(32)], secure: false }) as const

/** A backend that is protected by s4u too, and sets all that a backend can set. */
const serveBackend = () => {
  const backend = createNegotiator({ keytab: realm.keytabFor('api'), session: session() })
  return serve(async (request, response) => {
    const outcome = await backend.authenticate(request)
    if (outcome.status === 'challenge') return respond(response, outcome)
    writeHeaders(response, outcome.headers)
    response.setHeader('Proxy-Authenticate', 'Negotiate')
    response.appendHeader('Set-Cookie', 'basket=1')
    response.statusCode = 201
    response.end(JSON.stringify(outcome.identity))
  })
}

const relaying = stacks.filter(({ takesResponses }) => takesResponses)

describe.each(relaying)('$name, where a handler returns the answer of a backend', (stack) => {
  const open = async () => {
    const backend = await serveBackend()
    const url = new URL(backend.url)
    const handle = ({ identity }: Visit): unknown =>
      (identity as CallerIdentity).impersonate().fetch(url, { redirect: 'manual' })
    const delegation = { kdc: realm.transport, delegation: { principal: 'web' } }
    const options = { keytab: realm.keytabFor('web'), ...delegation, session: session() }
    const fetch = { serviceNames: { [url.host]: API } }
    const site = await serve(stack.build({ options: { ...options, fetch }, handle }).listener)
    return {
      site,
      [Symbol.asyncDispose]: async () =>
        void (await Promise.all([site, backend].map((one) => one[Symbol.asyncDispose]()))),
    }
  }

  test('the client verifies this service, and is told nothing of the connection behind it', async () => {
    await using app = await open()
    const { host } = new URL(app.site.url)
    const fetch = createFetch({ ticketFor: (spn) => alice.ticketFor(spn), serviceNames: { [host]: WEB } })
    // Where the token of the backend were beside it, this would be KRB_AP_ERR_BAD_INTEGRITY.
    const answer = await fetch(app.site.url)
    expect(answer.status).toBe(201)
    expect(await answer.json()).toMatchObject({ principal: 'alice@AD.TEST', delegatedBy: [`${WEB}@AD.TEST`] })
    expect(answer.headers.get('www-authenticate')).toMatch(/^Negotiate [\w+/]+=*$/)
    expect(answer.headers.get('proxy-authenticate')).toBeNull()
  })

  test('its session is that of this service, and other cookies of the backend come through', async () => {
    await using app = await open()
    const answer = await app.site.get('/', { authorization: await alice.authorization() })
    const cookies = (answer.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0])
    expect(cookies.map((cookie) => cookie.split('=')[0]).sort()).toEqual(['basket', 's4u'])
    const [own] = cookies.filter((cookie) => cookie.startsWith('s4u='))
    const again = await app.site.get('/', { headers: { cookie: own } })
    expect([again.status, again.headers['www-authenticate'], again.headers['set-cookie']]).toEqual([
      201,
      undefined,
      ['basket=1'],
    ])
  })
})
