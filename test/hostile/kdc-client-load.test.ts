import { createKdcClient, evidenceFromS4u2self, KdcUnreachableError, type KdcTransport } from '@s4u/kdc-client'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, connect, type Server } from 'node:net'
import type { ListenAddress, TestRealm } from '@s4u/test-kdc'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { adTest } from './kdc-client-realm.js'

const USERS = 500
const TARGETS = ['a', 'b', 'c', 'd'].map((name) => `HTTP/${name}.ad.test`)

const open: { close(): unknown }[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

/** A realm in which `web` may call four backends as anybody. */
function farm(users = USERS): Promise<TestRealm> {
  const services = Object.fromEntries(TARGETS.map((spn) => [spn.slice(5, 6), { spns: [spn] }]))
  return adTest({
    // Without a password of their own: nobody signs in here, and deriving keys takes long.
    users: Object.fromEntries(
      Array.from({ length: users }, (_, index) => [`u${index}`, { password: 'x', encryptionTypes: [] }]),
    ),
    services: {
      ...services,
      web: { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true, allowedToDelegateTo: TARGETS },
    },
  })
}

function count(realm: TestRealm, kind: string): number {
  return realm.exchanges.filter((exchange) => exchange.kind === kind && exchange.outcome === 'issued').length
}

async function asEverybody(
  realm: TestRealm,
  kdc: string | readonly string[] | KdcTransport,
  users: number,
  repeats: number,
  timeLimit = 20_000,
) {
  const client = createKdcClient({ kdc, credentials: { keytab: realm.keytabFor('web') }, timeLimit })
  const call = async (user: number, target: string): Promise<string> => {
    const evidence = evidenceFromS4u2self(await client.s4u2self(`u${user}`))
    return (await client.s4u2proxy(evidence, target)).client.name.nameString[0]
  }
  const calls: Promise<string>[] = []
  for (let turn = 0; turn < repeats; turn++)
    for (let user = 0; user < users; user++) for (const target of TARGETS) calls.push(call(user, target))
  const outcomes = await Promise.allSettled(calls)
  const expected = Array.from({ length: repeats }, () =>
    Array.from({ length: users }, (_, user) => TARGETS.map(() => `u${user}`)),
  ).flat(2)
  return { outcomes, expected, client }
}

describe('ten thousand callers at once', () => {
  test('make one exchange for each user and target, and each gets the own ticket', { timeout: 60_000 }, async () => {
    const realm = await farm()
    const { outcomes, expected } = await asEverybody(realm, realm.transport, USERS, 5)
    expect(outcomes.length).toBe(10_000)
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason))).toEqual(
      expected,
    )
    expect(count(realm, 'S4U2Proxy')).toBe(2_000)
    expect(count(realm, 'S4U2Self')).toBe(500)
    expect(count(realm, 'AS')).toBe(1)
  })
})

describe('while the network fails', () => {
  test('the KDC is killed and started again: everybody has a ticket in the end', { timeout: 60_000 }, async () => {
    const realm = await farm(50)
    const address = await realm.listen()
    const running = asEverybody(realm, `${address.host}:${address.port}`, 50, 2)
    await until(() => count(realm, 'S4U2Self') > 10)
    realm.misbehave.dead = true
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    realm.misbehave.dead = false
    const { outcomes } = await running
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
    await realm[Symbol.asyncDispose]()
  })

  test('the first KDC is a black hole: it costs the first callers some seconds', { timeout: 60_000 }, async () => {
    const realm = await farm(50)
    const [hole, address] = [await blackHole(), await realm.listen()]
    const { outcomes } = await asEverybody(realm, [hole, `${address.host}:${address.port}`], 50, 2)
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
    await realm[Symbol.asyncDispose]()
  })

  test('a fifth of the datagrams is lost', { timeout: 60_000 }, async () => {
    const realm = await farm(30)
    const lossy = await lossyWay(await realm.listen())
    const { outcomes } = await asEverybody(realm, lossy, 30, 2)
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
    await realm[Symbol.asyncDispose]()
  })

  test(
    'nobody answers: everybody is told within the limit, and nothing is left behind',
    { timeout: 60_000 },
    async () => {
      const realm = await farm(50)
      const hole = await blackHole()
      const before = handles()
      const began = Date.now()
      const { outcomes } = await asEverybody(realm, hole, 50, 2, 1_500)
      expect(Date.now() - began).toBeLessThan(4_000)
      for (const outcome of outcomes)
        expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(KdcUnreachableError)
      await vi.waitFor(() => expect(handles()).toEqual(before))
    },
  )

  test('a client that is done leaves only idle connections, which keep no process alive', async () => {
    const realm = await farm(5)
    realm.misbehave.answerTooBig = true
    const before = handles()
    const address = await realm.listen()
    const { outcomes } = await asEverybody(realm, `${address.host}:${address.port}`, 5, 1)
    expect(outcomes.every(({ status }) => status === 'fulfilled')).toBe(true)
    await realm[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(handles()).toEqual(before))
  })
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** What keeps the process alive, apart from what the test runner has. */
function handles(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /TCP|UDP/.test(name))
    .sort()
}

/** Takes everything and never says a word. */
async function blackHole(): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  const udp = createSocket('udp4').bind(port, '127.0.0.1')
  await once(udp, 'listening')
  server.unref()
  udp.unref()
  open.push(server, udp)
  return `127.0.0.1:${port}`
}

/** A way to a KDC on which every fifth datagram gets lost; TCP goes through. */
async function lossyWay(kdc: ListenAddress): Promise<string> {
  const server = createServer((socket) => {
    const onward = connect(kdc.port, kdc.host)
    socket.on('error', () => onward.destroy()).on('close', () => onward.destroy())
    onward.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.pipe(onward).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  const udp = createSocket('udp4').bind(port, '127.0.0.1')
  await once(udp, 'listening')
  let datagrams = 0
  udp.on('message', (message, from) => {
    if (datagrams++ % 5 === 0) return
    const onward = createSocket('udp4')
    onward.on('message', (answer) => {
      onward.close()
      udp.send(answer, from.port, from.address)
    })
    onward.send(message, kdc.port, kdc.host)
  })
  open.push(server, udp)
  return `127.0.0.1:${port}`
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
