import { describe, expect, test } from 'vitest'
import { fromHex, refusalOf, text } from '../fixtures/octets.js'
import { Mechanism } from '../framing/oids.js'
import {
  decodeNegTokenInit,
  decodeNegTokenResp,
  encodeNegTokenInit,
  encodeNegTokenResp,
  type NegState,
} from './spnego.js'
import { unframe } from '../framing/token-framing.js'

describe('NegTokenInit', () => {
  test('comes back as it was encoded', () => {
    const mechanisms = [Mechanism.MS_KRB5, Mechanism.KRB5, Mechanism.NTLM]
    const { token, mechTypes } = encodeNegTokenInit({ mechanisms, mechToken: text('token'), mechListMic: text('mic') })
    expect(unframe(token).mechanism).toBe(Mechanism.SPNEGO)
    const init = decodeNegTokenInit(unframe(token).innerToken)
    expect(init).toMatchObject({ mechTypes, mechToken: text('token'), mechListMic: text('mic') })
    expect(init.mechTypes.mechanisms).toEqual(mechanisms)
  })

  test('keeps the octets of its list as they were sent', () => {
    const { token, mechTypes } = encodeNegTokenInit({ mechanisms: [Mechanism.KRB5] })
    expect(mechTypes.bytes).toEqual(fromHex('300b 06092a864886f712010202'))
    expect(decodeNegTokenInit(unframe(token).innerToken).mechTypes.bytes).toEqual(mechTypes.bytes)
  })

  // What a Windows server sends in an SMB2 NEGOTIATE response; the layout is that of MS-SPNG
  // section 2.2.1.
  test('of a server that speaks first has hints', () => {
    const token = fromHex(`6076 06062b0601050502 a06c 306a
      a03c 303a 060a2b06010401823702021e 06092a864882f712010202 06092a864886f712010202 060a2a864886f71201020203
        060a2b06010401823702020a
      a32a 3028 a026 1b24 6e6f745f646566696e65645f696e5f5246433431373840706c656173655f69676e6f7265`)
    const init = decodeNegTokenInit(unframe(token).innerToken)
    expect(init.mechTypes.mechanisms).toEqual([
      Mechanism.NEGOEX,
      Mechanism.MS_KRB5,
      Mechanism.KRB5,
      '1.2.840.113554.1.2.2.3',
      Mechanism.NTLM,
    ])
    expect(new TextDecoder().decode(init.negHints)).toContain('not_defined_in_RFC4178@please_ignore')
    expect(init.mechListMic).toBeUndefined()
  })

  test('with hints has its MIC in the next place', () => {
    const { token } = encodeNegTokenInit({
      mechanisms: [Mechanism.KRB5],
      negHints: text('hints'),
      mechListMic: text('mic'),
    })
    expect(decodeNegTokenInit(unframe(token).innerToken)).toMatchObject({
      negHints: text('hints'),
      mechListMic: text('mic'),
    })
  })

  test('may have fields of a later version', () => {
    const init = decodeNegTokenInit(fromHex('a015 3013 a00d 300b 06092a864886f712010202 a502 0500'))
    expect(init.mechTypes.mechanisms).toEqual([Mechanism.KRB5])
  })

  test('without hints has its MIC in one place only', () => {
    const { token } = encodeNegTokenInit({ mechanisms: [Mechanism.KRB5], mechListMic: text('m') })
    expect(unframe(token).innerToken).toEqual(fromHex('a016 3014 a00d 300b 06092a864886f712010202 a303 04016d'))
  })

  test('may have reqFlags of any length, as Java sends them', () => {
    const init = decodeNegTokenInit(fromHex('a017 3015 a00d 300b 06092a864886f712010202 a104 03020176'))
    expect(init.reqFlags).toEqual(fromHex('0176'))
  })

  test.each([
    ['without a list', 'a002 3000', '.mech-types: expected [0], found the end'],
    ['with an empty list', 'a006 3004 a002 3000', '.mech-types: expected at least 1 element, found none'],
    [
      'with octets after it',
      'a011 300f a00d 300b 06092a864886f712010202 00',
      ': expected the end, found 1 trailing octets',
    ],
    [
      'with a MIC of another type',
      'a015 3013 a00d 300b 06092a864886f712010202 a302 0c00',
      '.third: expected OCTET STRING, found tag 0x0c',
    ],
    ['that is a NegTokenResp', 'a102 3000', ': expected [0], found [1]'],
    ['that is empty', '', ': expected [0], found the end'],
  ])('is refused %s', (_, hex, message) => {
    expect(refusalOf(() => decodeNegTokenInit(fromHex(hex)))).toBe(`GSS_S_DEFECTIVE_TOKEN: NegTokenInit${message}`)
  })
})

describe('NegTokenResp', () => {
  test.each<[NegState, string]>([
    ['accept-completed', 'a107 3005 a0030a0100'],
    ['accept-incomplete', 'a107 3005 a0030a0101'],
    ['reject', 'a107 3005 a0030a0102'],
    ['request-mic', 'a107 3005 a0030a0103'],
  ])('says %s', (negState, hex) => {
    expect(encodeNegTokenResp({ negState })).toEqual(fromHex(hex))
    expect(decodeNegTokenResp(fromHex(hex)).negState).toBe(negState)
  })

  test('comes back as it was encoded', () => {
    const resp = {
      negState: 'accept-completed',
      supportedMech: Mechanism.KRB5,
      responseToken: text('t'),
      mechListMic: text('m'),
    } as const
    expect(decodeNegTokenResp(encodeNegTokenResp(resp))).toEqual(resp)
  })

  test('may be empty, and may have fields of a later version', () => {
    expect(decodeNegTokenResp(fromHex('a102 3000')).negState).toBeUndefined()
    expect(decodeNegTokenResp(fromHex('a106 3004 a5020500')).negState).toBeUndefined()
  })

  test.each([
    ['of a state beyond 3', 'a107 3005 a0030a0104', '.neg-state: expected an ENUMERATED 0..3, found 4'],
    ['of a state without octets', 'a106 3004 a0020a00', '.neg-state: expected an ENUMERATED 0..3, found 0 octets'],
    ['of a state of two octets', 'a108 3006 a0040a020000', '.neg-state: expected an ENUMERATED 0..3, found 2 octets'],
    ['with octets after it', 'a102 3000 00', ': expected the end, found 1 trailing octets'],
    ['that is a NegTokenInit', 'a002 3000', ': expected [1], found [0]'],
  ])('is refused %s', (_, hex, message) => {
    expect(refusalOf(() => decodeNegTokenResp(fromHex(hex)))).toBe(`GSS_S_DEFECTIVE_TOKEN: NegTokenResp${message}`)
  })
})
