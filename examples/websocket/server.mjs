// @ts-check
/**
 * Who is at the other end of a WebSocket? Browsers answer Negotiate in its handshake as in any
 * request, for the pages of every site. And the handshake goes past Express: without the listener
 * for `upgrade` below, whoever asks has a WebSocket, and `app.use(kerberos)` never hears of it. A
 * socket is closed when its user signs out.
 */
import { createServer } from 'node:http'
import { errorHandler, negotiate, upgradeHeaders } from '@s4u/express'
import express from 'express'
import { WebSocketServer } from 'ws'

const app = express()
// Pages of this very site may open one. Others need their origins listed: crossSite:
// ['https://portal.ad.test'].
const kerberos = negotiate({ keytab: 'web.keytab', session: 'cookie' })
const { negotiator } = kerberos
app.use(kerberos)
app.get('/', (req, res) => void res.json({ hello: req.identity.principal }))
// It waits until the end is noted: from then on no copy of the cookie is taken.
app.post('/sign-out', async (req, res) => void res.set(await negotiator.signOut(req)).sendStatus(204))
app.use(errorHandler())

const server = createServer({ maxHeaderSize: 65_536 }, app)
const sockets = new WebSocketServer({ noServer: true, maxPayload: 65_536 })

server.on('upgrade', async (request, socket, head) => {
  try {
    const outcome = await negotiator.authenticateUpgrade(request)
    // Whoever is refused has been answered already.
    if (outcome.status !== 'authenticated') return
    sockets.handleUpgrade(request, socket, head, (ws) => converse(ws, outcome))
  } catch (error) {
    // The client has been answered with a 500.
    console.error(error)
  }
})

// What proves to the client who answers, and the cookie of a session that begins; by request, so
// that nobody is sent what is another caller's.
sockets.on('headers', (lines, request) => void lines.push(...upgradeHeaders(request)))

const DAY = 86_400_000
const EVERY = Number(process.env.EVERY ?? 5_000)

/**
 * @param {import('ws').WebSocket} ws
 * @param {{ identity: import('@s4u/express').CallerIdentity, session?: Session }} caller
 * @typedef {Parameters<typeof negotiator.sessionGoesOn>[0]} Session
 */
function converse(ws, { identity, session }) {
  // A WebSocket would outlive the ticket that opened it, and with it every decision of the
  // directory about its user.
  const { expiresAt } = session ?? identity
  const end = setTimeout(() => ws.close(1008, 'authenticate again'), Math.min(expiresAt - Date.now(), DAY))
  // Nothing is sent at a sign-out, which may have been at another instance, so it is asked for. A
  // user whose ticket is too big for cookies has no session: that socket ends with the ticket.
  const check = setInterval(async () => {
    if (session !== undefined && !(await negotiator.sessionGoesOn(session))) ws.close(1008, 'signed out')
  }, EVERY)
  ws.on('close', () => {
    clearTimeout(end)
    clearInterval(check)
  })
  ws.on('error', () => ws.terminate())
  ws.send(`Hello ${identity.name}`)
}

server.listen(process.env.PORT ?? 3000)
