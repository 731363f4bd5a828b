import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GatewaySite, gatewaySite, PUBLIC } from './gateway-site.js'

/** Large bodies and many connections: what the gateway holds of them. */

const CHUNK = Buffer.alloc(65_536)
/** 1 GiB. */
const CHUNKS = 16_384
const SIZE = CHUNK.length * CHUNKS
/**
 * Octets that all of this process may hold more while 1 GiB flows: client, gateway and inner server
 * are in it, and what the garbage collector has not come to yet.
 */
const FLAT = 256 * 1024 * 1024

/** Milliseconds for each: on two idle cores all three take 10 seconds. */
const PATIENCE = 180_000

/** Connections at one time. */
const IDLE = 10_000
/** Octets that one of them may cost the gateway. */
const EACH = 32 * 1024

let site: GatewaySite
beforeAll(async () => {
  site = await gatewaySite({
    innerAuthenticates: false,
    handle: async (request, response) => {
      if (request.method !== 'POST') {
        response.writeHead(200, { 'Content-Length': SIZE })
        return void pipeline(Readable.from(chunks()), response).catch(() => {})
      }
      let length = 0
      for await (const chunk of request) length += Buffer.byteLength(chunk)
      response.end(String(length))
    },
    site: { delegation: { as: 'none' }, access: { allow: 'everybody' } },
    config: {
      listeners: {
        address: '127.0.0.1:0',
        plain: true,
        limits: { connectionsPerAddress: IDLE, connections: 2 * IDLE },
      },
    },
  })
})
afterAll(() => site[Symbol.asyncDispose]())

function* chunks(): Generator<Buffer> {
  for (let left = CHUNKS; left > 0; left--) yield CHUNK
}

/** Octets of the process at the most while something runs, beyond those before. */
async function growthOf(run: () => Promise<void>): Promise<number> {
  const held = (): number => process.memoryUsage.rss()
  const before = held()
  let most = before
  const timer = setInterval(() => (most = Math.max(most, held())), 50)
  await run()
  clearInterval(timer)
  return Math.max(most, held()) - before
}

function begin(method: string, headers: Readonly<Record<string, string>> = {}) {
  return httpRequest({
    ...{ host: '127.0.0.1', port: site.port, path: '/large', method },
    ...{ headers: { host: PUBLIC, ...headers }, agent: false },
  })
}

test(
  '1 GiB comes out in flat memory',
  async () => {
    let length = 0
    const growth = await growthOf(async () => {
      const [answer]: IncomingMessage[] = await once(begin('GET').end(), 'response')
      for await (const chunk of answer) length += Buffer.byteLength(chunk)
    })
    expect(length).toBe(SIZE)
    expect(growth).toBeLessThan(FLAT)
  },
  PATIENCE,
)

test(
  '1 GiB goes in in flat memory',
  async () => {
    let answered = ''
    const growth = await growthOf(async () => {
      const request = begin('POST', { 'transfer-encoding': 'chunked' })
      const response = once(request, 'response')
      await pipeline(Readable.from(chunks()), request)
      const [answer]: IncomingMessage[] = await response
      for await (const chunk of answer) answered += String(chunk)
    })
    expect(answered).toBe(String(SIZE))
    expect(growth).toBeLessThan(FLAT)
  },
  PATIENCE,
)

/** Clients in a process of their own: each asks once, and leaves its connection open. */
const CLIENTS = `
const { connect } = require('node:net')
const [port, count] = process.argv.slice(1).map(Number)
const request = 'GET /.s4u/health HTTP/1.1\\r\\nHost: ${PUBLIC}\\r\\n\\r\\n'
let answered = 0
let refused = 0
let next = 0
const open = () => {
  if (next++ >= count) return
  const socket = connect(port, '127.0.0.1', () => socket.write(request))
  let isAnswered = false
  socket.on('data', () => {
    if (isAnswered) return
    isAnswered = true
    answered++
    then()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (!isAnswered) refused++
    if (!isAnswered) then()
  })
}
const then = () => (answered + refused === count ? process.send({ answered, refused }) : open())
for (let at = 0; at < 100; at++) open()
process.on('disconnect', () => process.exit())
`

test(
  '10,000 idle connections cost little, one more is refused, and others are served',
  async () => {
    const asked = ['-e', CLIENTS, String(site.port), String(IDLE + 5)]
    const before = process.memoryUsage.rss()
    const clients = spawn(process.execPath, asked, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    try {
      const [told] = await once(clients, 'message')
      expect(told).toEqual({ answered: IDLE, refused: 5 })
      expect((process.memoryUsage.rss() - before) / IDLE).toBeLessThan(EACH)
    } finally {
      clients.kill()
    }
    await expect.poll(async () => (await site.ask('/.s4u/health')).status, { timeout: 20_000 }).toBe(200)
  },
  PATIENCE,
)
