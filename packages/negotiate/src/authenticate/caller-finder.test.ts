import type { Acceptor, AcceptOutcome } from '@s4u/acceptor'
import { Identity } from '@s4u/acceptor'
import { journalFor, RejectedTokenError } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { sessionRulesOf } from '../session-rules.js'
import { CallerFinder } from './caller-finder.js'
import { CallerIdentity } from '../delegation/caller-identity.js'
import { Challenges } from '../http/challenges.js'
import { ClientAddresses } from '../http/client-address.js'
import { SignInSources } from '../sign-in-sources/sign-in-sources.js'
import { Delegator } from '../delegation/delegator.js'
import { NegotiatorEvents } from './negotiator-events.js'
import { claimsWith, NOW } from '../fixtures/identities.js'
import { connection, requestWith } from '../fixtures/requests.js'
import type { Found } from './found-caller.js'
import type { CheckedOptions } from '../negotiator-options.js'

/** A finder whose acceptor says what it is told to, and what that acceptor was asked. */
function finderWith(verdicts: readonly AcceptOutcome[], options: CheckedOptions = {}, more: object = {}) {
  const asked: { readonly token: Uint8Array; readonly context: unknown }[] = []
  const left = [...verdicts]
  const acceptor = {
    accept: async (token: Uint8Array, context: unknown) => {
      asked.push({ token, context })
      return left.shift()!
    },
    principals: [],
    ...more,
  } as Partial<Acceptor> as Acceptor
  const delegator = new Delegator(() => Promise.reject(new Error('no KDC')), {}, {})
  const events = new NegotiatorEvents(options)
  const sessionRules = sessionRulesOf(options, acceptor)
  const challenges = new Challenges(options)
  const addresses = new ClientAddresses(options)
  const identityFor = () => Promise.reject(new Error('no KDC'))
  const note = () => {}
  const sources = new SignInSources({
    options,
    journal: journalFor(),
    addresses,
    directory: undefined,
    identityFor,
    realm: () => Promise.resolve('AD.TEST'),
    note,
  })
  const deps = { options, acceptor, delegator, events, challenges, addresses, sources, sessionRules }
  const finder = new CallerFinder(deps)
  return { finder, asked, events }
}

const accepted = (changes = {}): AcceptOutcome =>
  ({ status: 'accepted', identity: new Identity(claimsWith(changes)), reply: Uint8Array.of(1) }) as AcceptOutcome
const negotiation = { expiresAt: Infinity }
const continued: AcceptOutcome = { status: 'continue', reply: Uint8Array.of(2), negotiation }
const negotiate = (octets: readonly number[]): string => `Negotiate ${Buffer.from(octets).toString('base64')}`
const FIRST = negotiate([0x60, 0])
const NEXT = negotiate([0xa1, 0])
const codeOf = (found: Found): string | undefined => (found.by === 'refusal' ? found.challenge.error?.code : undefined)

test('hands the token to the acceptor with the request and the address of the client', async () => {
  const { finder, asked } = finderWith([accepted()])
  const request = requestWith({ authorization: FIRST }, { socket: connection() })
  const found = await finder.find(request)
  expect(found).toMatchObject({ by: 'token', headers: { 'WWW-Authenticate': 'Negotiate AQ==' } })
  expect(asked).toEqual([
    { token: Uint8Array.of(0x60, 0), context: { request, clientAddress: '192.0.2.7', hintFor: expect.any(Function) } },
  ])
})

test('answers nothing where the acceptor has nothing to say', async () => {
  const { finder } = finderWith([{ ...accepted(), reply: undefined } as AcceptOutcome])
  expect(await finder.find(requestWith({ authorization: FIRST }))).toMatchObject({ by: 'token', headers: {} })
})

test('knows what it was bound to, where that matters', async () => {
  const { finder, asked } = finderWith([accepted()], { channelBinding: 'allow' })
  await finder.find(requestWith({ authorization: FIRST }))
  expect(asked[0].context).toMatchObject({ channelBindings: [] })
})

