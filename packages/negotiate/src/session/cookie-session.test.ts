import { createHash } from 'node:crypto'
import { type Acceptor, Identity } from '@s4u/acceptor'
import { MissingKeyError } from '@s4u/kdc-client'
import { TLSSocket } from 'node:tls'
import { describe, expect, test, vi } from 'vitest'
import { CookieSession } from './cookie-session.js'
import { claimsWith, EVIDENCE, HOUR, NOW, TICKET } from '../fixtures/identities.js'
import { connection, requestWith } from '../fixtures/requests.js'
import type { NegotiableRequest } from '../http/request.js'
import { checkSession, type CookieSessionOptions } from './session-options.js'
import type { IsRevoked, Session } from './session-revocation.js'

const alice = new Identity(claimsWith())
const KEYS = ['k'.repeat(32)]

interface Setting {
  readonly now?: () => number
  /** `null`: the option is left out. */
  readonly keys?: readonly string[] | null
  readonly maxAge?: number
  readonly more?: Partial<CookieSessionOptions>
  readonly rules?: string
  readonly random?: (length: number) => Uint8Array
  readonly identify?: (...given: Parameters<Acceptor['identify']>) => Promise<Identity>
  readonly warn?: (message: string, code: string) => void
}

function sessions({
  now = () => NOW,
  keys = KEYS,
  maxAge = HOUR,
  more = {},
  rules = 'R',
  random,
  identify = async () => alice,
  warn,
}: Setting = {}): CookieSession {
  const settings = checkSession({ kind: 'cookie', ...(keys && { keys }), maxAge, ...more })
  if (typeof settings !== 'object') throw new Error('no cookies')
  const acceptor = { identify, ready: async () => {} }
  return new CookieSession(settings, { acceptor, rules: () => rules, now, random, ...(warn && { warn }) })
}

const requestAfter = (cookies: CookieSession, identity = alice) => {
  const lines = cookies.begin(identity).headers['Set-Cookie'] ?? []
  return requestWith({ cookie: [...lines].map((line) => line.split(';')[0]).join('; ') })
}

test('who began a session is found again', async () => {
  const found = await sessions().find(requestAfter(sessions()))
  if (found.status !== 'found') throw new Error(found.status)
  expect(found.identity.toJSON()).toEqual(alice.toJSON())
  expect(found.identity.evidence).toEqual(EVIDENCE)
})

test.each([
  ['the name by which the app asked for the user', { requestedName: 'CORP\\alice' }],
  ['no such name where there was none', {}],
])('a session keeps %s', async (_what, asked) => {
  const identify = vi.fn(async () => alice)
  await sessions({ identify }).find(requestAfter(sessions(), new Identity(claimsWith(asked))))
  expect(identify.mock.lastCall).toStrictEqual([TICKET, 'kerberos', { origin: EVIDENCE.origin, ...asked }])
})

test('a request without the cookie has none', async () => {
  expect(await sessions().find(requestWith())).toEqual({ status: 'none' })
  expect(await sessions().find(requestWith({ cookie: 'theme=dark' }))).toEqual({ status: 'none' })
  expect(await sessions().find(requestWith({ cookie: 'my__Host-s4u=1.x; x=__Host-s4u=1.x' }))).toEqual({
    status: 'none',
  })
})

