import { decode, encode, Key, KrbError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { issueTicket, judge, NOW } from '../fixtures/issued-ticket.js'
import { codeOf, flip, fromHex, join, refusalOf, text } from '../fixtures/octets.js'
import { createInitiator, type InitiatorOptions } from '../initiator.js'
import { frameKrb5Token, readKrb5Token } from '../context-tokens/krb5-token.js'
import { beginNegotiation, rejectionOf } from './negotiation.js'
import type { ApReqStep, NegotiationStep } from './negotiation-step.js'
import { Mechanism } from '../framing/oids.js'
import { SecurityContext } from '../per-message/security-context.js'
import { decodeNegTokenResp, encodeNegTokenInit, encodeNegTokenResp } from './spnego.js'
import { frame, unframe } from '../framing/token-framing.js'

const { KRB5, MS_KRB5, NTLM, NEGOEX, IAKERB, SPNEGO } = Mechanism
const NTLM_TYPE_1 = fromHex('4e544c4d53535000 01000000 97820800')
const krbError = encode(KrbError, {
  stime: NOW,
  susec: 0,
  errorCode: 37,
  realm: 'AD.TEST',
  sname: { nameType: 2, nameString: ['HTTP', 'web'] },
})

function begun(options: Partial<InitiatorOptions> = {}) {
  const { credential, serviceKey } = issueTicket()
  const initiator = createInitiator({ ticket: credential, now: NOW, framing: 'krb5', ...options })
  return { initiator, token: initiator.token, serviceKey, credential }
}

function expectStep<S extends NegotiationStep['status']>(
  step: NegotiationStep,
  status: S,
): Extract<NegotiationStep, { status: S }> {
  if (!hasStatus(step, status)) throw new Error(`expected ${status}, got ${step.status}`)
  return step
}

function hasStatus<S extends NegotiationStep['status']>(
  step: NegotiationStep,
  status: S,
): step is Extract<NegotiationStep, { status: S }> {
  return step.status === status
}

/** NegTokenInit around a raw krb5 token. */
function init(mechanisms: readonly string[], mechToken?: Uint8Array, mechListMic?: Uint8Array) {
  return encodeNegTokenInit({ mechanisms, mechToken, mechListMic })
}

/**
 * The initiator's end of the context that an acceptor has accepted, for making MICs as a real one
 * would.
 */
function initiatorContext(step: ApReqStep, serviceKey: Key): SecurityContext {
  const { opened, contextKey } = judge(step, serviceKey, { apRep: false })
  const { seqNumber = 0 } = opened.authenticator
  const peer = { name: opened.ticket.sname, realm: opened.ticket.realm }
  return new SecurityContext({
    role: 'initiator',
    peer,
    flags: 0,
    initiatorKey: contextKey,
    sendSequence: seqNumber,
    receiveSequence: 0,
  })
}

describe('a raw krb5 token', () => {
  test('is answered raw', () => {
    const { token, initiator, serviceKey } = begun()
    const step = expectStep(beginNegotiation(token), 'ap-req')
    expect(step).toMatchObject({
      framing: 'krb5',
      mechanism: KRB5,
      apReqBytes: token.subarray(token.length - step.apReqBytes.length),
    })
    const reply = step.accept(judge(step, serviceKey))
    expect(reply.status).toBe('complete')
    expect(readKrb5Token(reply.reply!, 'ap-rep').kind).toBe('ap-rep')
    expect(initiator.step(reply.reply).status).toBe('established')
  })

  test('without mutual authentication is answered by nothing', () => {
    const { token, serviceKey } = begun({ mutual: false })
    const step = expectStep(beginNegotiation(token), 'ap-req')
    expect(step.accept(judge(step, serviceKey, { apRep: false })).reply).toBeUndefined()
  })

  test('is rejected with a KRB-ERROR, or with nothing', () => {
    const { token } = begun()
    expect(expectStep(beginNegotiation(token), 'ap-req').reject(krbError)).toEqual(
      frameKrb5Token('krb-error', krbError),
    )
    expect(expectStep(beginNegotiation(token), 'ap-req').reject()).toBeUndefined()
  })
})

describe('a SPNEGO token with a Kerberos token for the first mechanism', () => {
  test('is answered at once', () => {
    const { token, serviceKey } = begun()
    const step = expectStep(beginNegotiation(init([KRB5, NTLM], token).token), 'ap-req')
    expect(step).toMatchObject({ framing: 'spnego', mechanism: KRB5 })
    const reply = step.accept(judge(step, serviceKey))
    const resp = decodeNegTokenResp(reply.reply!)
    expect(resp).toMatchObject({ negState: 'accept-completed', supportedMech: KRB5, mechListMic: undefined })
    expect(readKrb5Token(resp.responseToken!, 'ap-rep').kind).toBe('ap-rep')
    expect(reply).toMatchObject({ status: 'complete', context: { peer: { realm: 'AD.TEST' }, role: 'acceptor' } })
  })

  test('is answered in the number that Windows put first', () => {
    const { token, serviceKey } = begun()
    const step = expectStep(beginNegotiation(init([MS_KRB5, KRB5, NEGOEX, NTLM], token).token), 'ap-req')
    expect(step.mechanism).toBe(MS_KRB5)
    const resp = decodeNegTokenResp(step.accept(judge(step, serviceKey)).reply!)
    expect(resp).toMatchObject({ negState: 'accept-completed', supportedMech: MS_KRB5, mechListMic: undefined })
  })

  test('and no mutual authentication is answered without a token', () => {
    const { token, serviceKey } = begun({ mutual: false })
    const step = expectStep(beginNegotiation(init([KRB5], token).token), 'ap-req')
    const resp = decodeNegTokenResp(step.accept(judge(step, serviceKey, { apRep: false })).reply!)
    expect(resp).toEqual({
      negState: 'accept-completed',
      supportedMech: KRB5,
      responseToken: undefined,
      mechListMic: undefined,
    })
  })

  test('may carry reqFlags', () => {
    const { token } = begun()
    const { token: withFlags } = encodeNegTokenInit({ mechanisms: [KRB5], reqFlags: fromHex('0176'), mechToken: token })
    expect(beginNegotiation(withFlags).status).toBe('ap-req')
  })

  test('is rejected with or without a KRB-ERROR', () => {
    const { token } = begun()
    const again = () => expectStep(beginNegotiation(init([MS_KRB5, KRB5], token).token), 'ap-req')
    const resp = decodeNegTokenResp(again().reject(krbError)!)
    expect(resp).toMatchObject({ negState: 'reject', supportedMech: MS_KRB5 })
    expect(decode(KrbError, readKrb5Token(resp.responseToken!, 'krb-error').message).errorCode).toBe(37)
    expect(decodeNegTokenResp(again().reject()!)).toMatchObject({ negState: 'reject', responseToken: undefined })
  })

  test('and a MIC is answered with a MIC', () => {
    const { token, serviceKey } = begun({ mutual: false })
    const { mechTypes } = init([KRB5, NTLM], token)
    const client = initiatorContext(expectStep(beginNegotiation(token), 'ap-req'), serviceKey)
    const step = expectStep(beginNegotiation(init([KRB5, NTLM], token, client.getMic(mechTypes.bytes)).token), 'ap-req')
    const reply = step.accept(judge(step, serviceKey, { apRep: false }))
    const resp = decodeNegTokenResp(reply.reply!)
    expect(resp.negState).toBe('accept-completed')
    expect(client.verifyMic(mechTypes.bytes, resp.mechListMic!)).toEqual(mechTypes.bytes)
  })

  test('and a bogus MIC is refused', () => {
    const { token, serviceKey } = begun()
    const client = initiatorContext(expectStep(beginNegotiation(token), 'ap-req'), serviceKey)
    const ofAnotherList = client.getMic(init([KRB5]).mechTypes.bytes)
    for (const [mic, code] of [
      [ofAnotherList, 'GSS_S_BAD_SIG'],
      [text('bogus'), 'GSS_S_DEFECTIVE_TOKEN'],
    ] as const) {
      const step = expectStep(beginNegotiation(init([KRB5, NTLM], token, mic).token), 'ap-req')
      expect(codeOf(() => step.accept(judge(step, serviceKey)))).toBe(code)
    }
  })
})

describe('a SPNEGO token without a Kerberos token', () => {
  test('is asked for one', () => {
    const { token, serviceKey } = begun()
    const first = expectStep(beginNegotiation(init([KRB5]).token), 'continue')
    expect(decodeNegTokenResp(first.reply)).toMatchObject({ negState: 'accept-incomplete', supportedMech: KRB5 })
    const step = expectStep(first.next(encodeNegTokenResp({ responseToken: token })), 'ap-req')
    const reply = step.accept(judge(step, serviceKey))
    // The mechanism stands in the first reply alone.
    expect(decodeNegTokenResp(reply.reply!)).toMatchObject({ negState: 'accept-completed', supportedMech: undefined })
    expect(reply.status).toBe('complete')
  })

  test('whose second leg is wrong is refused', () => {
    const leg = (second: Uint8Array) =>
      refusalOf(() => expectStep(beginNegotiation(init([KRB5]).token), 'continue').next(second))
    const nothing = 'GSS_S_DEFECTIVE_TOKEN: NegTokenResp.response-token: expected a krb5 context token, found nothing'
    expect(leg(encodeNegTokenResp({}))).toBe(nothing)
    expect(leg(encodeNegTokenResp({ responseToken: new Uint8Array(0) }))).toBe(nothing)
    expect(leg(encodeNegTokenResp({ negState: 'reject' }))).toBe(
      'GSS_S_FAILURE: the initiator gave up (negState reject)',
    )
    expect(leg(begun().token)).toBe('GSS_S_DEFECTIVE_TOKEN: NegTokenResp: expected [1], found [APPLICATION 0]')
    expect(leg(new Uint8Array(0))).toBe('GSS_S_DEFECTIVE_TOKEN: NegTokenResp: expected [1], found the end')
  })
})

describe('a SPNEGO token that prefers another mechanism', () => {
  const mechanisms = [NEGOEX, KRB5, NTLM]
  const { mechTypes } = init(mechanisms)

  /** Two legs of the three. */
  function twoLegs(subkey?: Key, mic?: (client: SecurityContext) => Uint8Array) {
    const { token, serviceKey } = begun()
    const first = expectStep(beginNegotiation(init(mechanisms, text('NEGOEXTS and so on')).token), 'continue')
    const client = initiatorContext(expectStep(beginNegotiation(token), 'ap-req'), serviceKey)
    const second = encodeNegTokenResp({ responseToken: token, mechListMic: mic?.(client) })
    const step = expectStep(first.next(second), 'ap-req')
    return { first, client, reply: step.accept(judge(step, serviceKey, { subkey })) }
  }

  test('has its list confirmed by both sides', () => {
    const { first, client, reply } = twoLegs()
    expect(decodeNegTokenResp(first.reply)).toMatchObject({
      negState: 'request-mic',
      supportedMech: KRB5,
      responseToken: undefined,
    })
    if (reply.status !== 'continue') throw new Error(reply.status)
    const resp = decodeNegTokenResp(reply.reply)
    expect(resp.negState).toBe('accept-incomplete')
    expect(readKrb5Token(resp.responseToken!, 'ap-rep').kind).toBe('ap-rep')
    client.verifyMic(mechTypes.bytes, resp.mechListMic!)
    const done = reply.next(encodeNegTokenResp({ mechListMic: client.getMic(mechTypes.bytes) }))
    expect(done).toMatchObject({ status: 'complete', reply: undefined })
    expect(done.context.unwrap(client.wrap(text('on we go')))).toEqual(text('on we go'))
  })

  test('may confirm its list in the second leg already, with the key it has then', () => {
    const { reply } = twoLegs(Key.random(18), (client) => client.getMic(mechTypes.bytes))
    const resp = decodeNegTokenResp(reply.reply!)
    expect(reply.status).toBe('complete')
    expect(resp).toMatchObject({ negState: 'accept-completed', supportedMech: undefined })
    expect(resp.mechListMic).toBeDefined()
  })

  test('is refused when it does not confirm the list', () => {
    const third = (leg: (client: SecurityContext) => Uint8Array) => {
      const { client, reply } = twoLegs()
      if (reply.status !== 'continue') throw new Error(reply.status)
      return refusalOf(() => reply.next(leg(client)))
    }
    const notConfirmed = 'GSS_S_BAD_SIG: the initiator did not confirm its list of mechanisms'
    const wrong = `${notConfirmed}: its mechListMIC is wrong`
    const good = (client: SecurityContext) => client.getMic(mechTypes.bytes)
    expect(third((client) => encodeNegTokenResp({ mechListMic: good(client) }))).toBe('nothing')
    expect(third(() => encodeNegTokenResp({ negState: 'accept-completed' }))).toBe(
      `${notConfirmed}: it sent no mechListMIC`,
    )
    expect(third((client) => encodeNegTokenResp({ mechListMic: flip(good(client), -1) }))).toBe(wrong)
    // The list as somebody on the way changed it.
    expect(
      third((client) => encodeNegTokenResp({ mechListMic: client.getMic(init([KRB5, NTLM]).mechTypes.bytes) })),
    ).toBe(wrong)
    expect(third((client) => encodeNegTokenResp({ mechListMic: good(client), responseToken: text('more') }))).toBe(
      'GSS_S_DEFECTIVE_TOKEN: NegTokenResp.response-token: expected none, since Kerberos is done, found one',
    )
    expect(third(() => encodeNegTokenResp({ negState: 'reject' }))).toBe(
      'GSS_S_FAILURE: the initiator gave up (negState reject)',
    )
  })

  test('that is refused for its list says who may have changed it', () => {
    const { reply } = twoLegs()
    if (reply.status !== 'continue') throw new Error(reply.status)
    expect(() => reply.next(encodeNegTokenResp({}))).toThrow(
      expect.objectContaining({
        hint: 'Somebody on the way may have changed the list to force a weaker mechanism.',
      }),
    )
    const other = twoLegs()
    if (other.reply.status !== 'continue') throw new Error(other.reply.status)
    const { next } = other.reply
    expect(() => next(encodeNegTokenResp({ mechListMic: flip(other.client.getMic(mechTypes.bytes), -1) }))).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: 'KRB_AP_ERR_MODIFIED' }) }),
    )
  })

  test('is refused when our own MIC comes back', () => {
    const { reply } = twoLegs()
    if (reply.status !== 'continue') throw new Error(reply.status)
    const { mechListMic } = decodeNegTokenResp(reply.reply)
    expect(codeOf(() => reply.next(encodeNegTokenResp({ mechListMic })))).toBe('GSS_S_BAD_SIG')
  })
})

