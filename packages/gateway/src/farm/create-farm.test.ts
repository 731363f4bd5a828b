import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { requestOf, siteOf } from '../fixtures/requests.js'
import { createFarm } from './create-farm.js'
import type { ChosenMember, Farm } from './farm.js'

const to = ['http://a.ad.test', 'http://b.ad.test', 'https://c.ad.test:8443'].map((href) => new URL(href))
const NAMES = ['a.ad.test:80', 'b.ad.test:80', 'c.ad.test:8443']
let now = 0
let told: string[] = []
const open: Farm[] = []

beforeEach(() => {
  now = 1_000_000
  told = []
})
afterEach(() => {
  for (const farm of open.splice(0)) farm.close()
})

function farmWith(farm: NonNullable<Parameters<typeof siteOf>[0]>['farm'] = {}, urls: readonly URL[] = to): Farm {
  const operation = {
    alert: () => {},
    memberIs: (...line: readonly string[]) => void told.push(line.join(' ')),
  }
  const made = createFarm(siteOf({ to: urls, farm, delegation: { service: 'http/orders.ad.test' } }), {
    operation,
    now: () => now,
  })
  open.push(made)
  return made
}

const nameOf = ({ member }: ChosenMember): string => member.name
const cookieOf = ({ answerHeaders }: ChosenMember): string | undefined => {
  const line = answerHeaders['Set-Cookie']
  return typeof line === 'string' ? line.split(';')[0] : undefined
}

describe('without affinity', () => {
  test('requests go in turn to all members, and each first where least is under way', () => {
    const farm = farmWith()
    const first = [farm.choose(requestOf()), farm.choose(requestOf()), farm.choose(requestOf())]
    expect(first.map(nameOf).sort()).toEqual(NAMES)
    first[1].ended('answered')
    expect(nameOf(farm.choose(requestOf()))).toBe(nameOf(first[1]))
  })

  test('a request that was not sent counts no more, and tells nothing of its member', () => {
    const farm = farmWith({}, to.slice(0, 2))
    const [away, other] = [farm.choose(requestOf()), farm.choose(requestOf())]
    away.ended('unreachable')
    other.ended('answered')
    // All rest: one of them is tried all the same.
    const tried = farm.choose(requestOf(), [other.member])
    tried.ended('unknown')
    expect(told.at(-1)).toBe(`orders.example.com ${nameOf(away)} resting`)
    expect(nameOf(farm.choose(requestOf()))).toBe(nameOf(other))
  })

  test('a request that is ended twice counts once', () => {
    const farm = farmWith({}, to.slice(0, 2))
    const [one] = [farm.choose(requestOf()), farm.choose(requestOf())]
    one.ended('answered')
    one.ended('answered')
    expect(nameOf(farm.choose(requestOf()))).toBe(nameOf(one))
    expect(nameOf(farm.choose(requestOf()))).not.toBe(nameOf(one))
  })
})

