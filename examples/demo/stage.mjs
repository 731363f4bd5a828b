import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { actions, story } from './scenes.mjs'

const DEFAULT_PORT = 4400

/** Of calls that a page has not taken yet. */
const MAX_WAITING_OCTETS = 1 << 20

/** Everything comes from here, and the browser is told to fetch nothing from anywhere else. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Serves the page, and plays the scenes that its buttons ask for. */
export async function openStage(world, { port } = {}) {
  const server = createServer(stageOf(world))
  await listen(server, port)
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function stageOf(world) {
  const app = express()
  app.use((_req, res, next) => {
    res.set({ 'Content-Security-Policy': CONTENT_SECURITY_POLICY, 'Cache-Control': 'no-store' })
    next()
  })
  app.use(express.static(fileURLToPath(new URL('page', import.meta.url))))
  app.get('/state', (_req, res) => void res.json({ ...stateOf(world), setting: settingOf(world) }))
  // Only JSON is taken, which no other site can send without asking first.
  app.post('/do/:action', express.json(), async (req, res) => {
    const { action } = req.params
    if (!Object.hasOwn(actions, action) || !req.is('json')) return void res.status(404).json({ error: 'no such scene' })
    const result = await world.play((workstation) => actions[action](workstation, req.body))
    res.json({ ...result, ...stateOf(world) })
  })
  app.get('/calls', (_req, res) => pushCalls(world, res))
  app.post('/reset', async (_req, res) => {
    await world.reset()
    res.json(stateOf(world))
  })
  return app
}

/**
 * Server-Sent Events: each call from outside, as soon as it has been answered. A page that does not
 * keep up misses some.
 */
function pushCalls(world, res) {
  res.set('Content-Type', 'text/event-stream').flushHeaders()
  const stop = world.visitors.listen((call) => {
    if (res.writableLength > MAX_WAITING_OCTETS) return
    res.write(`data: ${JSON.stringify({ ...call, ...stateOf(world) })}\n\n`)
  })
  res.on('close', stop)
}

/** What changes with every scene. */
function stateOf({ workstation, journal }) {
  return { user: workstation.user ?? null, tickets: journal.holdings.list(), audit: journal.audit }
}

/** What does not. */
function settingOf({ realm, groupNames, addresses, kdcAddress }) {
  const code = readFileSync(new URL('../express-impersonate/server.mjs', import.meta.url), 'utf8').trimEnd()
  const scenes = story.map(({ title, action, input }) => ({ title, action, input }))
  return { realm: realm.realm, groupNames, web: addresses.web, kdcAddress, krb5Conf: realm.krb5Conf(), code, scenes }
}

/** The port that was asked for, or nothing; without a wish the usual one, or any free one. */
async function listen(server, port) {
  server.listen(port ?? DEFAULT_PORT, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    if (port !== undefined || error.code !== 'EADDRINUSE') throw error
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
}
