// @ts-check
/**
 * Who is at the other end of a WebSocket? Browsers answer Negotiate in its handshake as in any
 * request, for the pages of every site. And the handshake goes past Express: without the listener
 * for `upgrade` below, whoever asks has a WebSocket, and `app.use(kerberos)` never hears of it.
 */
import { createServer } from 'node:http'
import { negotiate, upgradeHeaders } from '@s4u/express'
import express from 'express'
import { WebSocketServer } from 'ws'

const app = express()
// Pages of this very site may open one. Others need their origins listed: crossSite:
// ['https://portal.ad.test'].
const kerberos = negotiate({ keytab: 'web.keytab' })
app.use(kerberos)
app.get('/', (req, res) => void res.json({ hello: req.identity.principal }))

const server = createServer({ maxHeaderSize: 65_536 }, app)
const sockets = new WebSocketServer({ noServer: true, maxPayload: 65_536 })

server.on('upgrade', async (request, socket, head) => {
  const outcome = await kerberos.negotiator.authenticateUpgrade(request)
  // Whoever is refused has been answered already.
  if (outcome.status !== 'authenticated') return
  sockets.handleUpgrade(request, socket, head, (ws) => converse(ws, outcome.identity))
})

// What proves to the client who answers; by request, so that nobody is sent what is another
// caller's.
sockets.on('headers', (lines, request) => void lines.push(...upgradeHeaders(request)))

const DAY = 86_400_000

/** @param {import('ws').WebSocket} ws @param {import('@s4u/express').CallerIdentity} identity */
function converse(ws, identity) {
  // A WebSocket would outlive the ticket that opened it, and with it every decision of the
  // directory about its user.
  const end = setTimeout(() => ws.close(1008, 'authenticate again'), Math.min(identity.expiresAt - Date.now(), DAY))
  ws.on('close', () => clearTimeout(end))
  ws.on('error', () => ws.terminate())
  ws.send(`Hello ${identity.name}`)
}

server.listen(process.env.PORT ?? 3000)
