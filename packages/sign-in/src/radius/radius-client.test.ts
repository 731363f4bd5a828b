import { createSocket } from 'node:dgram'
import { setMaxListeners } from 'node:events'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type AnswerShape,
  type HeardRequest,
  papPassword,
  radiusAnswer,
  startRadiusServer,
} from '../fixtures/radius-server.js'
import { createRadiusClient } from './radius-client.js'
import type { RadiusOptions } from './radius-options.js'

const SECRET = 'a-secret-of-many-octets'
const ACCEPT = { code: 2 }
const REJECT = { code: 3 }
const closing: Disposable[] = []
afterEach(() => {
  for (const one of closing.splice(0)) one[Symbol.dispose]()
})

type Answers = (request: HeardRequest, send: (bytes: Uint8Array) => void, count: number) => void

async function server(answers: Answers | AnswerShape) {
  const started = await startRadiusServer(
    SECRET,
    typeof answers === 'function' ? answers : (request, send) => send(radiusAnswer(request, SECRET, answers)),
  )
  closing.push(started)
  return started
}

function client(servers: readonly { readonly server: string }[], options: Partial<RadiusOptions> = {}) {
  const made = createRadiusClient({
    servers: servers.map((one) => one.server),
    secret: SECRET,
    firstWait: 20,
    ...options,
  })
  closing.push(made)
  return made
}

const alice = { user: 'alice', password: '755224' }

describe('a request', () => {
  test('has the Message-Authenticator first, then who it is, the hidden password and who asks', async () => {
    const radius = await server(ACCEPT)
    const answer = await client([radius]).ask({ ...alice, clientAddress: '192.0.2.7' })
    expect(answer).toEqual({ status: 'accepted', message: '' })
    const [{ attributes, bytes }] = radius.heard
    expect([...attributes.keys()]).toEqual([80, 1, 2, 32, 31])
    expect(bytes[20]).toBe(80)
    expect([1, 32, 31].map((type) => attributes.get(type)?.toString())).toEqual(['alice', 's4u', '192.0.2.7'])
    expect(papPassword(radius.heard[0], SECRET)).toBe('755224')
    expect(bytes.includes('755224')).toBe(false)
  })

  test.each(['', 'x', 'sixteen octets!!', 'seventeen octets!', 'ä'.repeat(64)])(
    'hides the password %j',
    async (password) => {
      const radius = await server(ACCEPT)
      await client([radius]).ask({ user: 'alice', password })
      expect(papPassword(radius.heard[0], SECRET)).toBe(password)
    },
  )

  test('is sent again octet for octet, and another has another identifier and authenticator', async () => {
    const radius = await server((request, send, count) => {
      if (count >= 3) send(radiusAnswer(request, SECRET, ACCEPT))
    })
    const one = client([radius])
    await one.ask(alice)
    await one.ask(alice)
    const [first, second, third, other] = radius.heard
    expect([second.bytes, third.bytes].map((bytes) => bytes.equals(first.bytes))).toEqual([true, true])
    expect(other.identifier).not.toBe(first.identifier)
    expect(other.authenticator.equals(first.authenticator)).toBe(false)
    expect(other.port).toBe(first.port)
  })

  test.each([
    ['no user', { user: '', password: 'x' }, 'user must be a text of 1 to 253 octets'],
    ['a user that is too long', { user: 'é'.repeat(127), password: 'x' }, 'user must be a text of 1 to 253 octets'],
    [
      'a password that is too long',
      { user: 'a', password: 'x'.repeat(129) },
      'password must be a text of 0 to 128 octets',
    ],
    ['a zero in the password', { user: 'a', password: 'secret\0more' }, 'password must be a text of 0 to 128 octets'],
    ['half a character', { user: 'a\ud800', password: 'x' }, 'user must be a text of 1 to 253 octets'],
  ])('is not made with %s', async (_what, question, message) => {
    const radius = await server(ACCEPT)
    await expect(client([radius]).ask(question)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(message),
    })
    expect(radius.heard).toEqual([])
  })
})