describe('what is not Kerberos is recognised', () => {
  // A Windows browser without a ticket: the SPNEGO token that countless bug reports quote.
  const windowsNtlm =
    'YEgGBisGAQUFAqA+MDygDjAMBgorBgEEAYI3AgIKoioEKE5UTE1TU1AAAQAAAJeCCOIAAAAAAAAAAAAAAAAAAAAABgGxHQAAAA8='

  test.each<[string, Uint8Array, string, readonly string[]]>([
    ['raw NTLM', NTLM_TYPE_1, 'ntlm', []],
    ['raw NegoEx', text('NEGOEXTS\0\0'), 'negoex', []],
    ['NTLM in GSS-API framing', frame(NTLM, NTLM_TYPE_1), 'ntlm', [NTLM]],
    ['IAKERB', frame(IAKERB, fromHex('0501')), 'iakerb', [IAKERB]],
    ['another mechanism', frame('1.2.3', text('x')), 'unknown', ['1.2.3']],
    ['MS-krb5 as framing', frame(MS_KRB5, fromHex('0100')), 'unknown', [MS_KRB5]],
  ])('%s', (_, token, mechanism, offered) => {
    expect(beginNegotiation(token)).toEqual({ status: 'unsupported', mechanism, offered })
  })

  test.each<[string, Uint8Array, string]>([
    ['NTLM as Windows sends it', new Uint8Array(Buffer.from(windowsNtlm, 'base64')), 'ntlm'],
    ['NTLM and NegoEx', init([NEGOEX, NTLM], text('NEGOEXTS')).token, 'negoex'],
    ['NTLM and NegoEx without a token', init([NEGOEX, NTLM]).token, 'ntlm'],
    ['NegoEx', init([NEGOEX]).token, 'negoex'],
    ['IAKERB', init([IAKERB]).token, 'iakerb'],
    ['unknown mechanisms', init(['1.2.3', '1.2.4'], text('x')).token, 'unknown'],
    ['NTLM with a token that is a broken frame', init([NTLM], fromHex('600301')).token, 'ntlm'],
    ['NTLM under the name of Kerberos', init([KRB5, NTLM], NTLM_TYPE_1).token, 'ntlm'],
    ['IAKERB under the name of Kerberos', init([KRB5], frame(IAKERB, fromHex('0501'))).token, 'iakerb'],
  ])('%s inside SPNEGO, and rejected', (_, token, mechanism) => {
    const step = expectStep(beginNegotiation(token), 'unsupported')
    expect(step.mechanism).toBe(mechanism)
    expect(step.offered.length).toBeGreaterThan(0)
    expect(decodeNegTokenResp(step.reply!)).toMatchObject({ negState: 'reject' })
  })
})