describe('several legs', () => {
  test('are of one connection', async () => {
    const { finder, asked } = finderWith([continued, accepted()])
    const socket = connection()
    const first = await finder.find(requestWith({ authorization: FIRST }, { socket }))
    expect(first).toMatchObject({
      by: 'refusal',
      challenge: { statusCode: 401, headers: { 'WWW-Authenticate': 'Negotiate Ag==' } },
    })
    expect(codeOf(first)).toBeUndefined()
    expect(await finder.find(requestWith({ authorization: NEXT }, { socket }))).toMatchObject({ by: 'token' })
    expect(asked[1].context).toMatchObject({ negotiation })
  })

  test('are not begun where no second can follow', async () => {
    const { finder } = finderWith([continued, continued, continued])
    const socket = connection()
    for (const request of [
      requestWith({ authorization: FIRST }),
      requestWith({ authorization: FIRST, via: '1.1 proxy' }, { socket }),
      requestWith({ authorization: FIRST }, { socket, httpVersionMajor: 2 }),
    ]) {
      expect(codeOf(await finder.find(request))).toBe('GSS_S_UNAVAILABLE')
    }
  })

  test('do not go on where none was begun, and the acceptor is not asked', async () => {
    const { finder, asked } = finderWith([])
    expect(codeOf(await finder.find(requestWith({ authorization: NEXT }, { socket: connection() })))).toBe(
      'GSS_S_NO_CONTEXT',
    )
    expect(asked).toEqual([])
  })

  test('are forgotten when it is cleared', async () => {
    const { finder } = finderWith([continued])
    const socket = connection()
    await finder.find(requestWith({ authorization: FIRST }, { socket }))
    finder.clear()
    expect(codeOf(await finder.find(requestWith({ authorization: NEXT }, { socket })))).toBe('GSS_S_NO_CONTEXT')
  })
})

test('a refusal is told with what was offered in place of Kerberos', async () => {
  const told: unknown[] = []
  const error = new RejectedTokenError('NTLM', { code: 'GSS_S_BAD_MECH' })
  const { finder } = finderWith([{ status: 'refused', error, mechanism: 'ntlm' }], {
    onFailed: ({ code, mechanism, statusCode }) => void told.push({ code, mechanism, statusCode }),
  })
  expect(codeOf(await finder.find(requestWith({ authorization: FIRST })))).toBe('GSS_S_BAD_MECH')
  expect(told).toEqual([{ code: 'GSS_S_BAD_MECH', mechanism: 'ntlm', statusCode: 401 }])
})

test.each([
  [undefined, { by: 'nothing', reason: 'no-token' }],
  ['Bearer x', { by: 'nothing', reason: 'other-scheme' }],
  ['Negotiate', { by: 'refusal', challenge: { statusCode: 400 } }],
])('a header %j comes to %j', async (authorization, found) => {
  expect(await finderWith([]).finder.find(requestWith({ authorization }))).toMatchObject(found)
})

test('nobody is asked to authenticate again where nobody can tell whether the token is a replay', async () => {
  const told: unknown[] = []
  const error = new RejectedTokenError('the store does not answer', { code: 'S4U_REPLAY_STORE_DOWN', status: 503 })
  const { finder } = finderWith([{ status: 'refused', error } as AcceptOutcome], {
    onFailed: ({ code, statusCode }) => void told.push({ code, statusCode }),
  })
  const found = await finder.find(requestWith({ authorization: FIRST }))
  expect(found).toMatchObject({
    by: 'refusal',
    challenge: { statusCode: 503, headers: { 'Retry-After': '5' }, error },
  })
  if (found.by === 'refusal') expect(found.challenge.headers['WWW-Authenticate']).toBeUndefined()
  expect(told).toEqual([{ code: 'S4U_REPLAY_STORE_DOWN', statusCode: 503 }])
})