describe('an answer', () => {
  test('that rejects is told with the words of the server, as text', async () => {
    const attributes = [
      [18, 'The code has been used.\r\n'],
      [18, 'Wait for \u{202e}the next one\u0007.'],
    ] as const
    const radius = await server({ ...REJECT, attributes })
    const answer = await client([radius]).ask(alice)
    expect(answer).toEqual({ status: 'rejected', message: 'The code has been used.\n\nWait for the next one.' })
  })

  test('has a long text in one piece, though it comes in several attributes', async () => {
    const text = 'é'.repeat(200)
    const octets = Buffer.from(text)
    const radius = await server({
      ...REJECT,
      attributes: [
        [18, octets.subarray(0, 253)],
        [18, octets.subarray(253)],
      ],
    })
    expect(await client([radius]).ask(alice)).toEqual({ status: 'rejected', message: text })
  })

  test('that asks for more brings what the next request takes back to the same server', async () => {
    const other = await server(ACCEPT)
    const radius = await server((request, send) => {
      const state = request.attributes.get(24)?.[0]
      const isRight = state?.toString() === 'round-1' && papPassword(request, SECRET) === '42'
      const challenge = {
        code: 11,
        attributes: [
          [18, 'Code 2?'],
          [24, 'round-1'],
        ] as const,
      }
      send(radiusAnswer(request, SECRET, isRight ? ACCEPT : challenge))
    })
    const both = client([radius, other])
    const asked = await both.ask(alice)
    const state = new Uint8Array(Buffer.from('round-1'))
    expect(asked).toEqual({ status: 'challenged', message: 'Code 2?', challenge: { state, server: radius.server } })
    const challenge = asked.status === 'challenged' ? asked.challenge : undefined
    expect(await both.ask({ user: 'alice', password: '42', challenge })).toMatchObject({ status: 'accepted' })
    radius.close()
    await expect(both.ask({ user: 'alice', password: '42', challenge })).rejects.toMatchObject({
      attempts: [{ server: radius.server }],
    })
    expect(other.heard).toEqual([])
  })
})

describe('a datagram that is not proven to be the answer is passed over, and the answer behind it is heard', () => {
  const tampered = (answer: Buffer, at: number): Buffer => {
    const copy = Buffer.from(answer)
    copy[at] ^= 1
    return copy
  }
  const right = (request: HeardRequest): Buffer => radiusAnswer(request, SECRET, ACCEPT)
  test.each<[what: string, forged: (request: HeardRequest) => Uint8Array]>([
    ['without Message-Authenticator', (request) => radiusAnswer(request, SECRET, { ...ACCEPT, signed: false })],
    ['of another secret', (request) => radiusAnswer(request, SECRET, { ...ACCEPT, secret: 'another' })],
    ['whose Message-Authenticator is wrong', (request) => tampered(right(request), 30)],
    ['whose Response Authenticator is wrong', (request) => tampered(right(request), 5)],
    [
      'for another identifier',
      (request) => radiusAnswer(request, SECRET, { ...ACCEPT, identifier: request.identifier ^ 1 }),
    ],
    ['of another code', (request) => radiusAnswer(request, SECRET, { code: 5 })],
    [
      'with two Message-Authenticators',
      (request) => radiusAnswer(request, SECRET, { ...ACCEPT, attributes: [[80, Buffer.alloc(16)]] }),
    ],
    [
      'with a short Message-Authenticator',
      (request) => radiusAnswer(request, SECRET, { ...ACCEPT, attributes: [[80, 'x']], signed: false }),
    ],
    [
      'with two States',
      (request) =>
        radiusAnswer(request, SECRET, {
          code: 11,
          attributes: [
            [24, 'a'],
            [24, 'b'],
          ],
        }),
    ],
    ['that is the request', (request) => request.bytes],
    ['that is empty', () => new Uint8Array()],
    ['that is cut off', (request) => right(request).subarray(0, 30)],
    ['with an empty attribute', (request) => radiusAnswer(request, SECRET, { ...ACCEPT, attributes: [[18, '']] })],
  ])('%s', async (_what, forged) => {
    const radius = await server((request, send) => {
      send(forged(request))
      setTimeout(() => send(radiusAnswer(request, SECRET, REJECT)), 5)
    })
    expect(await client([radius], { firstWait: 2_000 }).ask(alice)).toEqual({ status: 'rejected', message: '' })
    expect(radius.heard.length).toBe(1)
  })

  test('from another address', async () => {
    const forger = createSocket('udp4')
    closing.push({ [Symbol.dispose]: () => forger.close() })
    const radius = await server((request, send) => {
      // What the secret's owner would say, from a port that was not asked.
      forger.send(right(request), request.port, '127.0.0.1', () => send(radiusAnswer(request, SECRET, REJECT)))
    })
    expect(await client([radius], { firstWait: 2_000 }).ask(alice)).toEqual({ status: 'rejected', message: '' })
  })

  test('and if no other comes, the error says why, and what to do', async () => {
    const radius = await server({ ...ACCEPT, signed: false })
    await expect(client([radius], { tries: 2 }).ask(alice)).rejects.toMatchObject({
      name: 'RadiusUnreachableError',
      code: 'ETIMEDOUT',
      status: 503,
      message: `no RADIUS server has answered (${radius.server}: the answer of the RADIUS server has no Message-Authenticator)`,
      hint: expect.stringContaining('&Message-Authenticator := 0x00'),
    })
    expect(radius.heard.length).toBe(2)
  })

  test('octets after the end that the packet states are padding', async () => {
    const radius = await server((request, send) => send(Buffer.concat([right(request), Buffer.from('padding')])))
    expect(await client([radius]).ask(alice)).toMatchObject({ status: 'accepted' })
  })
})