describe('what is not Kerberos is recognised in a later leg', () => {
  const leg = (responseToken: Uint8Array): Uint8Array => encodeNegTokenResp({ responseToken })

  test.each<[string, Uint8Array, string]>([
    ['NTLM', leg(NTLM_TYPE_1), 'ntlm'],
    ['NegoEx', leg(text('NEGOEXTS\0\0')), 'negoex'],
    ['NTLM in GSS-API framing', leg(frame(NTLM, NTLM_TYPE_1)), 'ntlm'],
    ['IAKERB', leg(frame(IAKERB, fromHex('0501'))), 'iakerb'],
    ['NTLM without SPNEGO', NTLM_TYPE_1, 'ntlm'],
  ])('%s', (_, token, mechanism) => {
    const offered = [NEGOEX, KRB5, NTLM]
    const waiting = expectStep(beginNegotiation(init(offered, text('x')).token), 'continue')
    const step = expectStep(waiting.next(token), 'unsupported')
    expect(step).toMatchObject({ mechanism, offered })
    expect(decodeNegTokenResp(step.reply!)).toMatchObject({ negState: 'reject' })
  })

  test('and what is neither is malformed', () => {
    for (const odd of [frame('1.2.3', text('x')), Uint8Array.of(0x60, 3, 1), text('NTLM')]) {
      const waiting = expectStep(beginNegotiation(init([KRB5]).token), 'continue')
      expect(codeOf(() => waiting.next(leg(odd)))).toBe('GSS_S_DEFECTIVE_TOKEN')
    }
  })
})