describe('a session is refused', () => {
  const refusal = async (cookies: CookieSession, request = requestAfter(sessions())) => {
    const found = await cookies.find(request)
    if (found.status !== 'refused') throw new Error(found.status)
    expect(found.headers['Set-Cookie']).toEqual([expect.stringMatching(/^__Host-s4u=; Max-Age=0; /)])
    return found.error.code
  }

  test('of another key', async () => {
    expect(await refusal(sessions({ keys: ['x'.repeat(32)] }))).toBe('GSS_S_DEFECTIVE_CREDENTIAL')
  })

  test('of which one character was changed, added or taken away, wherever', async () => {
    const cookies = sessions()
    const cookie = String(requestAfter(cookies).headers['cookie'])
    const start = cookie.indexOf('=') + 1
    const places = [...Array(cookie.length - start).keys()].map((index) => start + index)
    const changed = places.flatMap((at) => {
      const [before, here, after] = [cookie.slice(0, at), cookie[at], cookie.slice(at + 1)]
      return [before + (here === 'A' ? 'B' : 'A') + after, before + after]
    })
    const last = cookie.slice(0, -1)
    const others = [...'AEIMQUYcgkosw048BCDFGHJK_-'].map((letter) => last + letter).filter((one) => one !== cookie)
    const added = ['A', 'AA', '=', '==', '!', ' !', '%00', '.', '"'].map((more) => cookie + more)
    for (const one of [...changed, ...others, ...added]) {
      const found = await cookies.find(requestWith({ cookie: one }))
      expect([one === cookie, found.status]).toEqual([false, 'refused'])
    }
  })

  test('that is over', async () => {
    expect(await refusal(sessions({ now: () => NOW + HOUR }))).toBe('GSS_S_CREDENTIALS_EXPIRED')
  })

  test('that has lasted longer than this app lets any, whatever the one says that began it', async () => {
    const request = requestAfter(sessions({ maxAge: 8 * HOUR }))
    const short = (now: number) => sessions({ maxAge: HOUR, now: () => now })
    expect(await short(NOW + HOUR - 1).find(request)).toMatchObject({ session: { expiresAt: NOW + HOUR } })
    expect(await refusal(short(NOW + HOUR), request)).toBe('GSS_S_CREDENTIALS_EXPIRED')
  })

  test('without a request for as long as this app permits, whatever the one says that began it', async () => {
    const request = requestAfter(sessions())
    const idle = (now: number) => sessions({ more: { maxIdle: 800 }, now: () => now })
    expect(await idle(NOW + 799).find(request)).toMatchObject({ status: 'found' })
    expect(await refusal(idle(NOW + 800), request)).toBe('GSS_S_CREDENTIALS_EXPIRED')
  })

  test('of an app with other rules, and not sealed anew when the rules change', async () => {
    let rules = 'lax'
    const acceptor = { identify: async () => alice, ready: async () => {} }
    const settings = checkSession({ kind: 'cookie', keys: KEYS })
    if (typeof settings !== 'object') throw new Error('no cookies')
    const cookies = new CookieSession(settings, { acceptor, rules: () => rules, now: () => NOW })
    const request = requestAfter(cookies)
    expect(await cookies.find(request)).toMatchObject({ status: 'found' })
    rules = 'strict'
    expect(await refusal(cookies, request)).toBe('GSS_S_DEFECTIVE_CREDENTIAL')
    rules = 'lax'
    expect(await cookies.find(request)).toMatchObject({ status: 'found' })
  })

  test.each<Partial<CookieSessionOptions>>([
    { path: '/admin' },
    { domain: 'ad.test' },
    { sameSite: 'none' },
    { sameSite: 'strict' },
    { secure: false },
  ])('of a cookie that was made otherwise: %j', async (more) => {
    const named = { name: '__Host-s4u' }
    const request = requestAfter(sessions({ more: named }))
    const other = await sessions({ more: { ...more, ...named } }).find(request)
    expect(other).toMatchObject({ status: 'refused', error: { code: 'GSS_S_DEFECTIVE_CREDENTIAL' } })
  })

  test('whose ticket the acceptor refuses, as when its key is gone from the keytab', async () => {
    const identify = () => Promise.reject(new MissingKeyError('gone'))
    expect(await refusal(sessions({ identify }))).toBe('KRB_AP_ERR_NOKEY')
  })

  test('whose ticket is of another user', async () => {
    const identify = async () => new Identity(claimsWith({ principal: 'bob@AD.TEST' }))
    expect(await refusal(sessions({ identify }))).toBe('GSS_S_DEFECTIVE_CREDENTIAL')
  })
})

