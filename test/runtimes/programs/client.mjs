/**
 * What the fetch of s4u does on a runtime: prints one line for each check, `ok NAME RESULT` or
 * `failed NAME ERROR`.
 *
 *     client.mjs SETTINGS.json
 */
import { BackendTimeoutError, Connections, createFetch, negotiateInterceptor } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { readFileSync } from 'node:fs'
import process from 'node:process'

const { api, ca, clientCert, clientKey, proxy, kdc } = JSON.parse(readFileSync(process.argv.at(-1), 'utf8'))
// Bun has a stand-in for `undici`.
const { Agent, request } = await import('Bun' in globalThis ? 'undici/index.js' : 'undici').then(
  (module) => module.default ?? module,
)

const clients = new Map(
  ['alice', 'bob'].map((user) => [
    user,
    createKdcClient({ realm: 'AD.TEST', kdc, credentials: { principal: user, password: 'wonderland' } }),
  ]),
)
const serviceNames = { [new URL(api).host]: 'HTTP/api.ad.test' }
const fetchAs = (user, options = {}) =>
  createFetch(clients.get(user), { serviceNames, connections: new Connections({ tls: { ca } }), ...options })
const answerOf = async (response) => ({ status: response.status, ...(await response.json()) })
const errorOf = (call) =>
  Promise.resolve()
    .then(call)
    .then(
      () => ({ error: null }),
      (error) => ({ error: error.constructor.name, code: error.code, message: error.message }),
    )

/** Several requests of two users in turn: who was served by which connection. */
async function connectionsOf(...fetches) {
  const seen = fetches.map(() => [])
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(fetches.map((fetch) => fetch(`${api}/orders`).then(answerOf)))
    answers.forEach(({ principal, firstPrincipal, connection, version }, at) =>
      seen[at].push({ principal, firstPrincipal, connection, version }),
    )
  }
  return seen
}

const inParts = () =>
  new ReadableStream({
    start(controller) {
      for (const part of ['two ', 'pens']) controller.enqueue(new TextEncoder().encode(part))
      controller.close()
    },
  })

const interceptorAs = (user, preemptive) =>
  new Agent({ connect: { ca } }).compose(
    negotiateInterceptor({ client: clients.get(user), origins: [api], serviceNames, preemptive, ownAgent: true }),
  )

const checks = {
  'its own authority': async () => answerOf(await fetchAs('alice')(`${api}/orders`)),
  'an unknown authority': () => errorOf(() => fetchAs('alice', { connections: new Connections() })(`${api}/orders`)),
  'a client certificate': async () => {
    const connections = new Connections({ tls: { ca, cert: clientCert, key: clientKey } })
    return answerOf(await fetchAs('alice', { connections })(`${api}/orders`))
  },
  'asked first': async () => {
    const fetch = fetchAs('alice', { preemptive: false })
    return [await answerOf(await fetch(`${api}/orders`)), await answerOf(await fetch(`${api}/orders`))]
  },
  learned: async () => answerOf(await fetchAs('bob', { preemptive: 'learned' })(`${api}/orders`)),
  'a text': async () => answerOf(await fetchAs('alice')(`${api}/orders`, { method: 'POST', body: 'two pens' })),
  'a text, asked first': async () =>
    answerOf(await fetchAs('alice', { preemptive: false })(`${api}/orders`, { method: 'POST', body: 'two pens' })),
  'a stream': async () =>
    answerOf(await fetchAs('alice')(`${api}/orders`, { method: 'POST', body: inParts(), duplex: 'half' })),
  'a Request': async () =>
    answerOf(await fetchAs('alice')(new Request(`${api}/orders`, { method: 'PUT', body: 'two pens' }))),
  'a redirect': async () => {
    const response = await fetchAs('alice')(`${api}/moved`)
    return { redirected: response.redirected, url: response.url.replace(api, ''), ...(await answerOf(response)) }
  },
  'a Response': async () => (await fetchAs('alice')(`${api}/orders`)) instanceof Response,
  'two users': async () => {
    const connections = new Connections({ tls: { ca } })
    return connectionsOf(fetchAs('alice', { connections }), fetchAs('bob', { connections }))
  },
  'two users over HTTP/2': async () => {
    const connections = new Connections({ tls: { ca }, allowH2: true })
    return connectionsOf(fetchAs('alice', { connections }), fetchAs('bob', { connections }))
  },
  'two users by a proxy': async () => {
    const connections = new Connections({ tls: { ca }, proxy: { url: proxy } })
    return connectionsOf(fetchAs('alice', { connections }), fetchAs('bob', { connections }))
  },
  'two users with a dispatcher of their own': async () => {
    const dispatcher = new Agent({ connect: { ca } })
    const by = (user) => (url) =>
      fetchAs(user, { channelBinding: 'off' })(url.replace('/orders', '/unbound'), { dispatcher })
    return connectionsOf(by('alice'), by('bob'))
  },
  'an interceptor': async () => {
    const dispatcher = interceptorAs('alice', true)
    const { statusCode, body } = await request(`${api}/unbound`, { dispatcher })
    return { status: statusCode, ...(await body.json()) }
  },
  'an interceptor, asked first': async () => {
    const dispatcher = interceptorAs('bob', false)
    const { statusCode, body } = await request(`${api}/unbound`, { dispatcher })
    return { status: statusCode, ...(await body.json()) }
  },
  'an abort': () => {
    const signal = AbortSignal.timeout(300)
    return errorOf(() => fetchAs('alice')(`${api}/slow`, { signal }))
  },
  'a slow backend': () => {
    const connections = new Connections({ tls: { ca }, answerTimeLimit: 300 })
    return errorOf(() => fetchAs('alice', { connections })(`${api}/slow`)).then(({ error, ...rest }) => ({
      isOurs: error === BackendTimeoutError.name,
      ...rest,
    }))
  },
  'the global fetch': () => errorOf(() => fetchAs('alice', { fetch: globalThis.fetch })),
}

for (const [name, check] of Object.entries(checks)) {
  try {
    console.log(`${name}: ${JSON.stringify(await check())}`)
  } catch (error) {
    console.log(`${name}: ${JSON.stringify({ failed: `${error?.stack}\n${error?.cause?.stack ?? ''}` })}`)
  }
}
console.log('done: true')
process.exit(0)
