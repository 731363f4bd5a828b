import { createKdcClient, evidenceFromS4u2self, KdcUnreachableError, type KdcTransport } from '@s4u/kdc-client'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, connect, type Server } from 'node:net'
import type { ListenAddress, TestRealm } from '@s4u/test-kdc'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, test } from 'vitest'
import { adTest } from './kdc-client-realm.js'

const USERS = 500
const TIME_LIMIT = 20_000
/**
 * The journal of the test KDC, and what the runtime keeps for itself; the tickets of the callers
 * are several times as much.
 */
const MEMORY_THAT_MAY_STAY = 6 * 1024 * 1024
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

interface Crowd {
  readonly users?: number
  readonly repeats?: number
  /** For one exchange, of which a caller waits for three: sign-in, S4U2Self and S4U2Proxy. */
  readonly timeLimit?: number
}

interface Told {
  /** Whose ticket each caller got, or what it was told instead. */
  readonly outcomes: readonly unknown[]
  readonly expected: readonly string[]
  /** Of the slowest, milliseconds. */
  readonly took: number
  readonly client: WeakRef<object>
}

/**
 * Everybody wants a ticket for every target at once, by way of S4U2Self. Nothing of the client is
 * kept but a weak reference.
 */
async function asEverybody(
  realm: TestRealm,
  kdc: string | readonly string[] | KdcTransport,
  { users = USERS, repeats = 5, timeLimit = TIME_LIMIT }: Crowd = {},
): Promise<Told> {
  const client = createKdcClient({ kdc, credentials: { keytab: realm.keytabFor('web') }, timeLimit })
  const call = async (user: string, target: string): Promise<string> => {
    const evidence = evidenceFromS4u2self(await client.s4u2self(user))
    return (await client.s4u2proxy(evidence, target)).client.name.nameString[0]
  }
  const began = performance.now()
  const callers = Array.from({ length: repeats * users }, (_, index) => `u${index % users}`)
  const calls = callers.flatMap((user) => TARGETS.map((target) => call(user, target).catch((error: unknown) => error)))
  const outcomes = await Promise.all(calls)
  const expected = callers.flatMap((user) => TARGETS.map(() => user))
  return { outcomes, expected, took: performance.now() - began, client: new WeakRef(client) }
}

/**
 * Everybody has a ticket in the own name, or was told in time that there is no KDC; the number of
 * those who have one.
 */
function expectAllServed({ outcomes, expected, took }: Told, limit: number): number {
  const wrong = outcomes.filter((outcome, index) => outcome !== expected[index])
  for (const error of wrong) expect(error).toBeInstanceOf(KdcUnreachableError)
  expect(took).toBeLessThan(limit)
  return outcomes.length - wrong.length
}

/** Runs it, which ends its KDC too, and waits until no socket, timer or memory is left of it. */
async function leavingNothing(run: () => Promise<Told>): Promise<void> {
  const [memory, resources] = [memoryInUse(), resourcesInUse()]
  const { client } = await run()
  const grown = (): number => memoryInUse() - memory
  await until(() => leftOver(resources).length === 0, 100)
  // In this order: garbage is collected for the one, and nothing that the other has looked at just
  // now would be.
  await until(() => grown() < MEMORY_THAT_MAY_STAY && client.deref() === undefined, 20)
  expect(leftOver(resources)).toEqual([])
  expect(client.deref() === undefined).toBe(true)
  expect(grown()).toBeLessThan(MEMORY_THAT_MAY_STAY)
}

describe('ten thousand callers at once', () => {
  test('make one exchange for each user and target, and each gets the own ticket', { timeout: 120_000 }, async () => {
    const realm = await farm()
    await leavingNothing(async () => {
      const told = await asEverybody(realm, realm.transport)
      expect(told.outcomes.length).toBe(10_000)
      expect(told.outcomes).toEqual(told.expected)
      return told
    })
    expect(count(realm, 'S4U2Proxy')).toBe(2_000)
    expect(count(realm, 'S4U2Self')).toBe(500)
    expect(count(realm, 'AS')).toBe(1)
  })

  test('while the KDC is killed and started again: all are served, or told in time', { timeout: 120_000 }, async () => {
    const realm = await farm()
    const address = await realm.listen()
    await leavingNothing(async () => {
      const running = asEverybody(realm, `${address.host}:${address.port}`)
      await until(() => count(realm, 'S4U2Self') > 100, 200)
      realm.misbehave.dead = true
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      realm.misbehave.dead = false
      const told = await running
      expect(told.outcomes.length).toBe(10_000)
      expect(expectAllServed(told, 3 * TIME_LIMIT)).toBeGreaterThan(1_000)
      await realm[Symbol.asyncDispose]()
      return told
    })
  })

  test('while the first KDC is a black hole: it costs the first some seconds', { timeout: 120_000 }, async () => {
    const realm = await farm()
    const [hole, address] = [await blackHole(), await realm.listen()]
    await leavingNothing(async () => {
      const told = await asEverybody(realm, [hole, `${address.host}:${address.port}`])
      expect(told.outcomes.length).toBe(10_000)
      expect(expectAllServed(told, 3 * TIME_LIMIT)).toBeGreaterThan(1_000)
      await realm[Symbol.asyncDispose]()
      return told
    })
  })

  test('while nobody answers: all are told within the limit', { timeout: 120_000 }, async () => {
    const realm = await farm()
    const hole = await blackHole()
    await leavingNothing(async () => {
      const told = await asEverybody(realm, hole, { timeLimit: 1_500 })
      expect(told.outcomes.length).toBe(10_000)
      expect(expectAllServed(told, 10_000)).toBe(0)
      return told
    })
  })
})

describe('while the network fails', () => {
  test('a fifth of the datagrams is lost: everybody has a ticket in the end', { timeout: 120_000 }, async () => {
    const realm = await farm(100)
    const lossy = await lossyWay(await realm.listen())
    await leavingNothing(async () => {
      const told = await asEverybody(realm, lossy, { users: 100 })
      expect(told.outcomes).toEqual(told.expected)
      await realm[Symbol.asyncDispose]()
      return told
    })
  })

  test('a client that is done leaves only idle connections, which keep no process alive', async () => {
    const realm = await farm(5)
    realm.misbehave.answerTooBig = true
    const before = resourcesInUse()
    const address = await realm.listen()
    const { outcomes, expected } = await asEverybody(realm, `${address.host}:${address.port}`, { users: 5, repeats: 1 })
    expect(outcomes).toEqual(expected)
    await realm[Symbol.asyncDispose]()
    await until(() => leftOver(before).length === 0, 100)
    expect(leftOver(before)).toEqual([])
  })
})

/** Gives up after so many looks of 50 ms, so that an expectation can say what was missing. */
async function until(condition: () => boolean, looks: number): Promise<void> {
  for (let look = 0; look < looks && !condition(); look++) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** What keeps the process alive: sockets and timers, those of the test runner among them. */
function resourcesInUse(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /TCP|UDP|Timeout/.test(name))
    .sort()
}

/** What there is now and was not before. */
function leftOver(before: readonly string[]): string[] {
  const rest = [...before]
  return resourcesInUse().filter((name) => {
    const at = rest.indexOf(name)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
}

function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  for (const _ of [1, 2, 3]) collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
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