describe('without keys of the options', () => {
  test('each app has a key of its own, drawn at random', async () => {
    const [first, second] = [sessions({ keys: null }), sessions({ keys: null })]
    expect(await first.find(requestAfter(first))).toMatchObject({ status: 'found' })
    expect(await second.find(requestAfter(first))).toMatchObject({ status: 'refused' })
    expect(await sessions({ keys: ['\0'.repeat(32)] }).find(requestAfter(first))).toMatchObject({ status: 'refused' })
  })

  test('the key has 32 octets of what randomness there is, and is what is drawn', async () => {
    const asked: number[] = []
    const random = (seed: number) => (length: number) => {
      asked.push(length)
      return new Uint8Array(length).fill(seed)
    }
    const first = sessions({ keys: null, random: random(1) })
    expect(asked).toEqual([32])
    expect(await sessions({ keys: null, random: random(1) }).find(requestAfter(first))).toMatchObject({
      status: 'found',
    })
    expect(await sessions({ keys: null, random: random(2) }).find(requestAfter(first))).toMatchObject({
      status: 'refused',
    })
  })
})

describe('a session that may be revoked', () => {
  const judged = async (isRevoked: IsRevoked) =>
    sessions({ more: { isRevoked }, now: () => NOW + 1_000 }).find(requestAfter(sessions()))

  test('is told of: its id, its user, its times', async () => {
    const shown: Session[] = []
    const one = (session: Session): boolean => shown.push(session) < 0
    const found = await judged(one)
    expect(found).toMatchObject({ status: 'found', session: shown[0] })
    expect(shown[0]).toEqual({
      kind: 'cookie',
      id: expect.stringMatching(/^[\w-]{24}$/),
      principal: 'alice@AD.TEST',
      authenticationMethod: 'kerberos',
      startedAt: NOW,
      expiresAt: NOW + HOUR,
    })
    await judged(one)
    expect(shown[1].id).not.toBe(shown[0].id)
  })

  test('is taken when the answer is no, at once or later', async () => {
    expect(await judged(() => false)).toMatchObject({ status: 'found' })
    expect(await judged(async () => false)).toMatchObject({ status: 'found' })
  })

  test('is refused when it is yes, and its cookie taken away', async () => {
    for (const answer of [() => true, async () => true]) {
      expect(await judged(answer)).toMatchObject({
        status: 'refused',
        error: { code: 'S4U_SESSION_REVOKED' },
        headers: { 'Set-Cookie': [expect.stringMatching(/Max-Age=0/)] },
      })
    }
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('ECONNREFUSED')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('ECONNREFUSED'))],
    ['answers with nothing', () => undefined],
    ['answers with something else', async () => 0],
  ])('is refused when whoever is asked %s, and its cookie kept for the next request', async (_how, isRevoked) => {
    const found = await judged(isRevoked as IsRevoked)
    expect(found).toMatchObject({ status: 'refused', error: { code: 'S4U_SESSION_REVOCATION_UNKNOWN' } })
    // Word for word: an object is like one without members, whatever it has.
    expect(found.status === 'refused' && found.headers).toEqual({})
  })

  test('is refused when there is no answer for two seconds', async () => {
    vi.useFakeTimers()
    try {
      const found = judged(async () => new Promise(() => {}))
      await vi.advanceTimersByTimeAsync(2_000)
      expect(await found).toMatchObject({ status: 'refused', error: { code: 'S4U_SESSION_REVOCATION_UNKNOWN' } })
    } finally {
      vi.useRealTimers()
    }
  })

  test('is asked about no session that is none', async () => {
    const isRevoked = vi.fn(() => false)
    const cookies = sessions({ more: { isRevoked }, keys: ['x'.repeat(32)] })
    expect(await cookies.find(requestAfter(sessions()))).toMatchObject({ status: 'refused' })
    expect(isRevoked).not.toHaveBeenCalled()
  })
})

