import { Identity } from '@s4u/acceptor'
import { MissingKeyError } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { CookieSession } from './cookie-session.js'
import { claimsWith, EVIDENCE, HOUR, NOW, TICKET } from './fixtures/identities.js'
import { connection, requestWith } from './fixtures/requests.js'
import { checkSession } from './session-options.js'

const alice = new Identity(claimsWith())
const KEYS = ['k'.repeat(32)]

interface Setting {
  readonly now?: () => number
  readonly keys?: readonly string[]
  readonly maxAge?: number
  readonly identify?: () => Promise<Identity>
  readonly warn?: (message: string) => void
}

function sessions({
  now = () => NOW,
  keys = KEYS,
  maxAge = HOUR,
  identify = async () => alice,
  warn,
}: Setting = {}): CookieSession {
  const settings = checkSession({ kind: 'cookie', keys, maxAge })
  if (typeof settings !== 'object') throw new Error('no cookies')
  return new CookieSession(settings, { acceptor: { identify }, now, ...(warn && { warn }) })
}

const requestAfter = (cookies: CookieSession, identity = alice) => {
  const lines = cookies.begin(identity)['Set-Cookie'] ?? []
  return requestWith({ cookie: [...lines].map((line) => line.split(';')[0]).join('; ') })
}

test('who began a session is found again', async () => {
  const found = await sessions().find(requestAfter(sessions()))
  if (found.status !== 'found') throw new Error(found.status)
  expect(found.identity.toJSON()).toEqual(alice.toJSON())
  expect(found.identity.evidence).toEqual(EVIDENCE)
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

  test('that is over', async () => {
    expect(await refusal(sessions({ now: () => NOW + HOUR }))).toBe('GSS_S_CREDENTIALS_EXPIRED')
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
  expect(sessions().begin(new Identity(claimsWith({ evidence: undefined })))).toEqual({})
})

test('a ticket that is too big begins none, and is warned of once', () => {
  const warnings: string[] = []
  const cookies = sessions({ warn: (message) => void warnings.push(message) })
  const ticket = { ...TICKET, encPart: { ...TICKET.encPart, cipher: new Uint8Array(12_000) } }
  const erin = new Identity(claimsWith({ principal: 'erin@AD.TEST', evidence: { ...EVIDENCE, ticket } }))
  expect(cookies.begin(erin)).toEqual({})
  expect(cookies.begin(erin)).toEqual({})
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
  ) => cookies.begin(big, request)['Set-Cookie'] !== undefined

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