describe('what a session is known by', () => {
  const KEYS = ['k'.repeat(32)]
  const cookieOf = (finder: CallerFinder, identity = new Identity(claimsWith())): string => {
    const lines = finder.startSession(callerOf(identity))['Set-Cookie'] ?? []
    return [...lines].map((line) => line.split(';')[0]).join('; ')
  }
  const callerOf = (identity: Identity) =>
    new CallerIdentity(identity, new Delegator(() => expect.unreachable(), {}, {}))
  const SOON = { now: () => NOW }
  const acceptor = {
    ready: async () => {},
    identify: async () => new Identity(claimsWith()),
    principals: ['HTTP/web.ad.test@AD.TEST'],
  }
  const made = (options: CheckedOptions, verdicts: readonly AcceptOutcome[] = []) =>
    finderWith(verdicts, { ...SOON, ...options }, acceptor)

  test('is the cookie, which caches are told of, and its session can be asked for', async () => {
    const told: unknown[] = []
    const { finder } = made({
      session: { kind: 'cookie', keys: KEYS },
      onAuthenticated: (event) => void told.push(event),
    })
    const request = requestWith({ cookie: cookieOf(finder) }, { socket: connection() })
    const found = await finder.find(request)
    expect(found).toMatchObject({
      by: 'session',
      identity: { principal: 'alice@AD.TEST' },
      headers: { 'Cache-Control': 'private, no-store', Vary: 'Authorization, Cookie' },
      session: { kind: 'cookie', principal: 'alice@AD.TEST' },
    })
    if (found.by !== 'session') throw new Error(found.by)
    expect(finder.sessionOf(request)).toBe(found.session)
    const { session, identity } = found
    expect(told).toEqual([{ request, clientAddress: '192.0.2.7', identity, by: 'session', session }])
  })

  test('is the connection, which no cache can tell from others', async () => {
    const told: unknown[] = []
    const options = { session: 'connection', onAuthenticated: (event: object) => void told.push(event) } as const
    const { finder } = made(options, [accepted()])
    const socket = connection()
    const first = await finder.find(requestWith({ authorization: FIRST }, { socket }))
    expect(first).toMatchObject({
      by: 'token',
      headers: { 'WWW-Authenticate': 'Negotiate AQ==', 'Persistent-Auth': 'true', Vary: '*' },
    })
    expect(first).toMatchObject({ session: { kind: 'connection', principal: 'alice@AD.TEST' } })
    const next = requestWith({}, { socket })
    expect(await finder.find(next)).toMatchObject({
      by: 'connection',
      headers: { 'Cache-Control': 'private, no-store', Vary: '*' },
      session: { kind: 'connection', principal: 'alice@AD.TEST' },
    })
    expect(finder.sessionOf(next)).toMatchObject({ kind: 'connection' })
    expect(told).toMatchObject([{ by: 'token' }, { by: 'connection', session: { kind: 'connection' } }])
    expect(told[0]).not.toHaveProperty('session')
    expect(finder.endSession(next)).toEqual({})
    expect(await finder.find(requestWith({}, { socket }))).toMatchObject({ by: 'nothing', headers: { Vary: '*' } })
  })

  test('begins with a token, in the answer to it', async () => {
    const { finder } = made({ session: { kind: 'cookie', keys: KEYS } }, [accepted()])
    expect(await finder.find(requestWith({ authorization: FIRST }))).toMatchObject({
      by: 'token',
      headers: { 'WWW-Authenticate': 'Negotiate AQ==', 'Set-Cookie': [expect.stringMatching(/^__Host-s4u=1\./)] },
    })
  })

  test('can be asked for in the very request whose answer begins it, and is that of its cookie', async () => {
    const told: object[] = []
    const onAuthenticated = (event: object): void => void told.push(event)
    const { finder } = made({ session: { kind: 'cookie', keys: KEYS }, onAuthenticated }, [accepted()])
    const request = requestWith({ authorization: FIRST })
    const begun = await finder.find(request)
    if (begun.by !== 'token') throw new Error(begun.by)
    expect(begun.session).toMatchObject({ kind: 'cookie', principal: 'alice@AD.TEST' })
    expect(finder.sessionOf(request)).toBe(begun.session)
    const cookie = [begun.headers['Set-Cookie'] ?? []].flat().map((line) => line.split(';')[0])
    const next = await finder.find(requestWith({ cookie: cookie.join('; ') }))
    if (next.by !== 'session') throw new Error(next.by)
    expect(next.session).toStrictEqual(begun.session)
    // The event says how the caller was known: by the token.
    expect(told[0]).not.toHaveProperty('session')
  })

  test('is none where there is no ticket to be kept, or no session is wanted', async () => {
    for (const session of [undefined, { kind: 'cookie', keys: KEYS } as const]) {
      const { finder } = made(session === undefined ? {} : { session }, [accepted(session && { evidence: undefined })])
      const request = requestWith({ authorization: FIRST })
      const found = await finder.find(request)
      expect(found).toMatchObject({ by: 'token' })
      expect(found).not.toHaveProperty('session')
      expect(finder.sessionOf(request)).toBeUndefined()
    }
  })

  test('is signed out: the end is noted when the promise resolves, of the one shown and of the one begun', async () => {
    const noted: string[] = []
    const end = async (id: string): Promise<void> => {
      await new Promise(setImmediate)
      noted.push(id)
    }
    const ended = { end, isEnded: (id: string) => noted.includes(id) }
    const { finder } = made({ session: { kind: 'cookie', keys: KEYS, ended } }, [accepted()])
    const cookie = cookieOf(finder)
    const request = requestWith({ cookie, authorization: FIRST })
    const begun = await finder.find(request)
    if (begun.by !== 'token' || begun.session === undefined) throw new Error(begun.by)
    expect(await finder.signOut(request)).toEqual({
      'Set-Cookie': [expect.stringMatching(/^__Host-s4u=; Max-Age=0; /)],
    })
    expect(noted).toHaveLength(2)
    expect(noted).toContain(begun.session.id)
    expect(await finder.sessionGoesOn(begun.session)).toBe(false)
    expect(await finder.find(requestWith({ cookie }))).toMatchObject({ by: 'nothing' })
    expect(await finder.signOut(requestWith({ cookie }))).toMatchObject({ 'Set-Cookie': [expect.any(String)] })
    expect(noted).toHaveLength(2)
  })

  test('is not signed out while its store does not note that, or cannot be asked', async () => {
    const away = async (): Promise<never> => Promise.reject(new Error('the store is away'))
    const stores = [
      { end: away, isEnded: () => false },
      { end: () => {}, isEnded: away },
    ]
    for (const ended of stores) {
      const { finder } = made({ session: { kind: 'cookie', keys: KEYS, ended } })
      await expect(finder.signOut(requestWith({ cookie: cookieOf(finder) }))).rejects.toMatchObject({
        name: 'RejectedTokenError',
        code: 'S4U_SESSION_REVOCATION_UNKNOWN',
        status: 503,
        message: 'that a session has ended could not be noted',
      })
    }
  })

  test('goes on with its requests at all negotiators of the process, and no longer than maxIdle after the last', async () => {
    let time = NOW
    const now = (): number => time
    const options = { session: { kind: 'cookie', keys: KEYS, maxIdle: 600_000 }, now } as const
    const { finder } = made(options, [accepted()])
    const { finder: neighbour } = made(options)
    const begun = await finder.find(requestWith({ authorization: FIRST }))
    if (begun.by !== 'token' || begun.session === undefined) throw new Error(begun.by)
    const { session, headers } = begun
    const goesOn = async (after: number): Promise<boolean> => {
      time = after
      return finder.sessionGoesOn(session)
    }
    expect([await goesOn(NOW + 599_999), await goesOn(NOW + 600_000)]).toEqual([true, false])
    time = NOW + 500_000
    const cookie = [headers['Set-Cookie'] ?? []].flat().map((line) => line.split(';')[0])
    expect(await neighbour.find(requestWith({ cookie: cookie.join('; ') }))).toMatchObject({ by: 'session' })
    expect([await goesOn(NOW + 1_099_999), await goesOn(NOW + 1_100_000)]).toEqual([true, false])
    expect(await finder.sessionGoesOn({ ...session, kind: 'connection' })).toBe(true)
    // That one has another clock, and so has seen none of these requests.
    const { finder: elsewhere } = made({ ...options, now: () => time })
    time = NOW + 600_000
    expect(await elsewhere.sessionGoesOn(session)).toBe(false)
  })

  test('is ended by taking the cookie away', () => {
    const { finder } = made({ session: { kind: 'cookie', keys: KEYS } })
    const request = requestWith({ cookie: '__Host-s4u=1.x' })
    expect(finder.endSession(request)).toEqual({ 'Set-Cookie': [expect.stringMatching(/^__Host-s4u=; Max-Age=0; /)] })
    const { finder: without } = made({})
    expect([without.endSession(request), without.startSession(callerOf(new Identity(claimsWith())))]).toEqual([{}, {}])
  })

  test('that is refused is told of, and its request goes on as nobody’s', async () => {
    const told: unknown[] = []
    const onFailed = (event: object): void => void told.push(event)
    const { finder } = made({ session: { kind: 'cookie', keys: KEYS }, onFailed })
    const request = requestWith({ cookie: '__Host-s4u=1.x' })
    expect(await finder.find(request)).toEqual({
      by: 'nothing',
      reason: 'no-token',
      headers: { Vary: 'Authorization, Cookie', 'Set-Cookie': [expect.stringMatching(/Max-Age=0/)] },
    })
    expect(finder.sessionOf(request)).toBeUndefined()
    const error = { message: expect.stringContaining('not sealed with a key'), code: 'GSS_S_DEFECTIVE_CREDENTIAL' }
    expect(told).toMatchObject([{ request, code: 'GSS_S_DEFECTIVE_CREDENTIAL', error }])
    expect(told[0]).not.toHaveProperty('statusCode')
  })

  test('that is revoked on a connection ends there, and one of which nobody can tell as well', async () => {
    for (const [answer, code] of [
      [true, 'S4U_SESSION_REVOKED'],
      [undefined, 'S4U_SESSION_REVOCATION_UNKNOWN'],
    ] as const) {
      const told: unknown[] = []
      let isRevoked: unknown = false
      const session = { kind: 'connection', isRevoked: () => isRevoked as boolean } as const
      const onFailed = ({ code }: { code: string }): void => void told.push(code)
      const { finder } = made({ session, onFailed }, [accepted()])
      const socket = connection()
      await finder.find(requestWith({ authorization: FIRST }, { socket }))
      expect(await finder.find(requestWith({}, { socket }))).toMatchObject({ by: 'connection' })
      isRevoked = answer
      const refused = requestWith({}, { socket })
      expect(await finder.find(refused)).toEqual({ by: 'nothing', reason: 'no-token', headers: { Vary: '*' } })
      expect(finder.sessionOf(refused)).toBeUndefined()
      isRevoked = false
      expect(await finder.find(requestWith({}, { socket }))).toMatchObject({ by: 'nothing' })
      expect(told).toEqual([code])
    }
  })

  test('says what caches need of who is nobody: nothing where there are no sessions', async () => {
    const headersOf = async (options: CheckedOptions, authorization?: string) => {
      const found = await made(options).finder.find(requestWith(authorization === undefined ? {} : { authorization }))
      return found.by === 'nothing' ? found.headers : found
    }
    for (const authorization of [undefined, 'Bearer x']) {
      expect(await headersOf({}, authorization)).toEqual({})
      expect(await headersOf({ session: 'cookie' }, authorization)).toEqual({ Vary: 'Authorization, Cookie' })
      expect(await headersOf({ session: 'connection' }, authorization)).toEqual({ Vary: '*' })
    }
  })
})

