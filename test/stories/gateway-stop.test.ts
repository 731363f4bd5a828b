import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { gatewaySite, PUBLIC } from './gateway-site.js'

/** A whole gateway that is told to stop, while requests and WebSockets are under way. */

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

async function shake(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write(
    `GET /live HTTP/1.1\r\nHost: ${PUBLIC}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  )
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /)
  return socket
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const [error] = await Promise.race([once(socket, 'error'), once(socket, 'connect').then(() => [undefined])])
  socket.destroy()
  return error?.code === 'ECONNREFUSED'
}

test('requests that are under way end, no others begin, and WebSockets end with the time to stop', async () => {
  const waiting: ServerResponse[] = []
  await using site = await gatewaySite({
    innerAuthenticates: false,
    handle: (request, response) => {
      if (request.url === '/slow') waiting.push(response)
      else response.end('quick')
    },
    upgrade: (_request, socket) => {
      socket.on('error', () => {}).write(SWITCH)
      socket.pipe(socket)
    },
    site: { access: { allow: 'everybody' }, delegation: { as: 'none' } },
    config: { stopTime: '3s' },
  })
  const send = async (agent: Agent, path: string): Promise<IncomingMessage> => {
    const request = httpRequest({ host: '127.0.0.1', port: site.port, path, agent, headers: { host: PUBLIC } }).end()
    const [answer]: IncomingMessage[] = await once(request, 'response')
    return answer
  }
  const agent = new Agent({ keepAlive: true })
  const idle = await send(agent, '/')
  const kept = idle.socket
  expect(await text(idle)).toBe('quick')
  const slow = send(new Agent({ keepAlive: true }), '/slow')
  const live = await shake(site.port)
  await expect.poll(() => waiting.length).toBe(1)

  const stopped = site.gateway.stop()
  expect(await isRefused(site.port)).toBe(true)
  await expect.poll(() => kept.destroyed).toBe(true)
  live.write('ping')
  expect(String((await once(live, 'data'))[0])).toBe('ping')
  waiting[0].end('slow')
  const answer = await slow
  expect([answer.statusCode, answer.headers.connection, await text(answer)]).toEqual([200, 'close', 'slow'])
  expect(live.destroyed).toBe(false)
  await Promise.all([stopped, once(live, 'close')])
  await site.gateway.stop()
})
