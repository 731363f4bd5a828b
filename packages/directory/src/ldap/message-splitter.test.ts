import { MalformedTokenError } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { MAX_OCTETS_BEFORE_BIND, MessageSplitter } from './message-splitter.js'

const message = (length: number): Uint8Array =>
  Uint8Array.of(0x30, 0x84, 0, 0, length >> 8, length & 0xff, ...Buffer.alloc(length, 7))

function all(splitter: MessageSplitter): number[] {
  const lengths: number[] = []
  for (let next = splitter.next(); next !== undefined; next = splitter.next()) lengths.push(next.length)
  return lengths
}

test('messages come whole, in whatever pieces they arrive', () => {
  const octets = Buffer.concat([message(3), message(700), message(0)])
  for (const size of [1, 2, 5, 7, 100, octets.length]) {
    const splitter = new MessageSplitter()
    const lengths: number[] = []
    for (let at = 0; at < octets.length; at += size) {
      splitter.push(octets.subarray(at, at + size))
      lengths.push(...all(splitter))
    }
    expect(lengths).toEqual([9, 706, 6])
    expect(splitter.pending).toBe(0)
  }
})

test('100,000 messages in one chunk are taken one after the other', () => {
  const splitter = new MessageSplitter()
  splitter.push(Buffer.concat(Array.from({ length: 100_000 }, () => Uint8Array.of(0x30, 1, 5))))
  expect(all(splitter)).toHaveLength(100_000)
})

test.each([
  [[0x31, 0], 'expected a SEQUENCE, found an element 0x31'],
  [[0x30, 0x80, 1], 'expected a definite length, found the indefinite form'],
  [[0x30, 0x85, 1, 1, 1, 1, 1], 'expected a length of at most four octets, found 5 octets'],
  [[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], `expected at most ${MAX_OCTETS_BEFORE_BIND} octets, found 4294967301 octets`],
  [[0x30, 0x83, 0x10, 0, 0], `expected at most ${MAX_OCTETS_BEFORE_BIND} octets, found 1048581 octets`],
])('what is no message is refused at its front: %j', (octets, message) => {
  const splitter = new MessageSplitter()
  splitter.push(Uint8Array.from(octets))
  const refuse = (): unknown => splitter.next()
  expect(refuse).toThrow(new MalformedTokenError({ path: 'LDAPMessage', expected: '', found: '' }).constructor)
  expect(refuse).toThrow(message)
})