describe('a page of another site', () => {
  const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }
  const sent = (headers: Record<string, string> = {}, more: object = {}) =>
    requestWith({ ...foreign, ...headers }, { method: 'POST', ...more })
  const isRefused = async (request: ReturnType<typeof sent>, options: CheckedOptions = {}): Promise<boolean> => {
    const told: unknown[] = []
    const { finder, asked } = finderWith([], { ...options, onFailed: (event) => void told.push(event) })
    const found = await finder.find(request)
    expect(asked).toEqual([])
    if (found.by !== 'refusal') {
      expect(told).toEqual([])
      return false
    }
    const code = 'S4U_CROSS_SITE'
    expect(found.challenge).toMatchObject({
      statusCode: 403,
      error: { code, message: expect.stringContaining('evil') },
    })
    expect(found.challenge.headers['WWW-Authenticate']).toBeUndefined()
    expect(told).toMatchObject([{ request, code, statusCode: 403, error: found.challenge.error }])
    return true
  }

  test('acts with nothing that a browser adds by itself, and is nobody without it', async () => {
    expect(await isRefused(sent({ authorization: FIRST }))).toBe(true)
    expect(await isRefused(sent({ authorization: 'Negotiate' }))).toBe(true)
    expect(await isRefused(sent({ authorization: 'Bearer x' }))).toBe(false)
    expect(await isRefused(sent())).toBe(false)
    expect(await isRefused(sent({ cookie: '__Host-s4u=1.x' }), { session: 'cookie' })).toBe(true)
    expect(await isRefused(sent({ cookie: 'theme=dark' }), { session: 'cookie' })).toBe(false)
    expect(await isRefused(sent({ cookie: '__Host-s4u=1.x' }))).toBe(false)
    expect(await isRefused(sent({ upgrade: 'websocket' }, { method: 'GET' }))).toBe(true)
    expect(await isRefused(sent({ upgrade: 'websocket', authorization: 'Bearer x' }))).toBe(true)
  })

  test('acts with no connection either', async () => {
    const { finder } = finderWith([accepted()], { session: 'connection', now: () => NOW })
    const socket = connection()
    const own = requestWith({ authorization: FIRST }, { socket, method: 'POST' })
    expect(await finder.find(own)).toMatchObject({ by: 'token' })
    expect(codeOf(await finder.find(sent({}, { socket })))).toBe('S4U_CROSS_SITE')
    expect(await finder.find(requestWith({}, { socket, method: 'POST' }))).toMatchObject({ by: 'connection' })
    expect(await finder.find(sent({}, { socket: connection() }))).toMatchObject({ by: 'nothing' })
  })

  test('is told so, and no other', () => {
    const { finder } = finderWith([])
    expect(finder.refusalOfSite(sent())).toMatchObject({ statusCode: 403, error: { code: 'S4U_CROSS_SITE' } })
    expect(finder.refusalOfSite(requestWith({}, { method: 'POST' }))).toBeUndefined()
  })
})

