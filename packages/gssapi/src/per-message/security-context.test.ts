import { inspect } from 'node:util'
import { Key, parsePrincipal } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { ContextFlag } from '../context-tokens/context-flags.js'
import { codeOf, flip, join, refusalOf, text } from '../fixtures/octets.js'
import { SecurityContext, type SecurityContextOptions } from './security-context.js'

const alice = parsePrincipal('alice@AD.TEST')
const web = parsePrincipal('HTTP/web.ad.test@AD.TEST')
const data = text('hello world')
const ORDERED = ContextFlag.REPLAY | ContextFlag.SEQUENCE

/** Both ends of one context. */
function pair(etype = 18, options: Partial<SecurityContextOptions> = {}) {
  const shared = { flags: ORDERED, initiatorKey: Key.random(etype), ...options }
  return {
    initiator: new SecurityContext({
      ...shared,
      role: 'initiator',
      peer: web,
      sendSequence: 100,
      receiveSequence: 900,
    }),
    acceptor: new SecurityContext({
      ...shared,
      role: 'acceptor',
      peer: alice,
      sendSequence: 900,
      receiveSequence: 100,
    }),
  }
}

describe.each([17, 18, 19, 20, 23, 25, 26])('with encryption type %i', (etype) => {
  test.each([true, false])('messages pass in both directions (confidential: %s)', (confidential) => {
    const { initiator, acceptor } = pair(etype)
    for (const message of [data, new Uint8Array(0), new Uint8Array(1000).fill(7)]) {
      expect(acceptor.unwrap(initiator.wrap(message, { confidential }), { confidential })).toEqual(message)
      expect(initiator.unwrap(acceptor.wrap(message, { confidential }), { confidential })).toEqual(message)
    }
  })

  test.each([undefined, true, false])('what wrapSizeLimit allows fits (confidential: %s)', (confidential) => {
    const { initiator } = pair(etype)
    const options = confidential === undefined ? undefined : { confidential }
    const empty = initiator.wrap(new Uint8Array(0), options).length
    for (const max of [0, empty - 1, empty + 4, 1_000, 70_000]) {
      const fits = initiator.wrapSizeLimit(max, options)
      expect(fits).toBe(Math.max(0, max - empty - (etype === 23 ? 4 : 0)))
      if (fits > 0) expect(initiator.wrap(new Uint8Array(fits), options).length).toBeLessThanOrEqual(max)
    }
    // A message is not counted as sent.
    expect(initiator.wrap(data).length).toBe(pair(etype).initiator.wrap(data).length)
  })

  test('signatures pass in both directions', () => {
    const { initiator, acceptor } = pair(etype)
    expect(acceptor.verifyMic(data, initiator.getMic(data))).toEqual(data)
    expect(initiator.verifyMic(data, acceptor.getMic(data))).toEqual(data)
  })
})

test('a sealed message does not show its data, and is sealed by default', () => {
  const { initiator } = pair()
  expect(Buffer.from(initiator.wrap(data)).includes('hello')).toBe(false)
  expect(Buffer.from(initiator.wrap(data, { confidential: false })).includes('hello')).toBe(true)
})

test('the header is as RFC 4121 section 4.2.6 has it', () => {
  const { acceptor } = pair(18, { acceptorKey: Key.random(18) })
  expect(Buffer.from(acceptor.getMic(data).subarray(0, 16)).toString('hex')).toBe('040405ffffffffff0000000000000384')
  expect(Buffer.from(acceptor.wrap(data).subarray(0, 16)).toString('hex')).toBe('050407ff000000000000000000000385')
  const signed = acceptor.wrap(data, { confidential: false })
  expect(Buffer.from(signed.subarray(0, 16)).toString('hex')).toBe('050405ff000c00000000000000000386')
  expect(signed).toHaveLength(16 + data.length + 12)
})

test('the protection of a message is told with its data, for both kinds of tokens', () => {
  for (const etype of [18, 23]) {
    const { initiator, acceptor } = pair(etype)
    expect(acceptor.unwrapMessage(initiator.wrap(data))).toEqual({ data, confidential: true })
    const signed = initiator.wrap(data, { confidential: false })
    expect(acceptor.unwrapMessage(signed)).toEqual({ data, confidential: false })
    expect(refusalOf(() => acceptor.unwrapMessage(signed))).toMatch(/^KRB_AP_ERR_REPEAT: /)
  }
})

