import { Key } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { fromHex, join, refusalOf, text } from '../fixtures/octets.js'
import {
  type IncomingMessage,
  makeMicToken,
  makeWrapToken,
  openWrapToken,
  type OutgoingMessage,
  verifyMicToken,
} from './per-message.js'

const key = Key.random(18)
const data = text('hello')
const outgoing: OutgoingMessage = { key, acceptorSubkey: false, sender: 'initiator', sequence: 0x0102_0304_0506n }
const incoming: IncomingMessage = {
  keyFor: (acceptorSubkey) => (acceptorSubkey ? undefined : key),
  sender: 'initiator',
}
const mic = makeMicToken(outgoing, data)
const sealed = makeWrapToken(outgoing, data, true)
const signed = makeWrapToken(outgoing, data, false)

/** The token with the octets from `at` on replaced. */
function changed(token: Uint8Array, at: number, hex: string): Uint8Array {
  const octets = fromHex(hex)
  return join(token.subarray(0, at), octets, token.subarray(at + octets.length))
}

test('a verified message says its data, its number and whether it was sealed', () => {
  const sequence = 0x0102_0304_0506n
  expect(verifyMicToken(incoming, data, mic)).toEqual({ data, sequence, confidential: false })
  expect(openWrapToken(incoming, sealed)).toEqual({ data, sequence, confidential: true })
  expect(openWrapToken(incoming, signed)).toEqual({ data, sequence, confidential: false })
})

describe('a MIC is refused', () => {
  const token = 'GSS_S_DEFECTIVE_TOKEN: per-message token'

  test.each([
    ['that is shorter than a header', mic.subarray(0, 15), `${token}.header: expected 16 octets, found 15`],
    ['of another kind', sealed, `${token}.TOK_ID: expected 0404, found 0504`],
    ['of a kind with a small number', changed(mic, 0, '0001'), `${token}.TOK_ID: expected 0404, found 0001`],
    ['with another octet in its filler', changed(mic, 3, '0f'), `${token}.Filler: expected ff, found 0f`],
    [
      'with other octets where EC would be',
      changed(mic, 4, 'fffe'),
      `${token}.Filler: expected ffffffff, found other octets`,
    ],
    [
      'with other octets where RRC would be',
      changed(mic, 6, 'fffe'),
      `${token}.Filler: expected ffffffff, found other octets`,
    ],
    ['that says it is sealed', changed(mic, 2, '02'), `${token}.Flags: expected no Sealed flag, found one`],
    [
      'of the acceptor, where one of the initiator is due',
      changed(mic, 2, '01'),
      'KRB_AP_ERR_BADDIRECTION: the message was sent by the acceptor, not by the initiator',
    ],
    [
      'under a subkey that was never sent',
      changed(mic, 2, '04'),
      'KRB_AP_ERR_MODIFIED: the message names a subkey of the acceptor, which sent none',
    ],
  ])('%s', (_, octets, message) => {
    expect(refusalOf(() => verifyMicToken(incoming, data, octets))).toBe(message)
  })

  test('of the initiator, where one of the acceptor is due', () => {
    expect(refusalOf(() => verifyMicToken({ ...incoming, sender: 'acceptor' }, data, mic))).toBe(
      'KRB_AP_ERR_BADDIRECTION: the message was sent by the initiator, not by the acceptor',
    )
  })

  test('under a key of rc4-hmac, which has tokens of its own', () => {
    const rc4 = { ...incoming, keyFor: () => Key.random(23) }
    const message = 'KRB_AP_ERR_MODIFIED: the key of the context is of rc4-hmac, the message is not'
    expect(refusalOf(() => verifyMicToken(rc4, data, mic))).toBe(message)
    expect(refusalOf(() => openWrapToken(rc4, sealed))).toBe(message)
  })
})

describe('a Wrap token is refused', () => {
  test('of another kind', () => {
    expect(refusalOf(() => openWrapToken(incoming, mic))).toBe(
      'GSS_S_DEFECTIVE_TOKEN: per-message token.TOK_ID: expected 0504, found 0404',
    )
  })

  test('whose header is not the one that was sealed', () => {
    const other = 'KRB_AP_ERR_MODIFIED: the header of the Wrap token is not the one that was sealed'
    expect(refusalOf(() => openWrapToken(incoming, changed(sealed, 4, '0004')))).toBe(other)
    expect(refusalOf(() => openWrapToken(incoming, changed(sealed, 8, '01')))).toBe(other)
  })

  test('whose checksum would be longer than it is', () => {
    const most = signed.length - 16
    expect(refusalOf(() => openWrapToken(incoming, changed(signed, 4, 'ffff')))).toBe(
      `GSS_S_DEFECTIVE_TOKEN: per-message token.EC: expected at most ${most}, found 65535`,
    )
    expect(refusalOf(() => openWrapToken(incoming, changed(signed, 4, '0000')))).toMatch(/^KRB_AP_ERR_MODIFIED/)
  })

  test('whose checksum is all there is, over no data', () => {
    const empty = makeWrapToken(outgoing, new Uint8Array(0), false)
    expect(openWrapToken(incoming, empty).data).toHaveLength(0)
    expect(refusalOf(() => openWrapToken(incoming, empty.subarray(0, 16)))).toMatch(/^GSS_S_DEFECTIVE_TOKEN: .*\.EC/)
  })
})

test('the octets of a rotated body are put back, also where the body was rotated more than once around', () => {
  const body = signed.subarray(16)
  for (const rotation of [1, body.length - 1, body.length, body.length + 3]) {
    const by = rotation % body.length
    const rotated = join(body.subarray(body.length - by), body.subarray(0, body.length - by))
    const header = changed(signed.subarray(0, 16), 6, rotation.toString(16).padStart(4, '0'))
    expect(openWrapToken(incoming, join(header, rotated)).data).toEqual(data)
  }
})
