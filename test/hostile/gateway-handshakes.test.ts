import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { createAcceptor } from '@s4u/acceptor'
import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import type { TestRealm } from '@s4u/test-kdc'
import { Desktop } from '../stories/fixtures/corporation.js'
import { type GatewaySite, gatewaySite, INNER, PUBLIC } from '../stories/gateway-site.js'

/** What an inner server, or who poses as one, does with the handshake of a WebSocket. */

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'

/** A site that wants a proof with each answer. */
function provenSite(upgrade: (request: IncomingMessage, socket: Duplex) => void): Promise<GatewaySite> {
  return gatewaySite({ site: { delegation: { service: INNER, proof: 'require' } }, upgrade })
}

async function shake({ realm, port }: GatewaySite): Promise<Socket> {
  const authorization = await new Desktop(realm, 'alice').authorization(`HTTP/${PUBLIC}`)
  const socket = connect(port, '127.0.0.1')
  const lines = [
    ...['GET /live HTTP/1.1', `Host: ${PUBLIC}`, 'Connection: Upgrade', 'Upgrade: websocket'],
    ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'],
    `Authorization: ${authorization}`,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  return socket
}

/** What proves to the gateway that it speaks to the service. */
async function proofFor(realm: TestRealm, { headers }: IncomingMessage): Promise<string> {
  const parsed = parseAuthorization(headers.authorization)
  if (parsed.status !== 'token') throw new Error(parsed.status)
  const outcome = await createAcceptor({ keytab: realm.keytabFor('orders') }).accept(parsed.token)
  if (outcome.status !== 'accepted') throw new Error(outcome.status)
  return formatChallenge(outcome.reply)
}

describe('with proof: require, a handshake', () => {
  test.each([
    ['begins a tunnel', `${SWITCH}\r\nsecret of the wrong server`],
    ['is answered with a page', 'HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\nsecret of the wrong server'],
    ['is refused', 'HTTP/1.1 403 No\r\nContent-Length: 26\r\n\r\nsecret of the wrong server'],
  ])('that %s without a proof ends at the gateway, and so does the connection inside', async (_what, answer) => {
    let inner: Duplex | undefined
    await using site = await provenSite((_request, socket) => {
      inner = socket.on('error', () => {}).resume()
      socket.write(answer)
    })
    const got = await text(await shake(site))
    expect(got).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/)
    expect(got.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(got).not.toContain('secret')
    await expect.poll(() => inner?.readableEnded).toBe(true)
  })

  test('with the proof of another request is refused, also where none is asked for', async () => {
    let earlier: string | undefined
    await using site = await gatewaySite({
      upgrade: async (request, socket) => {
        socket.on('error', () => {})
        earlier ??= await proofFor(site.realm, request)
        socket.write(`${SWITCH}WWW-Authenticate: ${earlier}\r\n\r\n`)
      },
    })
    const first = await shake(site)
    expect(String((await once(first, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /)
    first.destroy()
    expect(await text(await shake(site))).toMatch(/^HTTP\/1\.1 502 /)
  })

  test('that proves itself begins a tunnel', async () => {
    await using site = await provenSite(async (request, socket) => {
      socket.write(`${SWITCH}WWW-Authenticate: ${await proofFor(site.realm, request)}\r\n\r\n`)
      socket.pipe(socket)
    })
    const socket = await shake(site)
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /)
    socket.write('ping')
    expect(String((await once(socket, 'data'))[0])).toBe('ping')
    socket.destroy()
  })
})
