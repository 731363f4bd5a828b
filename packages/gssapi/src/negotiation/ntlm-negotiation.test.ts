import { expect, describe, test } from 'vitest'
import { codeOf, refusalOf, text } from '../fixtures/octets.js'
import { Mechanism } from '../framing/oids.js'
import { findNtlmNegotiation } from './ntlm-negotiation.js'
import type { MechListSigner, NtlmBegunStep } from './ntlm-negotiation-step.js'
import { decodeNegTokenResp, encodeNegTokenInit, encodeNegTokenResp } from './spnego.js'

const { KRB5, MS_KRB5, NTLM, NEGOEX } = Mechanism
const FIRST = text('NTLMSSP\0\u0001')
const CHALLENGE = text('NTLMSSP\0\u0002')
const LAST = text('NTLMSSP\0\u0003')
const OURS = text('our MIC')
const THEIRS = text('their MIC')

const init = (mechanisms: readonly string[], mechToken?: Uint8Array) =>
  encodeNegTokenInit({ mechanisms, ...(mechToken && { mechToken }) })
const signerFor = (list: Uint8Array, mustConfirm = false): MechListSigner => ({
  mustConfirm,
  sign: (signed) => (Buffer.from(signed).equals(list) ? OURS : text('of another list')),
  verify: (signed, mic) => Buffer.from(signed).equals(list) && Buffer.from(mic).equals(THEIRS),
})

function begunBy(token: Uint8Array): NtlmBegunStep {
  const step = findNtlmNegotiation(token)
  if (step?.status !== 'begun') throw new Error(`it is ${step?.status}`)
  return step
}

describe('a token is for NTLM', () => {
  test('where it is a message of NTLM itself, which is answered so', () => {
    const step = begunBy(FIRST)
    expect(step.message).toEqual(FIRST)
    const challenged = step.challenge(CHALLENGE)
    expect(challenged.reply).toEqual(CHALLENGE)
    const answered = challenged.next(LAST)
    expect(answered.message).toEqual(LAST)
    expect(answered.accept(signerFor(FIRST, true))).toEqual({ status: 'complete' })
  })

  test('where its list has NTLM first, with a message', () => {
    const { token, mechTypes } = init([NTLM, NEGOEX], FIRST)
    const challenged = begunBy(token).challenge(CHALLENGE)
    expect(decodeNegTokenResp(challenged.reply)).toEqual({
      ...{ negState: 'accept-incomplete', supportedMech: NTLM, responseToken: CHALLENGE, mechListMic: undefined },
    })
    const answered = challenged.next(encodeNegTokenResp({ responseToken: LAST }))
    const done = answered.accept(signerFor(mechTypes.bytes))
    expect(done.status === 'complete' && decodeNegTokenResp(done.reply ?? new Uint8Array(0))).toMatchObject({
      ...{ negState: 'accept-completed', supportedMech: undefined, responseToken: undefined, mechListMic: undefined },
    })
  })

  test.each<[string, readonly string[], 'request-mic' | 'accept-incomplete']>([
    ['another mechanism first, whose token is ignored', [NEGOEX, NTLM], 'request-mic'],
    ['no token', [NTLM], 'accept-incomplete'],
  ])('where its list has %s: it is asked for', (what, mechanisms, negState) => {
    const { token, mechTypes } = init(mechanisms, what === 'no token' ? undefined : text('NEGOEXTS'))
    const step = findNtlmNegotiation(token)
    if (step?.status !== 'asked') throw new Error('not asked')
    expect(decodeNegTokenResp(step.reply)).toMatchObject({ negState, supportedMech: NTLM, responseToken: undefined })
    const begun = step.next(encodeNegTokenResp({ responseToken: FIRST }))
    expect(begun.message).toEqual(FIRST)
    const challenged = begun.challenge(CHALLENGE)
    expect(decodeNegTokenResp(challenged.reply)).toMatchObject({ supportedMech: undefined, responseToken: CHALLENGE })
    const answered = challenged.next(encodeNegTokenResp({ responseToken: LAST, mechListMic: THEIRS }))
    const done = answered.accept(signerFor(mechTypes.bytes))
    expect(done.status === 'complete' && decodeNegTokenResp(done.reply ?? new Uint8Array(0))).toMatchObject({
      negState: 'accept-completed',
      mechListMic: OURS,
    })
  })

  test.each<[string, Uint8Array]>([
    ['it has Kerberos too, in front', init([MS_KRB5, KRB5, NTLM]).token],
    ['it has Kerberos too, behind', init([NTLM, KRB5], FIRST).token],
    ['it has no NTLM', init([NEGOEX]).token],
    ['it continues something', encodeNegTokenResp({ responseToken: FIRST })],
    ['it cannot be read', init([NTLM], FIRST).token.subarray(0, 30)],
    ['it is of NegoEx', text('NEGOEXTS')],
    ['it is empty', new Uint8Array(0)],
  ])('but not where %s', (_what, token) => {
    expect(findNtlmNegotiation(token)).toBeUndefined()
  })
})

