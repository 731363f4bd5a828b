import { decodeNegTokenResp, encodeNegTokenResp, formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { S4uError } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { acceptorOf, issueTicket, refusalToken, serviceNamed } from '../../../../test/stories/kerberos-backend.js'
import { Attempt, type AttemptDetails } from './attempt.js'
import type { FetchEvent } from '../events/events.js'
import type { TokenOptions } from '../options/token-options.js'

const service = serviceNamed('HTTP/api.ad.test')
const ticket = issueTicket(service)
const now = Date.now()

/** The same octets each time, so that one answer fits all attempts. */
const options = {
  ticketFor: () => Promise.resolve(ticket),
  now: () => now,
  random: (length: number) => new Uint8Array(length).fill(7),
}

function attempt(onEvent?: (event: FetchEvent) => void): Attempt {
  const details = { origin: 'https://api.ad.test', spn: service.spn, ticket, refusal: 401 } as const
  return new Attempt(details, { ...options, ...(onEvent && { onEvent }) })
}

async function replyOfServer(): Promise<Uint8Array> {
  const parsed = parseAuthorization(attempt().authorization)
  if (parsed.status !== 'token') throw new Error(parsed.status)
  // The same token each time, too.
  const outcome = await acceptorOf(service, { replayCache: false }).accept(parsed.token)
  if (outcome.status !== 'accepted' || outcome.reply === undefined) throw new Error(outcome.status)
  return outcome.reply
}

describe('the answer of a server', () => {
  test('that is its own proves it, whatever the status', async () => {
    const challenge = formatChallenge(await replyOfServer())
    for (const status of [200, 204, 404, 500]) expect(attempt().judge({ status, challenge })).toEqual({ kind: 'done' })
    expect(attempt().judge({ status: 200, challenge: ['Basic realm="x"', challenge] })).toEqual({ kind: 'done' })
  })

  test('with any bit of its proof changed proves nothing', async () => {
    const reply = await replyOfServer()
    // What SPNEGO has in front says how far the negotiation is. The proof is the AP-REP behind it.
    const proof = reply.findIndex((octet, index) => octet === 0x6f && index > 20)
    for (let index = proof; index < reply.length; index++) {
      for (const bit of [1, 0x10, 0x80]) {
        const changed = reply.slice()
        changed[index] ^= bit
        expect(() => attempt().judge({ status: 200, challenge: formatChallenge(changed) })).toThrow(S4uError)
      }
    }
  })

  test('cut short proves nothing', async () => {
    const reply = await replyOfServer()
    for (let length = 1; length < reply.length; length++) {
      const challenge = formatChallenge(reply.subarray(0, length))
      expect(() => attempt().judge({ status: 200, challenge })).toThrow(S4uError)
    }
  })

  test.each(['Negotiate', 'Negotiate AAAA', 'Negotiate !', 'Basic realm="Negotiate YII="', ''])(
    'that is %j proves nothing',
    (challenge) => {
      expect(() => attempt().judge({ status: 200, challenge })).toThrow(S4uError)
    },
  )

  test('of another attempt proves nothing', async () => {
    const challenge = formatChallenge(await replyOfServer())
    const details = { origin: 'https://api.ad.test', spn: service.spn, ticket, refusal: 401 } as const
    const later = new Attempt(details, { ...options, now: () => now + 1 })
    expect(() => later.judge({ status: 200, challenge })).toThrow(/did not prove/)
  })
})

test.each(['Negotiate AAAA', 'Negotiate !', 'Negotiate', '', 'Basic realm="x"'])(
  'a refusal with %j is the server’s answer, and no fault of ours',
  (challenge) => {
    const events: FetchEvent[] = []
    expect(attempt((event) => events.push(event)).judge({ status: 401, challenge })).toEqual({ kind: 'done' })
    expect(events).toHaveLength(1)
  },
)

test('no event holds a token', async () => {
  const events: FetchEvent[] = []
  const one = attempt((event) => events.push(event))
  const challenge = formatChallenge(await replyOfServer())
  one.judge({ status: 200, challenge })
  const text = JSON.stringify(events)
  expect(events).toMatchObject([{ kind: 'authenticated', serverProven: true, service: 'HTTP/api.ad.test' }])
  for (const secret of [one.authorization, challenge]) expect(text).not.toContain(secret.slice(10, 40))
})

describe('what is told of an answer', () => {
  const SUBJECT = { origin: 'https://api.ad.test', service: 'HTTP/api.ad.test', client: 'alice@AD.TEST' }
  const details = { origin: SUBJECT.origin, spn: SUBJECT.service, ticket, refusal: 401 } as const
  const judged = (more: Partial<TokenOptions> = {}, changes: Partial<AttemptDetails> = {}) => {
    const events: FetchEvent[] = []
    const one = new Attempt({ ...details, ...changes }, { ...options, ...more, onEvent: (event) => events.push(event) })
    return { one, events }
  }
  const errorToken = (errorCode: number): string => formatChallenge(refusalToken(service, errorCode))
  const proof = async (): Promise<string> => formatChallenge(await replyOfServer())

  test.each([
    [31, 'KRB_AP_ERR_BAD_INTEGRITY'],
    [44, 'KRB_AP_ERR_BADKEYVER'],
    [41, 'KRB_AP_ERR_MODIFIED'],
    [45, 'KRB_AP_ERR_NOKEY'],
    [32, 'KRB_AP_ERR_TKT_EXPIRED'],
  ])('error %i says that the ticket is stale: %s', (number, code) => {
    const { one, events } = judged()
    expect(one.judge({ status: 401, challenge: errorToken(number) })).toEqual({ kind: 'stale' })
    expect(events).toEqual([{ kind: 'stale-ticket', ...SUBJECT, status: 401, code }])
  })

  test.each([
    [37, 'KRB_AP_ERR_SKEW'],
    [34, 'KRB_AP_ERR_REPEAT'],
    [60, 'KRB_ERR_GENERIC'],
  ])('error %i is a refusal, and the last word: %s', (number, code) => {
    const { one, events } = judged()
    expect(one.judge({ status: 401, challenge: errorToken(number) })).toEqual({ kind: 'done' })
    expect(events).toEqual([{ kind: 'refused', ...SUBJECT, status: 401, legs: 1, code }])
  })

  test.each([
    ['Negotiate', {}],
    ['', {}],
    ['Basic realm="a", Negotiate', {}],
    ['Basic realm="a", nEGOTIATE', {}],
    ['Negotiate !', { code: 'GSS_S_DEFECTIVE_TOKEN' }],
  ])('a refusal with %j names no other scheme', (challenge, more) => {
    const { one, events } = judged()
    one.judge({ status: 401, challenge })
    expect(events).toStrictEqual([{ kind: 'refused', ...SUBJECT, status: 401, legs: 1, ...more }])
  })

  test('a refusal that asks for another scheme says for which', () => {
    const { one, events } = judged()
    one.judge({ status: 401, challenge: ['Basic realm="a"', 'Bearer'] })
    expect(events).toStrictEqual([
      { kind: 'other-scheme-wanted', ...SUBJECT, status: 401, schemes: ['Basic', 'Bearer'] },
    ])
  })

  test('a server that has proved itself is told of, and one of which nobody asked that', async () => {
    const { one, events } = judged()
    one.judge({ status: 204, challenge: await proof() })
    const { one: unasked, events: more } = judged({ mutualAuthentication: 'off' })
    expect(unasked.judge({ status: 200, challenge: null })).toEqual({ kind: 'done' })
    const told = { kind: 'authenticated', ...SUBJECT, legs: 1 }
    expect(events).toStrictEqual([{ ...told, status: 204, serverProven: true }])
    expect(more).toStrictEqual([{ ...told, status: 200, serverProven: false }])
  })

  test('a redirect that will be followed may prove itself later, and is judged where it brings a token', async () => {
    const { one, events } = judged()
    expect(one.judge({ status: 302, challenge: undefined, followed: true })).toEqual({ kind: 'done' })
    expect(events).toMatchObject([{ kind: 'authenticated', serverProven: false }])
    const forged = { status: 302, challenge: 'Negotiate AAAA', followed: true }
    expect(() => judged().one.judge(forged)).toThrow(S4uError)
    expect(() => judged().one.judge({ ...forged, challenge: undefined, followed: false })).toThrow(S4uError)
  })

  test('a server that has not proved itself is told of, with why', () => {
    const { one, events } = judged()
    const refusal = (): unknown => one.judge({ status: 500, challenge: null })
    expect(refusal).toThrow(
      expect.objectContaining({
        name: 'RejectedTokenError',
        code: 'KRB_AP_ERR_MUT_FAIL',
        status: 502,
        message: expect.stringMatching(/^HTTP\/api\.ad\.test answered 500 and did not prove its identity: ./),
        hint: "The response was not handed out. Servers often put no token on errors: mutualAuthentication: 'optional' hands those out, without what nobody proved.",
        cause: expect.objectContaining({ name: 'RejectedTokenError', code: 'KRB_AP_ERR_MUT_FAIL', status: 502 }),
      }),
    )
    expect(events).toEqual([{ kind: 'server-not-proven', ...SUBJECT, status: 500, code: 'KRB_AP_ERR_MUT_FAIL' }])
    // Of an answer that is no error, that would change nothing.
    expect(() => judged().one.judge({ status: 200, challenge: null })).toThrow(
      expect.objectContaining({
        hint: "The response was not handed out. Is the server behind this URL the account that has this service principal name, and does it answer with a token? mutualAuthentication: 'off' believes any server.",
      }),
    )
  })

  test('a token that cannot be read is the server’s fault, and said as it is', () => {
    const { one, events } = judged()
    expect(() => one.judge({ status: 200, challenge: 'Negotiate AAAA' })).toThrow(
      expect.objectContaining({ name: 'MalformedTokenError', code: 'GSS_S_DEFECTIVE_TOKEN', status: 502 }),
    )
    expect(events).toMatchObject([{ kind: 'server-not-proven', code: 'GSS_S_DEFECTIVE_TOKEN' }])
  })

  test('a proxy refuses with 407, and its 401 is an answer', () => {
    const { one, events } = judged({}, { refusal: 407 })
    expect(one.judge({ status: 407, challenge: 'Negotiate' })).toEqual({ kind: 'done' })
    expect(() => judged({}, { refusal: 407 }).one.judge({ status: 401, challenge: 'Negotiate' })).toThrow(S4uError)
    expect(events).toMatchObject([{ kind: 'refused', status: 407 }])
  })

  test('a server that wants one leg more gets four, and no more', async () => {
    const { one, events } = judged()
    const more = formatChallenge(
      encodeNegTokenResp({
        negState: 'accept-incomplete',
        responseToken: decodeNegTokenResp(await replyOfServer()).responseToken!,
      }),
    )
    const first = one.judge({ status: 401, challenge: more })
    expect(first).toEqual({ kind: 'again', authorization: expect.stringMatching(/^Negotiate oR?/) })
    // Its own MIC is owed now, and never comes.
    expect(one.judge({ status: 401, challenge: more })).toEqual({ kind: 'done' })
    expect(events).toMatchObject([{ kind: 'refused', legs: 2, code: 'GSS_S_BAD_SIG' }])
    // Nothing is pending any more: whatever it sends now is not judged.
    expect(one.judge({ status: 401, challenge: more })).toEqual({ kind: 'done' })
    expect(events).toHaveLength(2)
  })

  test('a fault of a program is not taken for an answer', () => {
    const challenge = {
      get length(): number {
        throw new RangeError('a bug')
      },
    } as unknown as string[]
    for (const status of [200, 401]) {
      const { one, events } = judged()
      expect(() => one.judge({ status, challenge })).toThrow(TypeError)
      expect(events).toEqual([])
    }
  })
})

test('a token asks for a proof where one is required, and says how much the backend gets', async () => {
  const read = async (more: Partial<TokenOptions>) => {
    const details = { origin: 'https://api.ad.test', spn: service.spn, ticket, refusal: 401 } as const
    const parsed = parseAuthorization(new Attempt(details, { ...options, ...more }).authorization)
    if (parsed.status !== 'token') throw new Error(parsed.status)
    const outcome = await acceptorOf(service, { replayCache: false }).accept(parsed.token)
    if (outcome.status !== 'accepted') throw new Error(outcome.status)
    return { level: outcome.identity.impersonationLevel, response: decodeNegTokenResp(outcome.reply!).responseToken }
  }
  expect(await read({})).toMatchObject({ level: 'delegation', response: expect.any(Uint8Array) })
  expect((await read({ mutualAuthentication: 'require' })).response).toBeDefined()
  expect((await read({ mutualAuthentication: 'off' })).response).toBeUndefined()
  expect((await read({ allowedImpersonationLevel: 'identification' })).level).toBe('identification')
  expect((await read({ allowedImpersonationLevel: 'impersonation' })).level).toBe('delegation')
})

test('nothing is made for events of routine that nobody wants', () => {
  const named = new Proxy(ticket, {
    get: (target, key) => (key === 'client' ? expect.unreachable() : Reflect.get(target, key)),
  })
  const details = { origin: 'https://api.ad.test', spn: service.spn, ticket, refusal: 401 } as const
  const quiet = new Attempt(details, { ...options, mutualAuthentication: 'off' })
  Object.assign(quiet, { details: { ...details, ticket: named } })
  expect(quiet.judge({ status: 200, challenge: null })).toEqual({ kind: 'done' })
})

test('who a user of several parts is, is told', () => {
  const events: FetchEvent[] = []
  const admin = issueTicket(service, 'alice/admin')
  const details = { origin: 'https://api.ad.test', spn: service.spn, ticket: admin, refusal: 401 } as const
  new Attempt(details, { ...options, onEvent: (event) => events.push(event) }).judge({ status: 401, challenge: null })
  expect(events).toMatchObject([{ client: 'alice/admin@AD.TEST' }])
})