describe('what the acceptor is asked', () => {
  test('is the address that the app finds, where it does', async () => {
    for (const [clientAddress, context] of [
      [() => '203.0.113.9', { clientAddress: '203.0.113.9' }],
      [() => undefined, {}],
    ] as const) {
      const { finder, asked } = finderWith([accepted()], { clientAddress })
      const request = requestWith({ authorization: FIRST }, { socket: connection() })
      await finder.find(request)
      expect(asked[0].context).toStrictEqual({ request, hintFor: expect.any(Function), ...context })
    }
  })

  test.each(['off', undefined] as const)('is nothing of channels where these are %s', async (channelBinding) => {
    const { finder, asked } = finderWith([accepted()], channelBinding === undefined ? {} : { channelBinding })
    const request = requestWith({ authorization: FIRST })
    await finder.find(request)
    expect(asked[0].context).toStrictEqual({ request, hintFor: expect.any(Function) })
  })
})

test('a refused token ends what was bound to its connection', async () => {
  const error = new RejectedTokenError('no', { code: 'KRB_AP_ERR_REPEAT' })
  const refused = { status: 'refused', error, reply: Uint8Array.of(3) } as unknown as AcceptOutcome
  const { finder } = finderWith([accepted(), refused], { session: 'connection', now: () => NOW })
  const socket = connection()
  await finder.find(requestWith({ authorization: FIRST }, { socket }))
  expect(await finder.find(requestWith({ authorization: FIRST }, { socket }))).toMatchObject({
    challenge: { statusCode: 401, headers: { 'WWW-Authenticate': 'Negotiate Aw==' }, error },
  })
  expect(await finder.find(requestWith({}, { socket }))).toMatchObject({ by: 'nothing', reason: 'no-token' })
})

