import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { createFetch } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { AsReq, encode, kerberosFlags, NameType } from '@s4u/krb5'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/**
 * What holds the demo's page together, without the page. Plain JavaScript, so that nothing is known
 * of its types here.
 */
const demo = (file: string) => import(`../../examples/demo/${file}.mjs`)
const { createWorld } = await demo('world')
const { actions } = await demo('scenes')

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => (world = await createWorld()))
afterEach(() => world.close())

test('the demo gets tickets after more exchanges than the realm remembers', async () => {
  for (let count = 0; count <= 10_000; count++) await world.realm.transport(stranger)
  const { status, steps, body } = await world.play(actions.alice)
  expect(status).toBe(200)
  expect(body.identity.principal).toBe('alice@AD.TEST')
  const exchanges = steps.filter(({ kind }: { kind: string }) => kind === 'exchange')
  expect(exchanges.map(({ exchange, outcome }: Record<string, string>) => `${exchange} ${outcome}`)).toEqual([
    'AS KDC_ERR_PREAUTH_REQUIRED',
    'AS issued',
    'TGS issued',
  ])
})

test('a challenge is told where there was one: web’s own refusal of a password has none', async () => {
  const answerTo = async (action: string, input: object) =>
    (await world.play((workstation: object) => actions[action](workstation, input))).steps.at(-1)
  expect(await answerTo('orders', {})).toMatchObject({ kind: 'answer', status: 401, challenge: true })
  const wrong = await answerTo('form', { name: 'bob', password: 'wrong' })
  expect(wrong).toMatchObject({ kind: 'answer', status: 401, challenge: false })
})

describe('calls from outside', () => {
  const asAlice = () => {
    const client = createKdcClient({
      credentials: { principal: 'alice@AD.TEST', password: 'wonderland' },
      kdc: world.kdcAddress,
    })
    const serviceNames = { '127.0.0.1': 'HTTP/web.ad.test' }
    return createFetch({ ticketFor: (spn, options) => client.ticketFor(spn, options), serviceNames })
  }
  const visits = () => {
    const told: Visit[] = []
    world.visitors.listen((visit: Visit) => told.push(visit))
    return told
  }
  const linesOf = ({ steps }: Visit) =>
    steps.map(({ from, to, line, exchange, status }) => `${from} ${to} ${line ?? exchange ?? status}`)

  test('are told with all that they set in motion, and the exchanges over the network before', async () => {
    const told = visits()
    const headers = { 'user-agent': 'probe/1.0 (of the tests)' }
    const answer = await asAlice()(`http://${world.addresses.web}/orders?page=1`, { headers })
    expect(answer.status).toBe(200)
    await expect.poll(() => told.length).toBe(1)
    expect(told[0]).toMatchObject({ service: 'web', caller: 'probe/1.0', status: 200 })
    expect(told[0].body).toMatchObject({ service: 'data', identity: { principal: 'alice@AD.TEST' } })
    const lines = linesOf(told[0])
    expect(lines).toEqual(expect.arrayContaining(['browser kdc AS', 'browser kdc TGS', 'web kdc S4U2Proxy']))
    expect(lines).toEqual(expect.arrayContaining(['browser web GET /orders', 'web api GET /orders']))
    expect(lines.at(-1)).toBe('web browser 200')
    expect(told[0].steps.filter(({ from }) => from === 'browser')).toContainEqual(
      expect.objectContaining({ exchange: 'TGS', outcome: 'issued', via: 'tcp' }),
    )
  })

  test('and scenes in flight at the same time stay apart', async () => {
    await world.play(actions.alice)
    await world.play(actions.orders)
    const told = visits()
    const outside = asAlice()
    const [scene, ...answers] = await Promise.all([
      world.play(actions.orders),
      ...Array.from({ length: 5 }, () => outside(`http://${world.addresses.web}/orders`)),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(linesOf(scene)).toEqual([
      'browser web GET /orders',
      'web api GET /orders',
      'api data GET /orders',
      'data api 200',
      'api web 200',
      'web browser 200',
    ])
    await expect.poll(() => told.length).toBe(5)
    for (const visit of told)
      expect(linesOf(visit).filter((line) => line.startsWith('browser web'))).toEqual(['browser web GET /orders'])
  })

  test('are one story with the challenge that came before, and no longer than that', async () => {
    const told = visits()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let count = 0; count < 3; count++) await get(`http://${world.addresses.web}/orders`, agent)
    await expect.poll(() => told.length, { timeout: 5_000 }).toBe(2)
    agent.destroy()
    expect(told.map((visit) => visit.steps.length)).toEqual([4, 2])
  })

  test('may send whatever they like', async () => {
    const told = visits()
    for (const authorization of ['Negotiate TlRMTVNTUAABAAAA', 'Negotiate YIIBAAYG', 'Negotiate !', 'Basic YTpi'])
      await get(`http://${world.addresses.web}//[`, undefined, { authorization, host: 'a b' })
    await expect.poll(() => told.length, { timeout: 5_000 }).toBe(4)
    expect((await world.play(actions.alice)).status).toBe(200)
  })

  test('may come all at once on one connection', async () => {
    const told = visits()
    const { hostname, port } = new URL(`http://${world.addresses.web}`)
    const socket = connect(Number(port), hostname, () => {
      for (let count = 0; count < 4; count++) socket.write('GET /me HTTP/1.1\r\nHost: web.ad.test\r\n\r\n')
    })
    await expect.poll(() => told.length, { timeout: 5_000 }).toBeGreaterThanOrEqual(2)
    socket.destroy()
    await expect.poll(() => told.flatMap(({ steps }) => steps).length, { timeout: 5_000 }).toBe(8)
  })

  test('beyond what can be followed are served and not told', async () => {
    const told = visits()
    const { hostname, port } = new URL(`http://${world.addresses.web}`)
    const unfinished = [
      'POST /login HTTP/1.1',
      'Host: web.ad.test',
      'Content-Type: application/json',
      'Content-Length: 9',
    ]
    const sockets = Array.from({ length: 25 }, () => connect(Number(port), hostname))
    await Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.write(`${unfinished.join('\r\n')}\r\n\r\n`, resolve))),
    )
    await new Promise((resolve) => setTimeout(resolve, 200))
    const outside = asAlice()
    expect((await outside(`http://${world.addresses.web}/me`)).status).toBe(200)
    expect(told).toEqual([])
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => told.length).toBe(20)
    expect((await outside(`http://${world.addresses.web}/me`)).status).toBe(200)
    await expect.poll(() => told.at(-1)?.status).toBe(200)
  })
})