test('a message without a seal is refused where one is demanded', () => {
  const { initiator, acceptor } = pair()
  expect(refusalOf(() => acceptor.unwrap(initiator.wrap(data, { confidential: false }), { confidential: true }))).toBe(
    'KRB_AP_ERR_INAPP_CKSUM: the message is signed but not sealed',
  )
})

test.each([true, false])('the body may be rotated by any number (confidential: %s)', (confidential) => {
  for (const rotation of [1, 12, 28, 61, 0xffff]) {
    const { initiator, acceptor } = pair()
    const token = initiator.wrap(data, { confidential })
    const body = token.subarray(16)
    const by = rotation % body.length
    const header = token.slice(0, 16)
    new DataView(header.buffer).setUint16(6, rotation)
    const rotated = join(header, body.subarray(body.length - by), body.subarray(0, body.length - by))
    expect(acceptor.unwrap(rotated)).toEqual(data)
  }
})

test('filler between data and header is dropped', () => {
  const key = Key.random(18)
  const { acceptor } = pair(18, { initiatorKey: key })
  const header = Uint8Array.of(5, 4, 2, 0xff, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100)
  expect(acceptor.unwrap(join(header, key.seal(24, join(data, text('fil'), header))))).toEqual(data)
})

describe('keys', () => {
  test('the subkey of the acceptor is used from then on', () => {
    const acceptorKey = Key.random(18)
    const { initiator, acceptor } = pair(17, { acceptorKey })
    expect(acceptor.unwrap(initiator.wrap(data))).toEqual(data)
    expect(initiator.verifyMic(data, acceptor.getMic(data))).toEqual(data)
  })

  test('an initiator that has not read the AP-REP yet signs with its own', () => {
    const initiatorKey = Key.random(18)
    const { initiator } = pair(18, { initiatorKey })
    const { acceptor } = pair(18, { initiatorKey, acceptorKey: Key.random(18) })
    expect(acceptor.verifyMic(data, initiator.getMic(data))).toEqual(data)
  })

  test('a subkey that was never sent is refused', () => {
    const initiatorKey = Key.random(18)
    const { initiator } = pair(18, { initiatorKey, acceptorKey: Key.random(18) })
    const { acceptor } = pair(18, { initiatorKey })
    expect(codeOf(() => acceptor.verifyMic(data, initiator.getMic(data)))).toBe('KRB_AP_ERR_MODIFIED')
  })
})

