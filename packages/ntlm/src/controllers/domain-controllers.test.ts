import { createServer, type Server } from 'node:net'
import { ConfigurationError, MalformedTokenError, platformRandom } from '@s4u/krb5'
import { afterEach, describe, expect, test } from 'vitest'
import { NetlogonUnreachableError } from '../errors.js'
import type { LogonReply } from '../netlogon/logon-call.js'
import { DomainControllers } from './domain-controllers.js'
import { PerhapsJudged } from './logon-failures.js'
import { SecureChannel } from './secure-channel.js'
import { Turns } from './turns.js'

const REQUEST = {
  ...{ domain: 'CORP', user: 'alice', workstation: 'HOST' },
  serverChallenge: new Uint8Array(8),
  ntResponse: new Uint8Array(60),
}
const NO: LogonReply = { info: undefined, isAuthoritative: true, status: 0xc000_006a }
const down = new NetlogonUnreachableError('dc1:135 listens no longer', { code: 'ECONNREFUSED' })

/** A channel that answers as it is told, and counts. */
class Channel extends SecureChannel {
  asked = 0
  readonly #says: () => Promise<LogonReply>
  constructor(says: () => Promise<LogonReply>) {
    super(depsOf('127.0.0.1', 1))
    this.#says = says
  }
  override logon(): Promise<LogonReply> {
    this.asked++
    return this.#says()
  }
}

function depsOf(host: string, port: number) {
  return {
    ...{ mapper: { host, port }, names: { server: host, computer: 'WEB01' }, domain: 'CORP' },
    ...{
      now: Date.now,
      random: platformRandom,
      timeLimit: 300,
    },
    secret: async () => new Uint8Array(16),
  }
}

describe('of two controllers', () => {
  let now = 1_000
  const pair = (first: Channel, second: Channel) => new DomainControllers([first, second], 1_000, () => now)

  test('the second is not asked where the first refuses: each counts a wrong password', async () => {
    const [first, second] = [new Channel(async () => NO), new Channel(async () => NO)]
    expect(await pair(first, second).logon(REQUEST)).toBe(NO)
    expect([first.asked, second.asked]).toEqual([1, 0])
  })

  test('the second is asked where the first gives no answer, and first for half a minute', async () => {
    const [first, second] = [new Channel(() => Promise.reject(down)), new Channel(async () => NO)]
    const both = pair(first, second)
    await both.logon(REQUEST)
    await both.logon(REQUEST)
    expect([first.asked, second.asked]).toEqual([1, 2])
    now += 30_001
    await both.logon(REQUEST)
    expect([first.asked, second.asked]).toEqual([2, 3])
  })

  test('the second is asked where the first sends what cannot be read', async () => {
    const damage = new MalformedTokenError({ path: 'RPC', expected: 'a reply', found: 'none' })
    const [first, second] = [new Channel(() => Promise.reject(damage)), new Channel(async () => NO)]
    expect(await pair(first, second).logon(REQUEST)).toBe(NO)
  })

  test('the second is not asked where the first may have judged the response, and first from then on', async () => {
    const [first, second] = [new Channel(() => Promise.reject(new PerhapsJudged(down))), new Channel(async () => NO)]
    const both = pair(first, second)
    await expect(both.logon(REQUEST)).rejects.toBe(down)
    expect([first.asked, second.asked]).toEqual([1, 0])
    expect(await both.logon(REQUEST)).toBe(NO)
    expect([first.asked, second.asked]).toEqual([1, 1])
  })

  test('the second is not asked where the machine account is refused', async () => {
    const wrong = new ConfigurationError('no', { code: 'STATUS_ACCESS_DENIED' })
    const [first, second] = [new Channel(() => Promise.reject(wrong)), new Channel(async () => NO)]
    await expect(pair(first, second).logon(REQUEST)).rejects.toBe(wrong)
    expect(second.asked).toBe(0)
  })

  test('neither answers: both are told', async () => {
    const [first, second] = [new Channel(() => Promise.reject(down)), new Channel(() => Promise.reject(down))]
    await expect(pair(first, second).logon(REQUEST)).rejects.toMatchObject({
      name: 'NetlogonUnreachableError',
      status: 503,
      message: 'no domain controller gave a verdict: dc1:135 listens no longer; dc1:135 listens no longer',
    })
  })
})

describe('a controller that', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function listening(answer: Uint8Array | undefined): Promise<SecureChannel> {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => answer && socket.end(answer))
    })
    servers.push(server)
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    return new SecureChannel(depsOf('127.0.0.1', typeof address === 'object' && address ? address.port : 0))
  }

  test('hangs is given up in time', async () => {
    const channel = await listening(undefined)
    await expect(channel.logon(REQUEST, AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ did not answer in time$/),
    })
  })

  test.each<[string, Uint8Array, object]>([
    ['breaks off', new Uint8Array(0), { code: 'ECONNRESET' }],
    ['breaks off in the middle of an answer', Uint8Array.of(5, 0, 12, 3, 16), { code: 'ECONNRESET' }],
    [
      'speaks something else',
      new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n'),
      { message: 'RPC.version: expected 5.0, found 72.84' },
    ],
  ])('%s is told as that', async (_what, answer, error) => {
    const channel = await listening(answer)
    await expect(channel.logon(REQUEST, AbortSignal.timeout(5_000))).rejects.toMatchObject(error)
  })

  test('is not there is told as that', async () => {
    const channel = new SecureChannel(depsOf('127.0.0.1', 1))
    await expect(channel.logon(REQUEST, AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
  })
})

describe('turns', () => {
  test('are given in order, so many at the same time', async () => {
    const turns = new Turns(1, 10)
    const order: number[] = []
    const act = (at: number) => turns.run(AbortSignal.timeout(5_000), async () => void order.push(at))
    await Promise.all([act(1), act(2), act(3)])
    expect(order).toEqual([1, 2, 3])
  })

  test('are refused where too many wait, or one waits too long', async () => {
    const turns = new Turns(1, 1)
    const given = new AbortController()
    let end = (): void => {}
    const first = turns.run(given.signal, () => new Promise<void>((resolve) => (end = resolve)))
    const second = turns.run(given.signal, async () => 'second')
    await expect(turns.run(given.signal, async () => 'third')).rejects.toMatchObject({
      code: 'S4U_SIGN_IN_BUSY',
      message: 'too many responses wait for a domain controller',
    })
    given.abort()
    await expect(second).rejects.toMatchObject({
      message: 'no domain controller had time for a response',
    })
    end()
    await first
    expect(await turns.run(AbortSignal.timeout(5_000), async () => 'fourth')).toBe('fourth')
  })
})