describe('a member that could not be reached', () => {
  test('rests, and the request goes to another one', () => {
    const farm = farmWith({}, to.slice(0, 2))
    const dead = farm.choose(requestOf())
    dead.ended('unreachable')
    const next = farm.choose(requestOf(), [dead.member])
    expect(nameOf(next)).not.toBe(nameOf(dead))
    for (let count = 0; count < 4; count++) expect(nameOf(farm.choose(requestOf()))).toBe(nameOf(next))
    now += 10_000
    expect(nameOf(farm.choose(requestOf()))).toBe(nameOf(dead))
  })

  test('is told of, and again when it has answered', () => {
    const farm = farmWith({}, to.slice(0, 1))
    farm.choose(requestOf()).ended('unreachable')
    farm.choose(requestOf()).ended('answered')
    expect(told).toEqual([
      'orders.example.com a.ad.test:80 up',
      'orders.example.com a.ad.test:80 resting',
      'orders.example.com a.ad.test:80 up',
    ])
  })

  test('is tried all the same where all rest', () => {
    const farm = farmWith({}, to.slice(0, 1))
    farm.choose(requestOf()).ended('unreachable')
    expect(nameOf(farm.choose(requestOf()))).toBe(NAMES[0])
  })

  test('ends in 503 when every member has been tried', () => {
    const farm = farmWith()
    let error: unknown
    try {
      farm.choose(requestOf(), farm.members)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({
      name: 'InnerServerError',
      code: 'S4U_NO_MEMBER',
      status: 503,
      message: 'no inner server of orders.example.com can be reached',
    })
  })
})

describe('with a cookie', () => {
  test('a user stays at one member, and the cookie names no server', () => {
    const farm = farmWith({ affinity: 'cookie' })
    const first = farm.choose(requestOf())
    expect(first.answerHeaders).toEqual({
      'Set-Cookie': expect.stringMatching(/^s4u-member=[\w-]{12}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    })
    for (let count = 0; count < 5; count++) {
      const again = farm.choose(requestOf({ headers: { cookie: `x=1; ${cookieOf(first)}` } }))
      expect([nameOf(again), again.answerHeaders]).toEqual([nameOf(first), {}])
    }
  })

  test('without TLS the cookie is not Secure, or browsers would drop it', () => {
    const { answerHeaders } = farmWith({ affinity: 'cookie' }).choose(requestOf({ scheme: 'http' }))
    expect(answerHeaders['Set-Cookie']).toMatch(/HttpOnly; SameSite=Lax$/)
  })

  test('a user whose member is away gets another, and keeps that', () => {
    const farm = farmWith({ affinity: 'cookie' })
    const first = farm.choose(requestOf())
    first.ended('unreachable')
    const headers = { cookie: cookieOf(first) }
    const other = farm.choose(requestOf({ headers }))
    expect(nameOf(other)).not.toBe(nameOf(first))
    expect(cookieOf(other)).not.toBe(cookieOf(first))
    now += 10_000
    expect(nameOf(farm.choose(requestOf({ headers: { cookie: cookieOf(other) } })))).toBe(nameOf(other))
  })

  test.each(['s4u-member=', 's4u-member=nonsense', 'xs4u-member=A'])('%s counts as none', (cookie) => {
    const chosen = farmWith({ affinity: 'cookie' }).choose(requestOf({ headers: { cookie } }))
    expect(cookieOf(chosen)).toMatch(/^s4u-member=./)
  })

  test('a cookie that comes twice counts as none', () => {
    const farm = farmWith({ affinity: 'cookie' })
    const own = cookieOf(farm.choose(requestOf()))
    expect(cookieOf(farm.choose(requestOf({ headers: { cookie: `${own}; ${own}` } })))).toBeDefined()
  })
})

describe('with the address', () => {
  const placesOf = (farm: Farm, tried: readonly ChosenMember['member'][] = []) =>
    Array.from({ length: 200 }, (_, index) =>
      nameOf(farm.choose(requestOf({ clientAddress: `192.0.2.${index}` }), tried)),
    )

  test('each address stays at one member, and all members have some', () => {
    const farm = farmWith({ affinity: 'address' })
    const places = placesOf(farm)
    expect(placesOf(farm)).toEqual(places)
    expect([...new Set(places)].sort()).toEqual(NAMES)
  })

  test('only the addresses of a member that is away move', () => {
    const farm = farmWith({ affinity: 'address' })
    const before = placesOf(farm)
    const after = placesOf(farm, [farm.members[0]])
    expect(before.filter((name, index) => name !== after[index])).toEqual(before.filter((name) => name === NAMES[0]))
  })
})

describe('a member that drains', () => {
  test('keeps its users and gets no new ones', () => {
    const before = farmWith({ affinity: 'cookie' }, to.slice(0, 2))
    const atA = [before.choose(requestOf()), before.choose(requestOf())].find((one) => nameOf(one) === NAMES[0])
    const farm = farmWith({ affinity: 'cookie', draining: [to[0]] }, to.slice(0, 2))
    const headers = { cookie: atA && cookieOf(atA) }
    expect(nameOf(farm.choose(requestOf({ headers })))).toBe(NAMES[0])
    for (let count = 0; count < 4; count++) expect(nameOf(farm.choose(requestOf()))).toBe(NAMES[1])
    expect(told).toContain('orders.example.com a.ad.test:80 draining')
  })

  test('is taken where no other is left', () => {
    const farm = farmWith({ draining: [to[0]] }, to.slice(0, 2))
    expect(nameOf(farm.choose(requestOf(), [farm.members[1]]))).toBe(NAMES[0])
  })
})

describe('health checks', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  async function inner(statusOf: () => number | undefined) {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'no credentials'}`)
      const status = statusOf()
      if (status !== undefined) response.writeHead(status).end()
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return { asked, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) }
  }

  const health = { path: '/up?x=1', interval: 15, timeout: 200, fall: 2, rise: 2 }

  test('take a member out after so many failures, and back after so many answers', async () => {
    let status = 401
    const [sick, well] = [await inner(() => status), await inner(() => 200)]
    const farm = farmWith({ health }, [sick.url, well.url])
    const name = `127.0.0.1:${sick.url.port}`
    await vi.waitFor(() => expect(sick.asked.length).toBeGreaterThan(3))
    expect(sick.asked[0]).toBe('GET /up?x=1 no credentials')
    expect(told.filter((line) => line.endsWith('down'))).toEqual([])
    status = 503
    await vi.waitFor(() => expect(told).toContain(`orders.example.com ${name} down`))
    const chosen = Array.from({ length: 4 }, () => nameOf(farm.choose(requestOf())))
    expect(chosen).not.toContain(name)
    expect(() => farm.choose(requestOf(), [farm.members[1]])).toThrow('no inner server of orders.example.com')
    status = 200
    await vi.waitFor(() => expect(told.at(-1)).toBe(`orders.example.com ${name} up`))
    expect(nameOf(farm.choose(requestOf(), [farm.members[1]]))).toBe(name)
  })

  test('see a member that hangs, and one where nothing listens', async () => {
    const hanging = await inner(() => undefined)
    const gone = new URL('http://127.0.0.1:1')
    farmWith({ health: { ...health, timeout: 20, fall: 1 } }, [hanging.url, gone])
    await vi.waitFor(() => expect(told.filter((line) => line.endsWith(' down'))).toHaveLength(2))
  })

  test('end with the farm', async () => {
    const one = await inner(() => 200)
    const farm = farmWith({ health }, [one.url])
    await vi.waitFor(() => expect(one.asked.length).toBeGreaterThan(1))
    farm.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const { length } = one.asked
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(one.asked).toHaveLength(length)
  })
})
