import type { Acceptor, AcceptOutcome } from '@s4u/acceptor'
import { Identity } from '@s4u/acceptor'
import { RejectedTokenError } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { CallerFinder } from './caller-finder.js'
import { Challenges } from './challenges.js'
import { Delegator } from './delegator.js'
import { NegotiatorEvents } from './events.js'
import { claimsWith } from './fixtures/identities.js'
import { connection, requestWith } from './fixtures/requests.js'
import type { Found } from './found-caller.js'
import type { NegotiatorOptions } from './negotiator-options.js'

/** A finder whose acceptor says what it is told to, and what that acceptor was asked. */
function finderWith(verdicts: readonly AcceptOutcome[], options: NegotiatorOptions = {}) {
  const asked: { readonly token: Uint8Array; readonly context: unknown }[] = []
  const left = [...verdicts]
  const acceptor = {
    accept: async (token: Uint8Array, context: unknown) => {
      asked.push({ token, context })
      return left.shift()!
    },
  } as Acceptor
  const delegator = new Delegator(() => Promise.reject(new Error('no KDC')), {}, {})
  const events = new NegotiatorEvents(options)
  const finder = new CallerFinder({ options, acceptor, delegator, events, challenges: new Challenges(options) })
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
  expect(asked).toEqual([{ token: Uint8Array.of(0x60, 0), context: { request, clientAddress: '192.0.2.7' } }])
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
