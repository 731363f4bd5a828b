// @ts-check
/**
 * Tools for an assistant (Model Context Protocol, Streamable HTTP) that act as the person whose
 * assistant it is: the client signs in by Negotiate, and a tool calls its backend in that name.
 * `node examples/realm/realm.mjs` makes a realm for it, with a backend.
 */
import { createServer } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { negotiate } from '@s4u/express'
import express from 'express'
import { z } from 'zod'

const backend = process.env.BACKEND ?? 'http://api.ad.test'

const app = express()
app.use(negotiate({ keytab: 'web.keytab', delegation: { allow: ['HTTP/api.ad.test'] } }))

// Each request has a server of its own, which knows one caller. Without sessions of MCP none can
// be taken over by another user.
app.post('/mcp', express.json({ limit: '1mb' }), async (req, res) => {
  const server = serverFor(req.identity)
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true })
  res.on('close', () => void server.close())
  await server.connect(transport)
  await transport.handleRequest(req, res, req.body)
})
app.all('/mcp', (_req, res) => void res.set('Allow', 'POST').sendStatus(405))

/** @param {import('@s4u/express').CallerIdentity} identity */
function serverFor(identity) {
  const server = new McpServer({ name: 'orders', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Who is asking' }, () => text(identity.principal))
  server.registerTool(
    'orders',
    { description: 'Orders that the asker may see', inputSchema: { customer: z.string().max(100).optional() } },
    async ({ customer = '' }) => {
      try {
        const caller = identity.impersonate() // `using caller` in TypeScript and from Node 24 on
        const answer = await caller.fetch(`${backend}/orders?customer=${encodeURIComponent(customer)}`)
        return answer.ok ? text(await answer.text()) : refusal(`The backend says ${answer.status}.`)
      } catch (error) {
        console.error(error) // the hint is for the log: what a tool returns goes to a model
        return refusal('This cannot be done in your name.')
      }
    },
  )
  return server
}

/** @param {string} words */
const text = (words) => ({ content: [{ type: /** @type {const} */ ('text'), text: words }] })
/** @param {string} words */
const refusal = (words) => ({ ...text(words), isError: true })

createServer({ maxHeaderSize: 65_536 }, app).listen(process.env.PORT ?? 3000)