describe('several servers', () => {
  test('are asked in turn, and one that did not answer comes last for a minute', async () => {
    const [silent, working] = [await server(() => {}), await server(ACCEPT)]
    let now = 0
    const both = client([silent, working], { tries: 2, now: () => now })
    for (let times = 0; times < 2; times++) expect(await both.ask(alice)).toMatchObject({ status: 'accepted' })
    expect([silent.heard.length, working.heard.length]).toEqual([2, 2])
    now += 60_000
    await both.ask(alice)
    expect(silent.heard.length).toBe(4)
  })

  test('the next is asked at once where the port of one is closed', async () => {
    const [gone, working] = [await server(ACCEPT), await server(ACCEPT)]
    gone.close()
    const both = client([gone, working], { firstWait: 5_000 })
    expect(await both.ask(alice)).toMatchObject({ status: 'accepted' })
  })

  test('a rejection is an answer: no other server is asked for a kinder one', async () => {
    const [strict, kind] = [await server(REJECT), await server(ACCEPT)]
    expect(await client([strict, kind]).ask(alice)).toMatchObject({ status: 'rejected' })
    expect(kind.heard).toEqual([])
  })

  test('that all fail are told with the reason of each', async () => {
    const [silent, gone] = [await server(() => {}), await server(ACCEPT)]
    gone.close()
    await expect(client([silent, gone], { tries: 1 }).ask(alice)).rejects.toMatchObject({
      attempts: [
        { server: silent.server, reason: 'did not answer in time' },
        { server: gone.server, reason: expect.stringContaining('ECONNREFUSED') },
      ],
      hint: expect.stringContaining('list of clients'),
    })
  })

  test('have the time limit together', async () => {
    const [silent, other] = [await server(() => {}), await server(ACCEPT)]
    const both = client([silent, other], { firstWait: 10_000, timeLimit: 50 })
    await expect(both.ask(alice)).rejects.toMatchObject({
      name: 'RadiusUnreachableError',
      attempts: [{ server: silent.server }],
    })
    expect(await both.ask(alice)).toMatchObject({ status: 'accepted' })
  })
})

test('more than 256 requests are on their way at once, and each has its own answer', async () => {
  const waiting = new Map<string, () => void>()
  const radius = await server((request, send) => {
    const name = request.attributes.get(1)?.[0].toString() ?? ''
    waiting.set(name, () => send(radiusAnswer(request, SECRET, { ...REJECT, attributes: [[18, name]] })))
    // Datagrams may be lost, of such a burst too: then the request comes again.
    if (waiting.size === 300) for (const answer of [...waiting.values()].reverse()) answer()
  })
  const one = client([radius], { firstWait: 100, tries: 10 })
  const names = Array.from({ length: 300 }, (_, index) => `user${index}`)
  const answers = await Promise.all(names.map((user) => one.ask({ user, password: 'x' })))
  expect(answers.map(({ message }) => message)).toEqual(names)
  expect(new Set(radius.heard.map(({ port }) => port)).size).toBe(2)
})