test('an empty mechToken is none', () => {
  expectStep(beginNegotiation(init([KRB5], new Uint8Array(0)).token), 'continue')
})

describe('a first token is refused', () => {
  const { token } = begun()
  const { message } = readKrb5Token(token, 'ap-req')
  const { innerToken } = unframe(init([KRB5], token).token)

  test.each<[string, Uint8Array, RegExp]>([
    ['that is empty', new Uint8Array(0), /^token: expected a token framed as in RFC 2743 section 3\.1, found nothing$/],
    ['that is a bare AP-REQ', message, /found a bare AP-REQ/],
    ['that is a NegTokenInit without framing', innerToken, /found a bare NegTokenInit/],
    ['that is a later leg', encodeNegTokenResp({ responseToken: token }), /found a bare NegTokenResp/],
    ['with octets after it', join(token, text('abc')), /InitialContextToken.*3 trailing/],
    ['that is cut off', token.subarray(0, -1), /InitialContextToken/],
    ['that is an AP-REP', frameKrb5Token('ap-rep', message), /TOK_ID 0200/],
    ['whose AP-REQ is something else', frameKrb5Token('ap-req', text('x')), /AP-REQ/],
    ['whose AP-REQ has octets after it', frameKrb5Token('ap-req', join(message, text('x'))), /AP-REQ.*trailing/],
    ['that is a NegTokenResp in framing', frame(SPNEGO, encodeNegTokenResp({})), /NegTokenInit/],
    [
      'whose mechToken has MS-krb5 as framing',
      init([MS_KRB5], frame(MS_KRB5, join(fromHex('0100'), message))).token,
      /48018/,
    ],
    ['whose mechToken is bare', init([KRB5], message).token, /found a bare AP-REQ/],
    ['whose mechToken has octets after it', init([KRB5], join(token, text('x'))).token, /trailing/],
  ])('%s', (_, bytes, reason) => {
    expect(() => beginNegotiation(bytes)).toThrow(reason)
    expect(codeOf(() => beginNegotiation(bytes))).toBe('GSS_S_DEFECTIVE_TOKEN')
  })
})

