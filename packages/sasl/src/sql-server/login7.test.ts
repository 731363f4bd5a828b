import { ConfigurationError } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { withSspi } from './login7.js'

const OLD = Buffer.from('old sspi')

/** A LOGIN7 message: a host name, the SSPI block, a file, and extensions behind all. */
function login7({ user = 0 } = {}): Buffer {
  const head = Buffer.alloc(94)
  const host = Buffer.from('web', 'utf16le')
  const pointer = Buffer.alloc(4)
  const file = Buffer.from('a.mdf', 'utf16le')
  const extensions = Buffer.from('04ff', 'hex')
  const sspi = 94 + host.length
  head.writeUInt16LE(94, 36)
  head.writeUInt16LE(3, 38)
  head.writeUInt16LE(user, 42)
  head.writeUInt16LE(sspi, 78)
  head.writeUInt16LE(OLD.length, 80)
  head.writeUInt16LE(sspi + OLD.length, 82)
  head.writeUInt16LE(5, 84)
  const pointerAt = sspi + OLD.length + file.length
  head.writeUInt16LE(pointerAt, 56)
  head.writeUInt16LE(4, 58)
  pointer.writeUInt32LE(pointerAt + 4)
  const message = Buffer.concat([head, host, OLD, file, pointer, extensions])
  message.writeUInt32LE(message.length, 0)
  return message
}

/** The parts of a message, by what its offsets say. */
function partsOf(message: Buffer) {
  const part = (at: number, octets: number): string => message.toString('latin1', at, at + octets)
  const long = message.readUInt32LE(90)
  const sspiLength = long > 0 ? long : message.readUInt16LE(80)
  return {
    length: message.readUInt32LE(0) === message.length,
    host: message.toString('utf16le', message.readUInt16LE(36), message.readUInt16LE(36) + 6),
    sspi: part(message.readUInt16LE(78), sspiLength),
    file: message.toString('utf16le', message.readUInt16LE(82), message.readUInt16LE(82) + 10),
    extensions: message.toString('hex', message.readUInt32LE(message.readUInt16LE(56))),
    integrated: (message[25] & 0x80) !== 0,
  }
}

test.each([0, 1, 8, 900, 40_000])(
  'a token of %i octets replaces the old one, and the offsets after it are corrected',
  (size) => {
    const token = Buffer.alloc(size, 'x')
    expect(partsOf(withSspi(login7(), token))).toEqual({
      length: true,
      host: 'web',
      sspi: token.toString(),
      file: 'a.mdf',
      extensions: '04ff',
      integrated: true,
    })
  },
)

test('a token so long that an offset after it exceeds 16 bits is refused', () => {
  expect(() => withSspi(login7(), new Uint8Array(65_500))).toThrow('too long for the message LOGIN7')
})

test.each([
  ['another length', (message: Buffer) => message.subarray(1)],
  ['a short message', (message: Buffer) => message.subarray(0, 90)],
  ['an SSPI block outside of the message', (message: Buffer) => (message.writeUInt16LE(0xfff0, 78), message)],
  ['an SSPI block in the fixed part', (message: Buffer) => (message.writeUInt16LE(10, 78), message)],
  ['extensions outside', (message: Buffer) => (message.writeUInt16LE(0xfff0, 56), message)],
  ['a LOGIN7 that has a user name', () => login7({ user: 5 })],
])('%s is refused', (_what, change) => {
  expect(() => withSspi(change(login7()), OLD)).toThrow(ConfigurationError)
})