describe('over plain HTTP', () => {
  const warnedBy = (requests: readonly (NegotiableRequest | undefined)[], more: Partial<CookieSessionOptions> = {}) => {
    const codes: string[] = []
    const cookies = sessions({ more, warn: (_message, code) => void codes.push(code) })
    for (const request of requests) cookies.begin(alice, request)
    return codes
  }
  const plain = requestWith({}, { socket: connection() })

  test('it is warned of once that browsers drop the cookie', () => {
    expect(warnedBy([plain, plain])).toEqual(['S4U_SESSION_PLAIN_HTTP'])
  })

  test.each<[string, NegotiableRequest | undefined, Partial<CookieSessionOptions>]>([
    ['over TLS', requestWith({}, { socket: Object.create(TLSSocket.prototype) }), {}],
    [
      'where a proxy says that TLS ends at it',
      requestWith({ 'x-forwarded-proto': 'https' }, { socket: connection() }),
      {},
    ],
    ['where the cookie is meant for plain HTTP', plain, { secure: false }],
    ['where the app begins the session itself', undefined, {}],
  ])('and not %s', (_where, request, more) => {
    expect(warnedBy([request], more)).toEqual([])
  })
})

test('no cache keeps an answer that begins a session', () => {
  expect(sessions().begin(alice).headers).toMatchObject({
    'Cache-Control': 'private, no-store',
    Vary: 'Authorization, Cookie',
  })
})

test('a fault of the program is not taken for a refusal', async () => {
  const identify = () => Promise.reject(new TypeError('a bug'))
  await expect(sessions({ identify }).find(requestAfter(sessions()))).rejects.toThrow('a bug')
})

test('it never outlives its ticket', async () => {
  const short = new Identity(claimsWith({ expiresAt: NOW + 1_000 }))
  const request = requestAfter(sessions(), short)
  expect(await sessions({ now: () => NOW + 999 }).find(request)).toMatchObject({ status: 'found' })
  expect(await sessions({ now: () => NOW + 1_000 }).find(request)).toMatchObject({ status: 'refused' })
})

test('a caller without a ticket begins none', () => {
  expect(sessions().begin(new Identity(claimsWith({ evidence: undefined }))).headers).toEqual({})
})

test('a ticket that is too big begins none, and is warned of once', () => {
  const warnings: string[] = []
  const cookies = sessions({ warn: (message) => void warnings.push(message) })
  const ticket = { ...TICKET, encPart: { ...TICKET.encPart, cipher: new Uint8Array(12_000) } }
  const erin = new Identity(claimsWith({ principal: 'erin@AD.TEST', evidence: { ...EVIDENCE, ticket } }))
  expect(cookies.begin(erin).headers).toEqual({})
  expect(cookies.begin(erin).headers).toEqual({})
  expect(warnings).toEqual([expect.stringContaining('erin@AD.TEST')])
})

describe('the server of the request', () => {
  const requestOf = (maxHeaderSize: number | undefined, headers: Record<string, string> = {}) =>
    requestWith(headers, { socket: Object.assign(connection(), maxHeaderSize && { server: { maxHeaderSize } }) })
  const authorization = `Negotiate ${'A'.repeat(6_000)}`
  const big = new Identity(
    claimsWith({
      evidence: { ...EVIDENCE, ticket: { ...TICKET, encPart: { ...TICKET.encPart, cipher: new Uint8Array(6_000) } } },
    }),
  )
  const warnings: string[] = []
  const begins = (
    request: ReturnType<typeof requestOf> | undefined,
    cookies = sessions({ warn: (text) => void warnings.push(text) }),
  ) => cookies.begin(big, request).headers['Set-Cookie'] !== undefined

  test('must take the cookie and the token together, or none begins, with a warning', () => {
    expect(begins(requestOf(16_384, { authorization }))).toBe(false)
    expect(warnings).toEqual([expect.stringContaining('maxHeaderSize: 65536')])
    expect(begins(requestOf(32_768, { authorization }))).toBe(true)
    expect(begins(requestOf(16_384))).toBe(true)
    expect(begins(requestOf(undefined, { authorization }))).toBe(true)
  })

  test('is not thought to get the old cookie as well as the new one', () => {
    const headers = requestAfter(sessions(), big).headers
    const cookie = String(headers['cookie'])
    expect(begins(requestOf(16_384, { authorization: 'Negotiate YII', cookie }))).toBe(true)
    expect(
      begins(requestOf(16_384, { authorization: 'Negotiate YII', cookie: cookie.replaceAll('__Host-s4u', 'other') })),
    ).toBe(false)
  })

  test('is that of the last request where the app begins a session itself', async () => {
    const cookies = sessions({ warn: () => {} })
    await cookies.find(requestOf(8_192))
    expect(begins(undefined, cookies)).toBe(false)
    await cookies.find(requestOf(16_384))
    expect(begins(undefined, cookies)).toBe(true)
  })
})