test('a step is answered once', () => {
  const { token, serviceKey } = begun()
  const step = expectStep(beginNegotiation(token), 'ap-req')
  const judged = judge(step, serviceKey)
  step.accept(judged)
  expect(() => step.accept(judged)).toThrow(/answered already/)
  expect(() => step.reject()).toThrow(/answered already/)
  const waiting = expectStep(beginNegotiation(init([KRB5]).token), 'continue')
  waiting.next(encodeNegTokenResp({ responseToken: token }))
  expect(() => waiting.next(encodeNegTokenResp({ responseToken: token }))).toThrow(/answered already/)
})

test('the flags of a context are those of the authenticator, unless they are given', () => {
  const flagsOf = (flags?: number) => {
    const { token, serviceKey } = begun()
    const step = expectStep(beginNegotiation(token), 'ap-req')
    const reply = step.accept({ ...judge(step, serviceKey), flags })
    if (reply.status !== 'complete') throw new Error(reply.status)
    return reply.context.flags
  }
  expect([flagsOf(), flagsOf(0x2), flagsOf(0)]).toEqual([0x3e, 0x2, 0])
})

test.each([
  ['that begins as SPNEGO', fromHex('6008 06062b0601050502 ff'), true],
  ['that begins as an answer of SPNEGO', fromHex('a1ff'), true],
  ['of Kerberos alone', fromHex('600b 06092a864886f712010202'), false],
  ['of NTLM', NTLM_TYPE_1, false],
  ['that is empty', new Uint8Array(0), false],
])('a token %s is answered with a rejection of SPNEGO: %s', (_what, token, rejected) => {
  expect(rejectionOf(token)).toEqual(rejected ? encodeNegTokenResp({ negState: 'reject' }) : undefined)
})