describe('a message is refused', () => {
  test('that comes back to its sender', () => {
    const { initiator } = pair()
    expect(codeOf(() => initiator.unwrap(initiator.wrap(data)))).toBe('KRB_AP_ERR_BADDIRECTION')
    expect(codeOf(() => initiator.verifyMic(data, initiator.getMic(data)))).toBe('KRB_AP_ERR_BADDIRECTION')
  })

  test('that comes back with its direction changed', () => {
    const { initiator } = pair()
    expect(codeOf(() => initiator.unwrap(flip(initiator.wrap(data), 2)))).toBe('KRB_AP_ERR_BAD_INTEGRITY')
    expect(codeOf(() => initiator.unwrap(flip(initiator.wrap(data, { confidential: false }), 2)))).toBe(
      'KRB_AP_ERR_MODIFIED',
    )
    expect(codeOf(() => initiator.verifyMic(data, flip(initiator.getMic(data), 2)))).toBe('KRB_AP_ERR_MODIFIED')
  })

  test.each([true, false])('with any bit of it changed (confidential: %s)', (confidential) => {
    const { initiator, acceptor } = pair()
    const token = initiator.wrap(data, { confidential })
    for (let position = 0; position < token.length; position++) {
      for (const bits of [1, 0x80]) {
        // The rotation alone is not signed: changing it garbles the body, which is.
        expect(codeOf(() => acceptor.unwrap(flip(token, position, bits)))).toMatch(
          /^(KRB_AP_ERR_|GSS_S_DEFECTIVE_TOKEN)/,
        )
      }
    }
    expect(acceptor.unwrap(token)).toEqual(data)
  })

  test('whose signature is another', () => {
    const { initiator, acceptor } = pair()
    const mic = initiator.getMic(data)
    for (let position = 0; position < mic.length; position++) {
      expect(codeOf(() => acceptor.verifyMic(data, flip(mic, position)))).not.toBe('nothing')
    }
    expect(codeOf(() => acceptor.verifyMic(text('hello World'), mic))).toBe('KRB_AP_ERR_MODIFIED')
    expect(codeOf(() => acceptor.verifyMic(data, mic.subarray(0, 16)))).toBe('KRB_AP_ERR_MODIFIED')
    expect(acceptor.verifyMic(data, mic)).toEqual(data)
  })

  test('whose outer EC is not the sealed one', () => {
    const { initiator, acceptor } = pair()
    expect(codeOf(() => acceptor.unwrap(flip(initiator.wrap(data), 5, 4)))).toBe('KRB_AP_ERR_MODIFIED')
  })

  test('whose EC is more than there is', () => {
    const key = Key.random(18)
    const { initiator, acceptor } = pair(18, { initiatorKey: key })
    expect(codeOf(() => acceptor.unwrap(flip(initiator.wrap(data, { confidential: false }), 4, 0xff)))).toBe(
      'GSS_S_DEFECTIVE_TOKEN',
    )
    const header = Uint8Array.of(5, 4, 2, 0xff, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100)
    expect(codeOf(() => acceptor.unwrap(join(header, key.seal(24, join(data, header)))))).toBe('KRB_AP_ERR_MODIFIED')
    expect(codeOf(() => acceptor.unwrap(join(header, key.seal(24, text('short')))))).toBe('KRB_AP_ERR_MODIFIED')
  })

  test.each([
    ['with no octets', 0],
    ['with half a header', 15],
    ['with nothing but a header', 16],
    ['that is cut off', 40],
  ])('%s', (_, length) => {
    const { initiator, acceptor } = pair()
    expect(codeOf(() => acceptor.unwrap(initiator.wrap(data).subarray(0, length)))).toMatch(
      /GSS_S_DEFECTIVE_TOKEN|KRB_AP_ERR_BAD_INTEGRITY/,
    )
    expect(codeOf(() => acceptor.unwrap(initiator.wrap(data, { confidential: false }).subarray(0, length)))).not.toBe(
      'nothing',
    )
  })

  test('of the other kind', () => {
    const { initiator, acceptor } = pair()
    expect(codeOf(() => acceptor.unwrap(initiator.getMic(data)))).toBe('GSS_S_DEFECTIVE_TOKEN')
    expect(codeOf(() => acceptor.verifyMic(data, initiator.wrap(data)))).toBe('GSS_S_DEFECTIVE_TOKEN')
  })

  test('a second time, or out of order', () => {
    const { initiator, acceptor } = pair()
    const [first, second] = [initiator.wrap(data), initiator.wrap(data)]
    expect(codeOf(() => acceptor.unwrap(second))).toBe('KRB_AP_ERR_BADORDER')
    acceptor.unwrap(first)
    expect(codeOf(() => acceptor.unwrap(first))).toBe('KRB_AP_ERR_REPEAT')
    acceptor.unwrap(second)
  })

  test('and a refused message does not use up its number', () => {
    const { initiator, acceptor } = pair()
    const token = initiator.wrap(data)
    expect(codeOf(() => acceptor.unwrap(flip(token, -1)))).toBe('KRB_AP_ERR_BAD_INTEGRITY')
    expect(acceptor.unwrap(token)).toEqual(data)
  })
})

test('nothing secret is printed', () => {
  const { initiator } = pair()
  expect(inspect(initiator)).toBe(
    'SecurityContext {"role":"initiator","peer":"HTTP/web.ad.test@AD.TEST","flags":["REPLAY","SEQUENCE"]}',
  )
})

test.each([
  ['neither order nor repetition is looked at', 0, ['nothing', 'nothing', 'nothing']],
  ['a repetition is refused', ContextFlag.REPLAY, ['nothing', 'nothing', 'KRB_AP_ERR_REPEAT']],
  ['another order is refused', ContextFlag.SEQUENCE, ['KRB_AP_ERR_BADORDER', 'nothing', 'KRB_AP_ERR_REPEAT']],
])('as the flags of the context say, %s', (_, flags, outcome) => {
  const { initiator, acceptor } = pair(18, { flags })
  const [first, second] = [initiator.wrap(data), initiator.wrap(data)]
  expect([second, first, first].map((token) => codeOf(() => acceptor.unwrap(token)))).toEqual(outcome)
})

test.each(['wrap', 'unwrap', 'wrapSizeLimit'] as const)(
  'an option that %s does not know is refused by its name',
  (name) => {
    const { initiator } = pair()
    const call = (): unknown =>
      Reflect.apply(initiator[name], initiator, [name === 'wrapSizeLimit' ? 9 : data, { seal: true }])
    expect(call).toThrow(`${name}: "seal" is not an option`)
  },
)