test('ending it takes the cookies away that are there', () => {
  expect(sessions().end(requestAfter(sessions()))).toEqual({ 'Set-Cookie': [expect.stringMatching(/Max-Age=0/)] })
  expect(sessions().end(requestWith())).toEqual({})
})

describe('what is refused is told', () => {
  const errorOf = async (cookies: CookieSession, request = requestAfter(sessions())) => {
    const found = await cookies.find(request)
    if (found.status !== 'refused') throw new Error(found.status)
    return found.error
  }
  const NOT_OURS =
    'the session cookie was not sealed with a key of session.keys, or is not whole, or is of an app with other rules'

  test.each<[string, Setting, NegotiableRequest | undefined, string, string]>([
    ['of another key', { keys: ['x'.repeat(32)] }, undefined, NOT_OURS, 'GSS_S_DEFECTIVE_CREDENTIAL'],
    ['without an end', {}, requestWith({ cookie: '__Host-s4u=2.abc' }), NOT_OURS, 'GSS_S_DEFECTIVE_CREDENTIAL'],
    ['that is over', { now: () => NOW + HOUR }, undefined, 'the session has ended', 'GSS_S_CREDENTIALS_EXPIRED'],
    [
      'of another user',
      { identify: async () => new Identity(claimsWith({ principal: 'bob@AD.TEST' })) },
      undefined,
      'the session is not of the user of its ticket',
      'GSS_S_DEFECTIVE_CREDENTIAL',
    ],
  ])('in words: one %s', async (_what, setting, request, message, code) => {
    expect(await errorOf(sessions(setting), request)).toMatchObject({ name: 'RejectedTokenError', message, code })
  })
})

test('one user’s session is asked of the acceptor by its ticket and its method, when the keytab is there', async () => {
  const asked: unknown[] = []
  const settings = checkSession({ kind: 'cookie', keys: KEYS, maxAge: HOUR })
  if (typeof settings !== 'object') throw new Error('no cookies')
  const acceptor = {
    ready: async () => void asked.push('ready'),
    identify: async (...args: unknown[]) => (asked.push(args), alice),
  }
  const rules = () => (asked.push('rules'), 'R')
  const cookies = new CookieSession(settings, { acceptor, rules, now: () => NOW })
  expect(await cookies.find(requestAfter(sessions()))).toMatchObject({ status: 'found' })
  expect(asked).toEqual(['ready', 'rules', [TICKET, 'kerberos', { origin: 'presented' }]])
})

test('a session of a user with a SID has it, one of another has none', async () => {
  const shown: Session[] = []
  const isRevoked = (session: Session): boolean => shown.push(session) < 0
  const sid = 'S-1-5-21-1-2-3-1104'
  for (const changes of [{}, { sid }])
    await sessions({ more: { isRevoked }, identify: async () => new Identity(claimsWith(changes)) }).find(
      requestAfter(sessions()),
    )
  const session = {
    ...{ kind: 'cookie', id: expect.any(String), principal: 'alice@AD.TEST', authenticationMethod: 'kerberos' },
    ...{ startedAt: NOW, expiresAt: NOW + HOUR },
  }
  expect(shown).toStrictEqual([session, { ...session, sid }])
  expect(shown.every((one) => Object.isFrozen(one))).toBe(true)
})

test('a box is made once for the rules that hold', () => {
  const random = vi.fn((length: number) => new Uint8Array(length))
  const cookies = sessions({ random })
  const [first, second] = [cookies.begin(alice).headers, cookies.begin(alice).headers]
  expect(first).toEqual(second)
  // An id and a nonce for each; the keys are the app's.
  expect(random.mock.calls).toEqual([[18], [24], [18], [24]])
})

