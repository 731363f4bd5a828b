import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../errors/errors.js'
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
    expect(() => octets.align(4, 'x')).toThrow('FILE.x: expected 3 octets, found 0 octets')
  })

  test('refuses a list that cannot fit, and says which element is missing', () => {
    const octets = reader(1, 2, 3, 4, 5)
    octets.expectElements(2, 2, 'list')
    expect(() => octets.expectElements(0xffff_ffff, 2, 'list')).toThrow(
      expect.objectContaining({
        path: 'FILE.list[2]',
        expected: '4294967295 elements of at least 2 octets',
        found: '5 octets',
      }),
    )
    octets.skip(1, 'x')
    octets.expectElements(4, 1, 'list')
    expect(() => octets.expectElements(5, 1, 'list')).toThrow('FILE.list[4]: expected 5 elements of at least 1 octets')
  })

  test('refuses octets behind the last field', () => {
    expect(() => reader(0).expectEnd()).toThrow('FILE: expected no octets after the last field, found 1 octets')
    reader().expectEnd()
  })

  test('goes to any place that is there, the end too, and tells of another', () => {
    const octets = reader(1, 2, 3, 4)
    octets.seek(4, 'x')
    expect([octets.offset, octets.remaining, octets.length]).toEqual([4, 0, 4])
    octets.seek(1, 'x')
    expect([...octets.rest()]).toEqual([2, 3, 4])
    octets.seek(0, 'x')
    expect(octets.u8('x')).toBe(1)
    expect(() => octets.seek(5, 'x')).toThrow('FILE.x: expected an offset of at most 4, found 5')
    expect(() => octets.seek(-1, 'x')).toThrow('FILE.x: expected an offset of at most 4, found -1')
    expect(octets.offset).toBe(1)
  })

  test('takes what is there to the last octet, and no octets where none is left', () => {
    const octets = reader(1, 2)
    expect([...octets.bytes(2, 'x')]).toEqual([1, 2])
    expect([...octets.bytes(0, 'x')]).toEqual([])
    expect(() => octets.u8('y')).toThrow('FILE.y: expected 1 octets, found 0 octets')
  })

  test.each<[string, number, (octets: ByteReader) => unknown]>([
    ['u8', 1, (octets) => octets.u8('n')],
    ['u16le', 2, (octets) => octets.u16le('n')],
    ['u16be', 2, (octets) => octets.u16be('n')],
    ['u32le', 4, (octets) => octets.u32le('n')],
    ['u32be', 4, (octets) => octets.u32be('n')],
    ['i32le', 4, (octets) => octets.i32le('n')],
    ['i32be', 4, (octets) => octets.i32be('n')],
    ['u64le', 8, (octets) => octets.u64le('n')],
    ['i64le', 8, (octets) => octets.i64le('n')],
    ['u64be', 8, (octets) => octets.u64be('n')],
  ])('%s takes %i octets, and names the field where they are not there', (_name, size, read) => {
    const octets = reader(...new Array<number>(size + 1).fill(1))
    octets.skip(1, 'first')
    read(octets)
    expect(octets.remaining).toBe(0)
    expect(() => read(octets)).toThrow(`FILE.n: expected ${size} octets, found 0 octets`)
  })

  test('reads within a part of an array, and never beside it', () => {
    const octets = new ByteReader(Uint8Array.from([9, 9, 1, 0, 0, 0, 0, 0, 0, 0, 9]).subarray(2, 10), 'FILE')
    expect(octets.u64le('x')).toBe(1n)
    expect(() => octets.u8('y')).toThrow('FILE.y')
  })

  test('names itself, and a field in it, by the path', () => {
    expect([reader().pathOf(''), reader().pathOf('a.b')]).toEqual(['FILE', 'FILE.a.b'])
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

  test('keeps what it wrote when it grows, however much at once', () => {
    for (const size of [0, 1, 2, 255, 256, 257, 1000]) {
      const writer = new ByteWriter(2).u8(1).u8(2).bytes(new Uint8Array(size).fill(3)).u32be(0x0405_0607)
      expect(writer.length).toBe(size + 6)
      expect([...writer.toBytes()]).toEqual([1, 2, ...new Array<number>(size).fill(3), 4, 5, 6, 7])
    }
    expect([...new ByteWriter().zeros(300).u8(1).toBytes()]).toEqual([...new Array<number>(300).fill(0), 1])
  })

  test('gives a copy, which later writing does not change', () => {
    const writer = new ByteWriter(4).u8(1)
    const bytes = writer.toBytes()
    writer.u8(2)
    expect([...bytes]).toEqual([1])
    bytes[0] = 9
    expect([...writer.toBytes()]).toEqual([1, 2])
  })

  test('aligns only where it must', () => {
    expect([...new ByteWriter().align(4).u8(1).align(4).align(4).toBytes()]).toEqual([1, 0, 0, 0])
    expect([...new ByteWriter().u8(1).u8(1).u8(1).align(4).toBytes()]).toEqual([1, 1, 1, 0])
  })

  test('writes no length that would wrap', () => {
    expect([...new ByteWriter().length16le(0xffff, 'the name').toBytes()]).toEqual([0xff, 0xff])
    expect(() => new ByteWriter().length16le(0x1_0000, 'the name')).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        code: 'KRB_ERR_FIELD_TOOLONG',
        message: 'cannot encode: at most 65535 octets fit into the name, found 65536',
      }),
    )
  })
})

describe('UTF-16', () => {
  test('survives, lone surrogates and long strings too', () => {
    for (const text of ['', 'zoë', '😀', '\ud83d', 'x'.repeat(10_000)])
      expect(decodeUtf16(encodeUtf16(text))).toBe(text)
  })

  test('of an odd length is refused', () => {
    expect(() => readUtf16(reader(1, 2, 3), 3, 'name')).toThrow('FILE.name: expected an even number of octets, found 3')
    expect(readUtf16(reader(0x61, 0, 0x62, 1), 4, 'name')).toBe('a\u0162')
    expect(() => readUtf16(reader(0x61, 0), 4, 'name')).toThrow('FILE.name: expected 4 octets, found 2 octets')
  })

  test('is written little-endian, and read at the seams of its parts as elsewhere', () => {
    expect([...encodeUtf16('a\u0162')]).toEqual([0x61, 0, 0x62, 1])
    for (const length of [4095, 4096, 4097, 8191, 8192, 8193]) {
      const text = Array.from({ length }, (_, index) => String.fromCharCode((index * 7) & 0xffff)).join('')
      expect(decodeUtf16(encodeUtf16(text))).toBe(text)
    }
    expect(decodeUtf16(Uint8Array.of(0x61, 0, 0x62))).toBe('a')
    expect(decodeUtf16(Uint8Array.of())).toBe('')
  })
})
