import { describe, expect, test } from 'vitest'
import { decodeNetlogonAnswer } from './netlogon-answer.js'

/** Labels, or a pointer to what stands at an offset. */
function answerOf(names: readonly (readonly (string | number)[])[], opcode = 23): Buffer {
  const head = Buffer.alloc(24)
  head.writeUInt16LE(opcode, 0)
  head.writeUInt32LE(0x11bd, 4)
  const octets = names.flatMap((parts) => [
    ...parts.flatMap((part) =>
      typeof part === 'string' ? [part.length, ...Buffer.from(part)] : [0xc0 | (part >> 8), part & 0xff],
    ),
    ...(typeof parts.at(-1) === 'number' ? [] : [0]),
  ])
  return Buffer.concat([head, Buffer.from(octets)])
}

/** forest at 24 (`corp.test` takes 11), domain, host, NetBIOS names, no user, two sites. */
const NAMES = [['corp', 'test'], [24], ['dc1', 24], ['CORP'], ['DC1'], [], ['Default-First-Site-Name'], [46]] as const

describe('the answer to a ping', () => {
  test('names the site of this machine', () => {
    const answer = answerOf([...NAMES.slice(0, 7), ['Branch']])
    expect(decodeNetlogonAnswer(answer)).toEqual({
      forest: 'corp.test',
      domain: 'corp.test',
      host: 'dc1.corp.test',
      flatDomain: 'CORP',
      controllerSite: 'Default-First-Site-Name',
      clientSite: 'Branch',
    })
  })

  test('may say that this machine is in none', () => {
    expect(decodeNetlogonAnswer(answerOf([...NAMES.slice(0, 7), []])).clientSite).toBeUndefined()
  })

  test('cut anywhere is refused', () => {
    const whole = answerOf([...NAMES.slice(0, 7), ['Branch']])
    for (let length = 0; length < whole.length; length++) {
      const decode = (): unknown => decodeNetlogonAnswer(whole.subarray(0, length))
      expect(decode, `${length} octets`).toThrow(/expected .*, found /)
    }
  })

  test.each([
    ['points at itself', answerOf([[24]]), 'DnsForestName: expected at most 128 labels, found more'],
    ['points in a circle', answerOf([['a', 24]]), 'DnsForestName: expected at most 128 labels, found more'],
    ['points behind its end', answerOf([[4_000]]), 'DnsForestName: expected a pointer within 26 octets, found 4000'],
    ['is of another kind', answerOf(NAMES, 19), 'Opcode: expected 23 or 25, found 19'],
  ])('that %s is refused', (_what, octets, message) => {
    const decode = (): unknown => decodeNetlogonAnswer(octets)
    expect(decode).toThrow(message)
  })
})
