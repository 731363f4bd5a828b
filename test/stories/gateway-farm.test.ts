import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { Desktop } from './fixtures/corporation.js'
import { type Answer, gatewaySite, type GatewaySite, INNER, PUBLIC } from './gateway-site.js'

/** A farm of inner servers behind a whole gateway, whose members die. */

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) stop(server)
})

function stop(server: Server): void {
  server.closeAllConnections()
  server.close()
}

/** A member that says its name, and what it has seen. */
async function member(name: string, handle: RequestListener = () => {}) {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    handle(request, response)
    response.setHeader('set-cookie', 'app=1')
    response.end(name)
  }).listen(0, '127.0.0.1')
  open.push(server)
  await once(server, 'listening')
  return { seen, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const DEAD = 'http://127.0.0.1:1'
const none = { as: 'none' } as const

function memberCookie({ headers }: Answer): string | undefined {
  return headers['set-cookie']?.map((line) => line.split(';')[0]).find((pair) => pair.startsWith('s4u-member='))
}

test('a member that is not there costs no request: another one answers, and it rests', async () => {
  const alive = await member('alive')
  await using site = await gatewaySite({ site: { to: [DEAD, alive.url], delegation: none } })
  for (let count = 0; count < 6; count++) {
    const { status, body } = await site.ask('/', { as: 'alice' })
    expect([status, body]).toEqual([200, 'alive'])
  }
})

test('a user stays at one member by a cookie that no member sees, and moves when that dies', async () => {
  const members = { a: await member('a'), b: await member('b') }
  await using site = await gatewaySite({
    site: { to: [members.a.url, members.b.url], delegation: none, farm: { affinity: 'cookie' } },
  })
  const first = await site.ask('/', { as: 'alice' })
  const cookie = memberCookie(first)
  expect(cookie).toMatch(/^s4u-member=[\w-]{12}$/)
  for (let count = 0; count < 4; count++)
    expect((await site.ask('/', { as: 'alice', headers: { cookie: `${cookie}; mine=1` } })).body).toBe(first.body)
  const own = first.body === 'a' ? members.a : members.b
  expect(own.seen.slice(1).map(({ headers }) => headers.cookie)).toEqual(Array(4).fill('mine=1'))
  stop(own.server)
  const moved = await site.ask('/', { as: 'alice', headers: { cookie: `${cookie}` } })
  expect([moved.status, moved.body]).toEqual([200, first.body === 'a' ? 'b' : 'a'])
  expect(memberCookie(moved)).not.toBe(cookie)
})

test('where all are gone the user gets a page, and no word of the servers', async () => {
  await using site = await gatewaySite({ site: { to: [DEAD, 'http://127.0.0.1:2'], delegation: none } })
  const { status, body } = await site.ask('/', { as: 'alice', headers: { accept: 'text/html' } })
  expect(status).toBe(502)
  expect(body).not.toMatch(/127\.0\.0\.1|ECONNREFUSED/)
})

test('a member that falls ill gets no requests, and gets them again when it is well', async () => {
  let isIll = false
  const health = (request: IncomingMessage) => request.url === '/health'
  const ill = await member('ill', (request, response) => {
    if (isIll && health(request)) response.statusCode = 503
  })
  const well = await member('well')
  await using site = await gatewaySite({
    site: {
      ...{ to: [ill.url, well.url], delegation: none, access: { allow: 'everybody' } },
      farm: { health: { path: '/health', interval: '50ms', timeout: '5s', fall: 2, rise: 2 } },
    },
  })
  const isNow = (state: string) =>
    expect
      .poll(async () => (await site.ask('/.s4u/metrics', { as: 'alice' })).body)
      .toMatch(new RegExp(`^s4u_gateway_member\\{.*member="${new URL(ill.url).host}".*state="${state}".*\\} 1$`, 'm'))
  const whoAnswers = async () => {
    const bodies: string[] = []
    for (let count = 0; count < 4; count++) bodies.push((await site.ask('/')).body)
    return [...new Set(bodies)].sort()
  }
  expect(await whoAnswers()).toEqual(['ill', 'well'])
  isIll = true
  await isNow('down')
  expect(await whoAnswers()).toEqual(['well'])
  isIll = false
  await isNow('up')
  expect(await whoAnswers()).toEqual(['ill', 'well'])
  expect(ill.seen.filter(health).map(({ headers }) => [headers.authorization, headers.cookie])).toEqual(
    ill.seen.filter(health).map(() => [undefined, undefined]),
  )
})

test('a member that drains keeps its users, and gets no new ones', async () => {
  const [old, fresh] = [await member('old'), await member('fresh')]
  const farm = { affinity: 'cookie' as const, draining: old.url }
  const both = [old.url, fresh.url]
  await using before = await gatewaySite({ site: { to: both, delegation: none, farm: { affinity: 'cookie' } } })
  let first = await before.ask('/', { as: 'alice' })
  while (first.body !== 'old') first = await before.ask('/', { as: 'alice' })
  const cookie = `${memberCookie(first)}`
  await using site = await gatewaySite({ site: { to: both, delegation: none, farm } })
  for (let count = 0; count < 4; count++) expect((await site.ask('/', { as: 'alice' })).body).toBe('fresh')
  expect((await site.ask('/', { as: 'alice', headers: { cookie } })).body).toBe('old')
})

test.each(['request', 'handshake'] as const)(
  'the %s of a user for whom no ticket can be had does not count as under way at a member',
  async (kind) => {
    const members = [await member('a'), await member('b')]
    await using site = await gatewaySite({
      site: { to: members.map(({ url }) => url), delegation: { service: INNER, proof: 'off' }, websocket: true },
    })
    // An odd number: two would count the same at both members.
    for (let count = 0; count < 3; count++)
      expect(kind === 'request' ? (await site.ask('/', { as: 'carol' })).status : await shake(site, 'carol')).toBe(403)
    const bodies: string[] = []
    for (let count = 0; count < 4; count++) bodies.push((await site.ask('/', { as: 'alice' })).body)
    expect(bodies.sort()).toEqual(['a', 'a', 'b', 'b'])
  },
)

/** Resolves to the status of the answer to a handshake. */
async function shake({ realm, port }: GatewaySite, user: string): Promise<number> {
  const authorization = await new Desktop(realm, user).authorization(`HTTP/${PUBLIC}`)
  const socket = connect(port, '127.0.0.1')
  const lines = [
    ...['GET / HTTP/1.1', `Host: ${PUBLIC}`, 'Connection: Upgrade', 'Upgrade: websocket'],
    ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'],
    `Authorization: ${authorization}`,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  return Number((await text(socket)).split(' ')[1])
}