test('a cookie that is shown is one, whether or not it is any good', () => {
  expect(sessions().isShown(requestWith({ cookie: '__Host-s4u=rubbish' }))).toBe(true)
  expect(sessions().isShown(requestWith({ cookie: 'theme=dark' }))).toBe(false)
  expect(sessions().isShown(requestWith())).toBe(false)
})

describe('the words of a warning', () => {
  const warnedBy = (begin: (cookies: CookieSession) => unknown, more: Setting = {}) => {
    const warnings: [string, string][] = []
    begin(sessions({ ...more, warn: (message, code) => void warnings.push([code, message]) }))
    return warnings
  }
  const bigTicket = (octets: number) => {
    const ticket = { ...TICKET, encPart: { ...TICKET.encPart, cipher: new Uint8Array(octets) } }
    return new Identity(claimsWith({ evidence: { ...EVIDENCE, ticket } }))
  }
  const sizeOf = (identity: Identity): number => {
    const lines = sessions().begin(identity).headers['Set-Cookie'] ?? []
    return [...lines].reduce((sum, line) => sum + line.split(';')[0].length, 0)
  }

  test('of a ticket that is too big say whose, how big, and what to do', () => {
    const [[code, message], ...more] = warnedBy((cookies) => cookies.begin(bigTicket(12_000)).headers)
    expect(more).toEqual([])
    expect(code).toBe('S4U_SESSION_TOO_BIG')
    expect(message).toMatch(
      /^the ticket of alice@AD\.TEST is too big for a cookie session \(16\d{3} characters\): such users authenticate with every request\. /,
    )
    expect(message).toContain(
      ' Create the server with { maxHeaderSize: 65536 } if it takes less, take them out of groups, or turn sessions off.',
    )
  })

  test('of plain HTTP say what to serve', () => {
    const request = requestWith({}, { socket: connection() })
    expect(warnedBy((cookies) => cookies.begin(alice, request).headers)).toEqual([
      [
        'S4U_SESSION_PLAIN_HTTP',
        'cookie sessions are begun over plain HTTP, where browsers do not keep them: serve HTTPS, or let the proxy in front, ' +
          'where TLS ends, send X-Forwarded-Proto: https. session.secure false would show the cookie to everybody on the way.',
      ],
    ])
  })

  test('are the process’s to print where the app takes none', async () => {
    const printed: Error[] = []
    const listener = (warning: Error): void => void printed.push(warning)
    process.on('warning', listener)
    try {
      sessions().begin(alice, requestWith({}, { socket: connection() }))
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      process.off('warning', listener)
    }
    expect(printed).toMatchObject([{ name: 'S4uWarning', code: 'S4U_SESSION_PLAIN_HTTP' }])
  })

  test('come for a ticket that is bigger than the longest value by one octet, and for none below', () => {
    const fits = (octets: number): boolean =>
      warnedBy((cookies) => cookies.begin(bigTicket(octets)).headers).length === 0
    let [small, large] = [8_000, 12_000]
    expect([fits(small), fits(large)]).toEqual([true, false])
    while (large - small > 1) {
      const middle = (small + large) >> 1
      if (fits(middle)) small = middle
      else large = middle
    }
    // Base64 of 11,400 octets, in four pieces, each behind a name.
    const names = '__Host-s4u=4.'.length + 3 * '__Host-s4u.1='.length
    expect(sizeOf(bigTicket(small))).toBe(15_200 + names)
    expect(sizeOf(bigTicket(large))).toBe(0)
  })
})

