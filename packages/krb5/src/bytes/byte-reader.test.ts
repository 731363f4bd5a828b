import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../errors.js'
import { ByteReader } from './byte-reader.js'
import { ByteWriter } from './byte-writer.js'
import { decodeUtf16, encodeUtf16, readUtf16 } from './utf16.js'

const reader = (...octets: number[]) => new ByteReader(Uint8Array.from(octets), 'FILE')

describe('a byte reader', () => {
  test('reads numbers of both byte orders', () => {
    const octets = reader(1, 2, 3, 2, 3, 0xff, 4, 5, 6, 0xff, 4, 5, 6)
    expect([octets.u8('a'), octets.u16le('b'), octets.u16be('c')]).toEqual([1, 0x0302, 0x0203])
    expect([octets.u32be('d'), octets.u32le('e')]).toEqual([0xff040506, 0x060504ff])
    expect(octets.remaining).toBe(0)
    octets.expectEnd()
    expect(reader(0xfe, 0xff, 0xff, 0xff).i32le('x')).toBe(-2)
    expect(reader(0xff, 0xff, 0xff, 0xfe).i32be('x')).toBe(-2)
    expect(reader(1, 0, 0, 0, 0, 0, 0, 0x80).u64le('x')).toBe(0x8000_0000_0000_0001n)
    expect(reader(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).i64le('x')).toBe(-1n)
    expect(reader(0, 0, 0, 0, 0, 0, 1, 0).u64be('x')).toBe(256n)
  })

  test('names the field in which the octets end', () => {
    const octets = reader(1, 2, 3)
    octets.u16le('first')
    expect(() => octets.u16le('second')).toThrow(
      expect.objectContaining({ path: 'FILE.second', expected: '2 octets', found: '1 octets' }),
    )
    expect(octets.remaining).toBe(1)
  })

  test('reads a part with a reader of its own, which ends where the part ends', () => {
    const octets = reader(1, 2, 3, 4)
    const part = octets.sub(2, 'part')
    expect(octets.u8('next')).toBe(3)
    part.skip(2, 'both')
    expect(() => part.u8('more')).toThrow(expect.objectContaining({ path: 'FILE.part.more' }))
  })

  test.each([-1, 5, 2 ** 53, NaN, 0.5])('refuses to take or to go to %d octets', (length) => {
    expect(() => reader(1, 2, 3, 4).seek(length, 'x')).toThrow(MalformedTokenError)
    if (length !== 0.5) expect(() => reader(1, 2, 3, 4).bytes(length, 'x')).toThrow(MalformedTokenError)
  })

  test('aligns to its first octet', () => {
    const octets = reader(1, 2, 3, 4, 5)
    octets.align(4, 'x')
    octets.u8('x')
    octets.align(4, 'x')
    expect(octets.offset).toBe(4)
    octets.u8('x')
    expect(() => octets.align(4, 'x')).toThrow(MalformedTokenError)
  })

  test('refuses a list that cannot fit, and says which element is missing', () => {
    const octets = reader(1, 2, 3, 4, 5)
    octets.expectElements(2, 2, 'list')
    expect(() => octets.expectElements(0xffff_ffff, 2, 'list')).toThrow(
      expect.objectContaining({ path: 'FILE.list[2]', found: '5 octets' }),
    )
  })

  test('refuses octets behind the last field', () => {
    expect(() => reader(0).expectEnd()).toThrow(expect.objectContaining({ path: 'FILE' }))
  })
})

describe('a byte writer', () => {
  test('writes what a reader reads, and grows', () => {
    const writer = new ByteWriter(1).u8(1).u16le(2).u16be(3).u32le(4).u32be(0xffff_ffff).u64le(5n).u64be(6n)
    const written = new ByteReader(writer.bytes(Uint8Array.of(7)).align(8).toBytes(), 'W')
    expect([written.u8(''), written.u16le(''), written.u16be(''), written.u32le('')]).toEqual([1, 2, 3, 4])
    expect([written.u32be(''), written.u64le(''), written.u64be('')]).toEqual([0xffff_ffff, 5n, 6n])
    expect([...written.rest()]).toEqual([7, 0, 0])
  })
})

describe('UTF-16', () => {
  test('survives, lone surrogates and long strings too', () => {
    for (const text of ['', 'zoë', '😀', '\ud83d', 'x'.repeat(10_000)])
      expect(decodeUtf16(encodeUtf16(text))).toBe(text)
  })

  test('of an odd length is refused', () => {
    expect(() => readUtf16(reader(1, 2, 3), 3, 'name')).toThrow(expect.objectContaining({ path: 'FILE.name' }))
  })
})