describe('the list of mechanisms', () => {
  const answeredBy = (mechanisms: readonly string[], mechListMic?: Uint8Array) => {
    const { token, mechTypes } = init(mechanisms, FIRST)
    const begun = findNtlmNegotiation(token)
    const first = begun?.status === 'asked' ? begun.next(encodeNegTokenResp({ responseToken: FIRST })) : begun
    const challenged = first?.challenge(CHALLENGE)
    const answered = challenged?.next(encodeNegTokenResp({ responseToken: LAST, mechListMic }))
    if (answered === undefined) throw new Error('not answered')
    return { answered, list: mechTypes.bytes }
  }

  test.each([
    ['NTLM was not first', [NEGOEX, NTLM], false],
    ['the client has protected its messages', [NTLM], true],
  ])('must be confirmed where %s, in one more leg if need be', (_why, mechanisms, mustConfirm) => {
    const { answered, list } = answeredBy(mechanisms)
    const step = answered.accept(signerFor(list, mustConfirm))
    if (step.status !== 'confirm') throw new Error('not to be confirmed')
    expect(decodeNegTokenResp(step.reply)).toMatchObject({ negState: 'accept-incomplete', mechListMic: OURS })
    expect(step.next(encodeNegTokenResp({ mechListMic: THEIRS }))).toBeUndefined()
  })

  test.each<[string, Uint8Array | undefined, Uint8Array | undefined, string]>([
    ['nothing', undefined, undefined, 'GSS_S_BAD_SIG'],
    ['another MIC', undefined, OURS, 'GSS_S_BAD_SIG'],
    ['a message with it', LAST, THEIRS, 'GSS_S_DEFECTIVE_TOKEN'],
  ])('is not confirmed by %s', (_what, responseToken, mechListMic, code) => {
    const { answered, list } = answeredBy([NEGOEX, NTLM])
    const step = answered.accept(signerFor(list))
    if (step.status !== 'confirm') throw new Error('not to be confirmed')
    expect(codeOf(() => step.next(encodeNegTokenResp({ responseToken, mechListMic })))).toBe(code)
  })

  test('is refused where somebody has taken Kerberos out of it', () => {
    const { answered } = answeredBy([NTLM], THEIRS)
    expect(refusalOf(() => answered.accept(signerFor(init([KRB5, NTLM]).mechTypes.bytes)))).toBe(
      'GSS_S_BAD_SIG: the initiator did not confirm its list of mechanisms: its mechListMIC is wrong',
    )
  })

  test('is not confirmed before there is a key', () => {
    const { token } = encodeNegTokenInit({ mechanisms: [NTLM], mechToken: FIRST, mechListMic: THEIRS })
    expect(refusalOf(() => begunBy(token).challenge(CHALLENGE))).toBe(
      'GSS_S_DEFECTIVE_TOKEN: mech-list-mic: expected none before the last message, found one',
    )
  })
})

describe('a later token is refused', () => {
  const challenged = () => begunBy(init([NTLM], FIRST).token).challenge(CHALLENGE)
  test.each<[string, Uint8Array, string]>([
    ['without a message', encodeNegTokenResp({ negState: 'accept-incomplete' }), 'GSS_S_DEFECTIVE_TOKEN'],
    ['with an empty message', encodeNegTokenResp({ responseToken: new Uint8Array(0) }), 'GSS_S_DEFECTIVE_TOKEN'],
    ['where the client gives up', encodeNegTokenResp({ negState: 'reject' }), 'GSS_S_FAILURE'],
    ['that is a message without SPNEGO', LAST, 'GSS_S_DEFECTIVE_TOKEN'],
    ['that begins a new negotiation', init([NTLM], FIRST).token, 'GSS_S_DEFECTIVE_TOKEN'],
  ])('%s', (_what, token, code) => {
    expect(codeOf(() => challenged().next(token))).toBe(code)
  })

  test('at a step that was taken already', () => {
    const step = challenged()
    step.next(encodeNegTokenResp({ responseToken: LAST }))
    expect(codeOf(() => step.next(encodeNegTokenResp({ responseToken: LAST })))).toBe('KRB5_CONFIG_BADFORMAT')
  })
})
