import { Key, rc4TokenCipher } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { codeOf, flip, fromHex, join, refusalOf, text } from '../fixtures/octets.js'
import { Mechanism } from '../framing/oids.js'
import type { IncomingMessage, OutgoingMessage, Role } from './per-message.js'
import { makeMicToken, openWrapToken, verifyMicToken } from './per-message.js'
import { makeRc4MicToken, makeRc4WrapToken, openRc4WrapToken, verifyRc4MicToken } from './rc4-per-message.js'
import { frame, unframe } from '../framing/token-framing.js'

const key = Key.random(23)
const data = text('hello world')

function outgoing(sender: Role = 'initiator'): OutgoingMessage {
  return { key, acceptorSubkey: false, sender, sequence: 0x0102_0304n }
}

function incoming(sender: Role = 'initiator', context = key): IncomingMessage {
  return { keyFor: (acceptorSubkey) => (acceptorSubkey ? undefined : context), sender }
}

test('the headers are as RFC 4757 section 7.3 has them', () => {
  const hex = (token: Uint8Array) => Buffer.from(unframe(token).innerToken.subarray(0, 8)).toString('hex')
  expect(hex(makeRc4MicToken(outgoing(), data))).toBe('01011100ffffffff')
  expect(hex(makeRc4WrapToken(outgoing(), data, true))).toBe('020111001000ffff')
  expect(hex(makeRc4WrapToken(outgoing(), data, false))).toBe('02011100ffffffff')
})

test.each(['initiator', 'acceptor'] as const)('messages of the %s carry data and number', (sender) => {
  for (const confidential of [true, false]) {
    const token = makeRc4WrapToken(outgoing(sender), data, confidential)
    expect(Buffer.from(token).includes('hello')).toBe(!confidential)
    expect(openRc4WrapToken(incoming(sender), token)).toEqual({ data, sequence: 0x0102_0304n, confidential })
  }
  const mic = makeRc4MicToken(outgoing(sender), data)
  expect(verifyRc4MicToken(incoming(sender), data, mic)).toEqual({ data, sequence: 0x0102_0304n, confidential: false })
})

describe('a message is refused', () => {
  const sealed = makeRc4WrapToken(outgoing(), data, true)
  const signed = makeRc4WrapToken(outgoing(), data, false)
  const mic = makeRc4MicToken(outgoing(), data)

  test('with any octet changed', () => {
    const changed = (token: Uint8Array, open: (octets: Uint8Array) => unknown) =>
      Array.from(token, (_, position) => codeOf(() => open(flip(token, position)))).flatMap((code, position) =>
        code === 'nothing' ? [position] : [],
      )
    expect(changed(sealed, (token) => openRc4WrapToken(incoming(), token))).toEqual([])
    // Without a seal nothing protects the number: a weakness of the protocol.
    expect(changed(signed, (token) => openRc4WrapToken(incoming(), token))).toEqual([21, 22, 23, 24])
    expect(changed(mic, (token) => verifyRc4MicToken(incoming(), data, token))).toEqual([21, 22, 23, 24])
  })

  test('that comes back to its sender', () => {
    expect(codeOf(() => openRc4WrapToken(incoming('acceptor'), sealed))).toBe('KRB_AP_ERR_BADDIRECTION')
    expect(codeOf(() => openRc4WrapToken(incoming('acceptor'), signed))).toBe('KRB_AP_ERR_BADDIRECTION')
    expect(codeOf(() => verifyRc4MicToken(incoming('acceptor'), data, mic))).toBe('KRB_AP_ERR_BADDIRECTION')
  })

  test('over other data, or under another key', () => {
    expect(codeOf(() => verifyRc4MicToken(incoming(), text('other'), mic))).toBe('KRB_AP_ERR_MODIFIED')
    expect(codeOf(() => verifyRc4MicToken(incoming('initiator', Key.random(23)), data, mic))).toBe(
      'KRB_AP_ERR_MODIFIED',
    )
    expect(codeOf(() => openRc4WrapToken(incoming('initiator', Key.random(23)), sealed))).toBe('KRB_AP_ERR_MODIFIED')
  })

  test('of the other generation', () => {
    const aes = Key.random(18)
    expect(codeOf(() => openRc4WrapToken(incoming('initiator', aes), sealed))).toBe('KRB_AP_ERR_MODIFIED')
    expect(codeOf(() => verifyRc4MicToken(incoming('initiator', aes), data, mic))).toBe('KRB_AP_ERR_MODIFIED')
    expect(codeOf(() => verifyMicToken(incoming(), data, makeMicToken({ ...outgoing(), key: aes }, data)))).toBe(
      'KRB_AP_ERR_MODIFIED',
    )
    expect(codeOf(() => openWrapToken(incoming(), sealed))).toBe('GSS_S_DEFECTIVE_TOKEN')
  })

  test.each<[string, Uint8Array]>([
    ['of the other kind', mic],
    ['of another mechanism', frame(Mechanism.NTLM, unframe(sealed).innerToken)],
    ['that is too short', frame(Mechanism.KRB5, unframe(sealed).innerToken.subarray(0, 32))],
    ['without a number', frame(Mechanism.KRB5, fromHex('020111001000ffff'))],
    ['with octets after it', join(sealed, text('x'))],
  ])('%s', (_, token) => {
    expect(codeOf(() => openRc4WrapToken(incoming(), token))).toBe('GSS_S_DEFECTIVE_TOKEN')
  })

  test('that is a Wrap token where a MIC should be', () => {
    expect(codeOf(() => verifyRc4MicToken(incoming(), data, sealed))).toBe('GSS_S_DEFECTIVE_TOKEN')
  })
})