test('what the acceptor has not seen is published among what it has, and what it has seen is not published twice', async () => {
  const published: unknown[] = []
  const onEvent = (event: object): void => void published.push(event)
  const error = new RejectedTokenError('no', { code: 'KRB_AP_ERR_REPEAT' })
  const { finder } = finderWith([{ status: 'refused', error } as AcceptOutcome, continued], { onEvent })
  await finder.find(requestWith({ authorization: FIRST }))
  expect(published).toEqual([])
  await finder.find(requestWith({ authorization: 'Negotiate' }))
  await finder.find(requestWith({ authorization: NEXT }))
  await finder.find(requestWith({ authorization: FIRST }))
  expect(published).toMatchObject([
    { code: 'GSS_S_DEFECTIVE_TOKEN', outcome: 'refused' },
    { code: 'GSS_S_NO_CONTEXT', message: expect.stringContaining('not under way on this connection') },
    { code: 'GSS_S_UNAVAILABLE', message: expect.stringContaining('needs several legs') },
  ])
})

test('a header that is none is answered with 400, and its statuses are told', async () => {
  const told: unknown[] = []
  const { finder } = finderWith([], { onFailed: (event) => void told.push(event) })
  const request = requestWith({ authorization: 'Negotiate !' }, { socket: connection() })
  expect(await finder.find(request)).toMatchObject({ challenge: { statusCode: 400 } })
  expect(told).toMatchObject([{ request, clientAddress: '192.0.2.7', statusCode: 400 }])
  expect(told[0]).not.toHaveProperty('mechanism')
})

test('another leg is told of as a challenge', async () => {
  const told: unknown[] = []
  const { finder } = finderWith([continued], { onChallenge: (event) => void told.push(event) })
  const request = requestWith({ authorization: FIRST }, { socket: connection() })
  await finder.find(request)
  expect(told).toEqual([{ request, clientAddress: '192.0.2.7', reason: 'continue' }])
})
