import { describe, expect, test } from 'vitest'
import { decodeCcache } from './ccache.js'
import { ConfigurationError, MalformedTokenError } from '../errors/errors.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

/** `a@R` in version 3 and 4. */
const NAME = '00000001 00000001 00000001 52 00000001 61'
/** The names of the cache, of its first client and of its first server. */
const THREE_NAMES = NAME.repeat(3)
const KEY = 'abababababababababababababababab'

function refusalOf(bytes: string, source?: string): ConfigurationError {
  try {
    decodeCcache(hex(bytes), source)
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('a damaged credential cache tells the field in which it ends or is wrong:', () => {
  test.each([
    ['0504', 'ccache.header.length: expected 2 octets, found 0 octets'],
    ['0504 ffff', 'ccache.header: expected 65535 octets, found 0 octets'],
    ['0504 0004 0001 0008', 'ccache.header.field: expected 8 octets, found 0 octets'],
    ['0504 0001 00', 'ccache.header.tag: expected 2 octets, found 1 octets'],
    ['0504 0003 0001 00', 'ccache.header.length: expected 2 octets, found 1 octets'],
    [
      '0504 0000 00000001 ffffffff',
      'ccache.principal[0]: expected 4294967296 elements of at least 4 octets, found 0 octets',
    ],
    ['0501 00000000', 'ccache.principal: expected a realm, found none'],
    ['0504 0000 00000001 00000000 00000001 ff', 'ccache.principal.realm: expected UTF-8, found other octets'],
    [
      '0504 0000 00000001 00000001 00000001 52 00000001 ff',
      'ccache.principal.component[0]: expected UTF-8, found other octets',
    ],
  ])('%s', (bytes, message) => {
    const error = refusalOf(bytes, '/tmp/krb5cc_0')
    expect([error.code, error.message]).toEqual(['KRB5_CC_FORMAT', `/tmp/krb5cc_0 is damaged: ${message}`])
    expect(error.hint).toBe('Run kinit again; a cache that is being written can be cut short.')
    expect(error.cause).toBeInstanceOf(MalformedTokenError)
  })
})

describe('an entry that cannot be read is left out, and told with the field in which it ends or is wrong:', () => {
  test.each([
    [`0504 0000 ${NAME} ${NAME}`, 'server.nameType: expected 4 octets, found 0 octets'],
    [`0504 0000 ${THREE_NAMES}`, 'key.etype: expected 2 octets, found 0 octets'],
    [`0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY}`, 'times: expected 4 octets, found 0 octets'],
    [`0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY} ${'00'.repeat(16)}`, 'is-skey: expected 1 octets, found 0 octets'],
    [`0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY} ${'00'.repeat(17)}`, 'flags: expected 4 octets, found 0 octets'],
    [
      `0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY} ${'00'.repeat(21)}`,
      'addresses.count: expected 4 octets, found 0 octets',
    ],
    [
      `0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY} ${'00'.repeat(25)}`,
      'authdata.count: expected 4 octets, found 0 octets',
    ],
    [
      `0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY} ${'00'.repeat(29)}`,
      'ticket.length: expected 4 octets, found 0 octets',
    ],
    [
      `0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY} ${'00'.repeat(33)}`,
      'second-ticket.length: expected 4 octets, found 0 octets',
    ],
    [
      `0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY} ${'00'.repeat(29)} 00000001 30 00000000`,
      'expected [APPLICATION 1], found SEQUENCE',
    ],
    [
      `0504 0000 ${THREE_NAMES} 0011 00000000 ${'00'.repeat(37)}`,
      'expected 16 octets for aes128-cts-hmac-sha1-96, found 0 octets',
    ],
    [
      `0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY} ${'00'.repeat(21)} 00000001 0002 00000009`,
      'addresses[0]: expected 9 octets, found 0 octets',
    ],
    [
      `0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY} ${'00'.repeat(21)} ffffffff`,
      'addresses[0]: expected 4294967295 elements of at least 6 octets, found 0 octets',
    ],
    [
      `0504 0000 ${THREE_NAMES} 0011 00000010 ${KEY} ${'00'.repeat(25)} 00000001 0002 00000009`,
      'authdata[0]: expected 9 octets, found 0 octets',
    ],
    [`0503 ${THREE_NAMES} 0011`, 'key.etype: expected 2 octets, found 0 octets'],
  ])('%s', (bytes, why) => {
    const { credentials, leftOut } = decodeCcache(hex(bytes))
    expect(credentials).toEqual([])
    expect(leftOut).toEqual([expect.objectContaining({ record: 'credentials[0]', why })])
  })
})

test.each([
  ['', 'it is empty'],
  ['0505', 'it begins with something else'],
  ['0500', 'it begins with something else'],
  ['0402', 'it begins with something else'],
])('another kind of file is told by its first octets: %j', (bytes, found) => {
  const error = refusalOf(bytes, '/tmp/krb5cc_0')
  expect([error.code, error.message]).toEqual([
    'KRB5_CCACHE_BADVNO',
    `/tmp/krb5cc_0 is not a credential cache: expected a file that begins with 05 01 to 05 04, and ${found}`,
  ])
  expect(error.hint).toBe(
    'Run kinit, which writes the cache anew, or name the one that it has written: klist says which.',
  )
})

test('a cache without a name is called credential cache', () => {
  expect(refusalOf('').message).toMatch(/^credential cache is not a credential cache/)
})
