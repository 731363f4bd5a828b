import { MalformedTokenError, RejectedTokenError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { openReply } from './open-reply.js'

const thrower = (error: Error) => () => {
  throw error
}

describe('what opens a reply', () => {
  test('gives what was in it', () => {
    expect(openReply('AS', 'does not open', () => 7)).toBe(7)
  })

  test('says of which exchange a broken seal was, with its own code, and what to look at', () => {
    const cause = new RejectedTokenError('the ciphertext does not verify', { code: 'KRB_AP_ERR_BAD_INTEGRITY' })
    expect(() => openReply('TGS', 'does not open', thrower(cause))).toThrow(
      expect.objectContaining({
        name: 'RejectedTokenError',
        code: 'KRB_AP_ERR_BAD_INTEGRITY',
        message: "TGS: the KDC's reply does not open",
        hint: expect.stringContaining('the address is not that of a KDC of this realm'),
        cause,
      }),
    )
  })

  test.each([
    ['no message', new MalformedTokenError({ path: 'AS-REP', expected: 'a SEQUENCE', found: 'the end' })],
    ['a mistake of ours', new TypeError('not a function')],
  ])('leaves alone what is %s', (_what, error) => {
    expect(() => openReply('AS', 'does not open', thrower(error))).toThrow(error)
  })
})
