import { expect, test } from 'vitest'
import { DirectoryEntry } from './directory-entry.js'

const octets = (text: string): Uint8Array => new TextEncoder().encode(text)

test('an attribute that comes several times has all of its values, in their order', () => {
  const entry = new DirectoryEntry('CN=x', [
    ['member', [octets('a'), octets('b')]],
    ['Member', [octets('c')]],
  ])
  expect(entry.allOctets('MEMBER')).toEqual([octets('a'), octets('b'), octets('c')])
  expect(entry.names).toEqual(['member', 'Member'])
})

test('a name that a server repeats 200,000 times is read, and not copied each time', () => {
  const entry = new DirectoryEntry(
    'CN=x',
    Array.from({ length: 200_000 }, () => ['a', [Uint8Array.of(1)]] as const),
  )
  expect(entry.allOctets('a')).toHaveLength(200_000)
})