describe('a message says what is wrong with it:', () => {
  const sealed = makeRc4WrapToken(outgoing(), data, true)
  const mic = makeRc4MicToken(outgoing(), data)
  const inner = (token: Uint8Array, octets: Uint8Array) => frame(Mechanism.KRB5, join(token, octets))
  const header = (token: Uint8Array, hex: string) => inner(fromHex(hex), unframe(token).innerToken.subarray(8))
  const wrong = (what: string, expected: string) =>
    `GSS_S_DEFECTIVE_TOKEN: ${what}: expected ${expected}, found another`

  /**
   * A signed token whose padding is not the one octet that is needed, made by whoever has the key.
   */
  function paddedWith(octet: number): Uint8Array {
    const head = fromHex('02011100ffffffff')
    const padded = join(new Uint8Array(8), data, Uint8Array.of(octet))
    const checksum = key.checksum(13, join(head, padded)).subarray(0, 8)
    const sequence = rc4TokenCipher(key, 'sequence', checksum, fromHex('01020304 00000000'))
    return frame(Mechanism.KRB5, join(head, sequence, checksum, padded))
  }

  test.each([
    [
      'a MIC with data after it',
      inner(unframe(mic).innerToken, text('x')),
      wrong('MIC token', 'the header of one, and no data'),
    ],
    [
      'a MIC with the header of a Wrap token',
      header(mic, '020111001000ffff'),
      wrong('MIC token', 'the header of one, and no data'),
    ],
    [
      'a MIC that is too short',
      frame(Mechanism.KRB5, unframe(mic).innerToken.subarray(0, 23)),
      wrong('MIC token', 'a krb5 token of at least 24 octets'),
    ],
    [
      'a MIC of another mechanism',
      frame(Mechanism.NTLM, unframe(mic).innerToken),
      wrong('MIC token', 'a krb5 token of at least 24 octets'),
    ],
  ])('%s', (_, token, message) => {
    expect(refusalOf(() => verifyRc4MicToken(incoming(), data, token))).toBe(message)
  })

  test.each([
    ['a Wrap token with another header', header(sealed, '0201110010000000'), wrong('Wrap token', 'the header of one')],
    [
      'a Wrap token with the header of a MIC',
      header(sealed, '01011100ffffffff'),
      wrong('Wrap token', 'the header of one'),
    ],
    [
      'a Wrap token that is too short',
      frame(Mechanism.KRB5, unframe(sealed).innerToken.subarray(0, 23)),
      wrong('Wrap token', 'a krb5 token of at least 24 octets'),
    ],
    [
      'a Wrap token without room for padding',
      frame(Mechanism.KRB5, unframe(sealed).innerToken.subarray(0, 32)),
      wrong('Wrap token', 'a confounder and padding'),
    ],
    ['a Wrap token with other padding', paddedWith(2), wrong('Wrap token', 'one octet of padding')],
  ])('%s', (_, token, message) => {
    expect(refusalOf(() => openRc4WrapToken(incoming(), token))).toBe(message)
  })

  test('whose padding is the one octet is read, so that the refusal is about the padding', () => {
    expect(openRc4WrapToken(incoming(), paddedWith(1))).toEqual({ data, sequence: 0x0102_0304n, confidential: false })
  })

  test('and may be empty', () => {
    const empty = makeRc4WrapToken(outgoing(), new Uint8Array(0), true)
    expect(openRc4WrapToken(incoming(), empty).data).toHaveLength(0)
  })

  test('who did not send it', () => {
    expect(refusalOf(() => verifyRc4MicToken(incoming('acceptor'), data, mic))).toBe(
      'KRB_AP_ERR_BADDIRECTION: the message was not sent by the acceptor',
    )
  })

  test('that its context has no key of rc4-hmac', () => {
    const message = 'KRB_AP_ERR_MODIFIED: the message is of rc4-hmac, the key of the context is not'
    const none = { keyFor: () => undefined, sender: 'initiator' as const }
    expect(refusalOf(() => verifyRc4MicToken(none, data, mic))).toBe(message)
    expect(refusalOf(() => openRc4WrapToken(incoming('initiator', Key.random(17)), sealed))).toBe(message)
  })
})

test('the subkey of the acceptor is the key, once there is one', () => {
  const other = Key.random(23)
  const both = { keyFor: (acceptorSubkey: boolean) => (acceptorSubkey ? key : other), sender: 'initiator' as const }
  expect(openRc4WrapToken(both, makeRc4WrapToken(outgoing(), data, true)).data).toEqual(data)
})