describe('a server that takes just so much', () => {
  const request = (maxHeaderSize: number, headers: Record<string, string> = {}) =>
    requestWith(headers, { socket: Object.assign(connection(), { server: { maxHeaderSize } }) })
  const cookie = String(requestAfter(sessions()).headers['cookie'])
  // What the next request shows: the name, `=1.` and two for what stands around it, and the
  // reserve.
  const needed = cookie.length - '1.'.length - '='.length + 5 + 2_048
  const begins = (made: NegotiableRequest): boolean =>
    'Set-Cookie' in sessions({ warn: () => {} }).begin(alice, made).headers

  test('gets a session that fits in, to the octet', () => {
    expect(begins(request(needed))).toBe(true)
    expect(begins(request(needed - 1))).toBe(false)
  })

  test('has room for what the request shows besides, and not for the cookie twice', () => {
    const shown = { 'x-a': 'b' }
    expect(begins(request(needed + 8, shown))).toBe(true)
    expect(begins(request(needed + 7, shown))).toBe(false)
    const old = { cookie: '__Host-s4u=1.abc' }
    const left = 'cookie'.length + 4 + '='.length
    expect(begins(request(needed + left, old))).toBe(true)
    expect(begins(request(needed + left - 1, old))).toBe(false)
  })

  test('is not known where the app begins one before any request', () => {
    expect(sessions().begin(alice).headers).toHaveProperty('Set-Cookie')
  })

  test('is told of by a warning where it takes too little', () => {
    const codes: string[] = []
    sessions({ warn: (_message, code) => void codes.push(code) }).begin(alice, request(needed - 1))
    expect(codes).toEqual(['S4U_SESSION_TOO_BIG'])
  })
})

test('the keys of a box are derived once for the rules that hold: each request would pay for it', async () => {
  const keys = [...KEYS]
  const derive = vi.spyOn(keys, 'map')
  const cookies = sessions({ keys })
  const request = requestAfter(sessions())
  for (let count = 0; count < 3; count++) expect(await cookies.find(request)).toMatchObject({ status: 'found' })
  expect(derive).toHaveBeenCalledTimes(1)
})

test('sessions go on when the app is updated: what they are sealed with, and how, is as it was', () => {
  const random = (length: number) => new Uint8Array(length).fill(7)
  const lines = sessions({ random }).begin(alice).headers['Set-Cookie'] ?? []
  const digest = createHash('sha256')
    .update([...lines].join('\n'))
    .digest('hex')
  // Another one means that everybody is signed out by the update: the version of the ticket, and
  // the purpose of the box, are then to change as well.
  expect(digest).toBe('2a024cab02684ecf839d953af14402c1c33661c368a96d7ba5bcc61e1fefc331')
})

describe('a session with an idle time', () => {
  const idle = (now: number, more: Partial<CookieSessionOptions> = {}) =>
    sessions({ maxAge: 2_000, more: { maxIdle: 800, ...more }, now: () => now })
  const cookiesIn = (headers: Readonly<Record<string, unknown>>) => ({
    cookie: [headers['Set-Cookie'] ?? []]
      .flat()
      .map((line) => String(line).split(';')[0])
      .join('; '),
  })
  const found = async (cookies: CookieSession, request: NegotiableRequest) => {
    const result = await cookies.find(request)
    if (result.status !== 'found') throw new Error(result.status)
    return result
  }

  test('goes on with each request, by a cookie that is renewed after an eighth of the time', async () => {
    const request = requestAfter(idle(NOW))
    const early = await found(idle(NOW + 99), request)
    expect(early.headers).toEqual({})
    const late = await found(idle(NOW + 700), request)
    const renewed = requestWith(cookiesIn(late.headers))
    const after = await found(idle(NOW + 1_499), renewed)
    expect(after.session).toEqual(early.session)
    // The one before is no better for it.
    expect(await idle(NOW + 800).find(request)).toMatchObject({ status: 'refused' })
    expect(await idle(NOW + 1_500).find(renewed)).toMatchObject({
      error: { message: 'the session has ended: there was no request for too long' },
    })
  })

  test('ends at its age all the same, and with its user’s sign-out', async () => {
    const middle = await found(idle(NOW + 700), requestAfter(idle(NOW)))
    const last = await found(idle(NOW + 1_400), requestWith(cookiesIn(middle.headers)))
    const request = requestWith(cookiesIn(last.headers))
    const { session } = await found(idle(NOW + 1_999), request)
    expect(session.expiresAt).toBe(NOW + 2_000)
    expect(await idle(NOW + 2_000).find(request)).toMatchObject({
      error: { message: 'the session has ended' },
    })
    const isRevoked = ({ id }: Session) => id === session.id
    expect(await idle(NOW + 1_500, { isRevoked }).find(request)).toMatchObject({
      error: { code: 'S4U_SESSION_REVOKED' },
    })
  })
})
