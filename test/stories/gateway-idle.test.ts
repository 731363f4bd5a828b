import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { type Answer, type GatewaySite, gatewaySite, PUBLIC } from './gateway-site.js'

/** Sessions at a whole gateway whose users go away. */

const MINUTE = 60_000

afterEach(() => vi.restoreAllMocks())

/** The clock of gateway and KDC. */
function clock(): { forward(time: number): void } {
  const now = Date.now
  let ahead = 0
  vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead)
  return { forward: (time) => void (ahead += time) }
}

const cookieOf = ({ headers }: Answer): string | undefined =>
  headers['set-cookie']?.map((line) => line.split(';')[0]).find((pair) => pair.startsWith('s4u='))

test('a session goes on with the requests of its user, and ends without them', async () => {
  const { forward } = clock()
  const session = { secure: false, maxIdle: '15m', maxAge: '1h' }
  await using site = await gatewaySite({ config: { session } })
  let cookie = cookieOf(await site.ask('/', { as: 'alice' })) ?? ''
  const first = cookie
  for (let minutes = 0; minutes < 40; minutes += 10) {
    forward(10 * MINUTE)
    const answer = await site.ask('/', { headers: { cookie } })
    expect([answer.status, answer.body]).toEqual([200, 'alice@AD.TEST /'])
    cookie = cookieOf(answer) ?? cookie
  }
  expect(cookie).not.toBe(first)
  // The cookie of the beginning is of no more use than the user's going away.
  expect((await site.ask('/', { headers: { cookie: first } })).status).toBe(401)
  forward(15 * MINUTE)
  expect((await site.ask('/', { headers: { cookie } })).status).toBe(401)
})

/** A gateway whose inner server takes WebSockets, and sends back what comes. */
function liveSite(session: object): Promise<GatewaySite> {
  return gatewaySite({
    site: { signIn: 'form' },
    config: { session: { secure: false, maxAge: '1h', ...session } },
    upgrade: (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      socket.on('error', () => {}).pipe(socket)
    },
  })
}

async function openSocket({ port }: GatewaySite, cookie: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  const lines = ['GET /live HTTP/1.1', `Host: ${PUBLIC}`, `Cookie: ${cookie}`, 'Connection: Upgrade']
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  socket.write([...lines, 'Upgrade: websocket', key, 'Sec-WebSocket-Version: 13', '', ''].join('\r\n'))
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /)
  return socket
}

/** More than the time between two looks at sessions. */
const SOON = { timeout: 15_000 }

test('a WebSocket ends when its user signs out, and one of another session stays', { timeout: 30_000 }, async () => {
  await using site = await liveSite({})
  const signIn = async (): Promise<string> => cookieOf(await site.ask('/', { as: 'alice' })) ?? ''
  const [cookie, other] = [await signIn(), await signIn()]
  const [mine, another] = [await openSocket(site, cookie), await openSocket(site, other)]
  mine.write('ping')
  expect(String((await once(mine, 'data'))[0])).toBe('ping')
  await site.ask('/.s4u/sign-out', { method: 'POST', headers: { cookie, origin: `http://${PUBLIC}` } })
  await expect.poll(() => mine.closed, SOON).toBe(true)
  another.write('still')
  expect(String((await once(another, 'data'))[0])).toBe('still')
  another.destroy()
})

test(
  'a WebSocket ends after maxIdle without a request of its user, whatever it carries',
  { timeout: 30_000 },
  async () => {
    const { forward } = clock()
    await using site = await liveSite({ maxIdle: '15m' })
    const cookie = cookieOf(await site.ask('/', { as: 'alice' })) ?? ''
    const live = await openSocket(site, cookie)
    forward(16 * MINUTE)
    live.write('ping')
    await expect.poll(() => live.closed, SOON).toBe(true)
  },
)