describe('what the services and the workstation hold', () => {
  const held = () =>
    world.journal.holdings
      .list()
      .map(({ holder, client, service }: Record<string, string>) => `${holder}: ${client} → ${service}`)

  test('is one ticket for each purpose, however often somebody asks', async () => {
    for (let round = 0; round < 3; round++) {
      await world.play(actions.alice)
      await world.play(actions.orders)
    }
    expect(held().sort()).toEqual([
      'api: alice@AD.TEST → HTTP/data.ad.test',
      'api: svc-api@AD.TEST → krbtgt/AD.TEST',
      'browser: alice@AD.TEST → HTTP/web.ad.test',
      'browser: alice@AD.TEST → krbtgt/AD.TEST',
      'web: alice@AD.TEST → HTTP/api.ad.test',
      'web: svc-web@AD.TEST → krbtgt/AD.TEST',
    ])
  })

  test('is nothing when all of it has expired', async () => {
    await world.play(actions.alice)
    expect(held()).toHaveLength(2)
    world.realm.now += 11 * 3600_000
    expect(held()).toEqual([])
  })
})

interface Visit {
  readonly service: string
  readonly caller: string
  readonly status: number
  readonly body: object
  readonly steps: readonly Record<string, unknown>[]
}

/** A GET without a header more than these. */
function get(url: string, agent?: Agent, headers: Record<string, string> = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const path = url.slice(url.indexOf(port) + port.length)
    request({ hostname, port, path, agent: agent ?? false, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
      .on('error', reject)
      .end()
  })
}

/** Somebody whom the realm does not know. */
const stranger = encode(AsReq, {
  reqBody: {
    kdcOptions: kerberosFlags(),
    realm: 'AD.TEST',
    cname: { nameType: NameType.PRINCIPAL, nameString: ['nobody'] },
    sname: { nameType: NameType.SRV_INST, nameString: ['krbtgt', 'AD.TEST'] },
    till: Date.UTC(2037, 0, 1),
    nonce: 1,
    etype: [18],
  },
})