test('more than 1,024 requests to one server are refused', async () => {
  const radius = await server(() => {})
  const one = client([radius], { firstWait: 10_000 })
  const gone = new AbortController()
  setMaxListeners(0, gone.signal)
  const asked = Array.from({ length: 1_024 }, () =>
    one.ask({ ...alice, signal: gone.signal }).catch((error: unknown) => error),
  )
  await expect(one.ask(alice)).rejects.toMatchObject({
    attempts: [{ reason: 'too many requests are on their way to it' }],
  })
  gone.abort(new Error('gone'))
  expect(await Promise.all(asked)).toEqual(asked.map(() => new Error('gone')))
})

test('a caller who gives up ends the question, and closing ends all', async () => {
  const radius = await server(() => {})
  const one = client([radius], { firstWait: 10_000 })
  const caller = new AbortController()
  const asked = one.ask({ ...alice, signal: caller.signal })
  const other = one.ask(alice)
  await expect.poll(() => radius.heard.length).toBe(2)
  caller.abort(new Error('gone'))
  await expect(asked).rejects.toThrow('gone')
  one.close()
  await expect(other).rejects.toMatchObject({ code: 'S4U_CLOSED' })
  await expect(one.ask(alice)).rejects.toMatchObject({ code: 'S4U_CLOSED' })
})

test('CHAP proves the password without showing it', async () => {
  const radius = await server(ACCEPT)
  await client([radius], { protocol: 'chap' }).ask(alice)
  const [{ attributes }] = radius.heard
  expect([...attributes.keys()]).toEqual([80, 1, 3, 60, 32])
  expect([3, 60].map((type) => attributes.get(type)?.[0].length)).toEqual([17, 16])
})

test('neither errors nor the client show the secret', async () => {
  const radius = await server(() => {})
  const one = client([radius], { tries: 1 })
  const failure: unknown = await one
    .ask({ user: 'alice', password: 'hunter2-hunter2' })
    .catch((error: unknown) => error)
  for (const shown of [inspect(one, { depth: 9, showHidden: true }), inspect(failure, { depth: 9 })]) {
    expect(shown).not.toContain(SECRET)
    expect(shown).not.toContain('hunter2')
  }
})

describe('options', () => {
  const right = { servers: 'radius.corp.test', secret: SECRET }
  test.each<[options: object, message: string]>([
    [{ servers: [] }, 'radius: servers must name 1 to 16 servers, not a list'],
    [{ servers: undefined }, 'radius: servers must name 1 to 16 servers, not undefined'],
    [
      { servers: ['https://radius.corp.test'] },
      'radius: servers: "https://radius.corp.test" is no address of a server',
    ],
    [{ servers: 'radius.corp.test:99999' }, 'radius: servers: "radius.corp.test:99999" is no address of a server'],
    [{ secret: '' }, 'radius: secret must be a text or octets, and not empty'],
    [{ secret: 5 }, 'radius: secret must be a text or octets, and not empty'],
    [{ protocol: 'mschap' }, 'radius: protocol must be one of pap, chap, not "mschap"'],
    [{ nasIdentifier: '' }, 'radius: nasIdentifier must be a text of 1 to 253 octets'],
    [{ tries: 0 }, 'radius: tries must be a whole number from 1 to 10, not 0'],
    [{ firstWait: 1.5 }, 'radius: firstWait must be a whole number from 1 to 120000, not 1.5'],
    [{ timeLimit: Infinity }, 'radius: timeLimit must be a whole number from 1 to 600000, not Infinity'],
    [{ timeout: 5 }, 'radius: "timeout" is not an option; did you mean "timeLimit"?'],
  ])('%j are refused', (wrong, message) => {
    expect(() => createRadiusClient({ ...right, ...wrong } as RadiusOptions)).toThrow(message)
  })

  test('a short secret is told, and not shown', () => {
    const told: string[] = []
    const tell = (text: string): void => void told.push(text)
    const logger = { error: tell, warn: tell, info: tell, debug: tell }
    createRadiusClient({ ...right, secret: 'testing123', logger }).close()
    expect(told).toEqual([expect.stringContaining('the secret of RADIUS has 10 octets')])
    expect(told[0]).not.toContain('testing123')
  })
})
