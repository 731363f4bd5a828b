/**
 * A web site that calls its backend as the caller, served in each way that a runtime has. Run in a
 * project with the packed packages; prints its URL.
 *
 *     service.mjs SETTINGS.json node:http|node:https|serve|serve-tls
 */
import { errorHandler, impersonation, negotiate, requireGroup } from '@s4u/express'
import { Connections, fetch as fetchAsCaller } from '@s4u/fetch'
import { createNegotiator, groupGate, impersonationGate, upgradeHeaders, withHeaders } from '@s4u/negotiate'
import express from 'express'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import process from 'node:process'

const [settingsFile, kind] = process.argv.slice(-2)
const { keytab, api, ca, cert, key, group } = JSON.parse(readFileSync(settingsFile, 'utf8'))
const isTls = kind === 'node:https' || kind === 'serve-tls'

const options = {
  keytab,
  delegation: { principal: 'web', allow: ['HTTP/api.ad.test'] },
  session: { kind: 'cookie', keys: ['k'.repeat(32)], secure: false },
  fetch: {
    serviceNames: { [new URL(api).host]: 'HTTP/api.ad.test' },
    connections: new Connections({ tls: { ca } }),
  },
  // On Bun the connection of a server does not tell its certificate.
  ...(isTls && { channelBinding: 'require' }),
  ...(isTls && (kind === 'serve-tls' || 'Bun' in globalThis) && { tlsCertificate: cert }),
}

/** Calls the backend as the caller, and passes the answer on. */
async function ordersOf(identity, method, body) {
  const caller = identity.impersonate()
  const answer = await caller.fetch(`${api}/orders`, { method, ...(body !== undefined && { body }) })
  return { status: answer.status, ...(await answer.json()) }
}

async function ordersAsAmbient() {
  return (await fetchAsCaller(`${api}/orders`)).json()
}

function slowText() {
  let parts = 3
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (parts-- === 0) controller.close()
      else controller.enqueue(new TextEncoder().encode(`part ${parts}\n`))
    },
  })
}

function appOnExpress() {
  const app = express()
  app.use(negotiate({ ...options, mode: ({ path }) => (path === '/open' ? 'optional' : 'required') }))
  app.use(express.text())
  const answering = (run) => async (req, res, next) => {
    try {
      res.json(await run(req))
    } catch (error) {
      next(error)
    }
  }
  app.all(
    ['/whoami', '/open'],
    answering(({ identity }) => ({ principal: identity?.principal ?? null })),
  )
  app.get(
    '/orders',
    answering(({ identity }) => ordersOf(identity, 'GET')),
  )
  app.post(
    '/orders',
    answering(({ identity, body }) => ordersOf(identity, 'POST', body)),
  )
  app.get('/ambient', impersonation('required'), answering(ordersAsAmbient))
  app.get('/group', requireGroup([group]), (_req, res) => res.json({}))
  app.get('/fault', () => {
    throw new Error('the database is down')
  })
  app.get('/stream', async (_req, res) => {
    for await (const part of slowText()) res.write(part)
    res.end()
  })
  app.use(errorHandler())
  app.use((_error, _req, res, _next) => res.status(500).end('fault'))
  return app
}

/** Answers a handshake as a WebSocket library does; the caller's name is the first message. */
async function answerHandshake(negotiator, request, socket) {
  const outcome = await negotiator.authenticateUpgrade(request)
  if (outcome.status !== 'authenticated') return
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    ...['Upgrade: websocket', 'Connection: Upgrade'],
    `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}`,
    ...upgradeHeaders(request),
  ]
  const name = Buffer.from(outcome.identity.principal)
  socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), Buffer.of(0x81, name.length), name]))
}

/** The same for Bun.serve and Deno.serve. */
function handlerOfWeb() {
  const negotiator = createNegotiator(options)
  const judged = async (request, clientAddress, upgrade) => {
    const { response, identity, headers } = await negotiator.authenticateUpgrade(request, { clientAddress })
    return response ?? upgrade(request, identity.principal, withHeaders(new Response(), headers).headers)
  }
  const connection = (_request, clientAddress) => ({ clientAddress })
  const protect = (handler, more = {}) => negotiator.protect(handler, { connection, onError: () => {}, ...more })
  const json = (run) => async (request, identity) => Response.json(await run(request, identity))
  const whoami = json((_request, identity) => ({ principal: identity?.principal ?? null }))
  const routes = {
    '/whoami': protect(whoami),
    '/open': protect(whoami, { mode: 'optional' }),
    '/orders': protect(
      json(async (request, identity) => {
        const body = request.method === 'POST' ? await request.text() : undefined
        return ordersOf(identity, request.method, body)
      }),
    ),
    '/ambient': protect(json(ordersAsAmbient), { gates: [impersonationGate('required')] }),
    '/group': protect(
      json(() => ({})),
      { gates: [groupGate([group])] },
    ),
    '/fault': protect(() => {
      throw new Error('the database is down')
    }),
    '/stream': protect(() => new Response(slowText())),
  }
  return async (request, clientAddress, upgrade) => {
    const { pathname } = new URL(request.url)
    try {
      if (pathname === '/socket') return await judged(request, clientAddress, upgrade)
      return await (routes[pathname]?.(request, clientAddress) ?? new Response(null, { status: 404 }))
    } catch {
      return new Response('fault', { status: 500 })
    }
  }
}

function serve() {
  if (kind === 'node:http' || kind === 'node:https') {
    const app = appOnExpress()
    const server = isTls
      ? createTlsServer({ cert, key, maxHeaderSize: 65_536 }, app)
      : createServer({ maxHeaderSize: 65_536 }, app)
    const negotiator = createNegotiator(options)
    server.on('upgrade', (request, socket) => void answerHandshake(negotiator, request, socket))
    server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`))
    return
  }
  const handle = handlerOfWeb()
  if ('Bun' in globalThis) {
    const tls = isTls ? { tls: { cert, key } } : {}
    const server = globalThis.Bun.serve({
      ...{ port: 0, hostname: '127.0.0.1', ...tls },
      fetch: (request, server) => handle(request, server.requestIP(request).address, upgradeInBun(server)),
      websocket: { open: (socket) => void socket.send(socket.data.name), message() {} },
    })
    console.log(`listening ${server.port}`)
  } else {
    const tls = isTls ? { cert, key } : {}
    const onListen = ({ port }) => console.log(`listening ${port}`)
    globalThis.Deno.serve({ port: 0, hostname: '127.0.0.1', onListen, ...tls }, (request, { remoteAddr }) =>
      handle(request, remoteAddr.hostname, upgradeInDeno),
    )
  }
}

const upgradeInBun = (server) => (request, name, headers) =>
  server.upgrade(request, { headers, data: { name } }) ? undefined : new Response(null, { status: 426 })

function upgradeInDeno(request, name, headers) {
  const { socket, response } = globalThis.Deno.upgradeWebSocket(request)
  socket.addEventListener('open', () => socket.send(name))
  for (const [key, value] of headers) response.headers.append(key, value)
  return response
}

serve()
