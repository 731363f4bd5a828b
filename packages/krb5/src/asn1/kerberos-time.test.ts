import { describe, expect, test } from 'vitest'
import { ConfigurationError, MalformedTokenError } from '../errors/errors.js'
import { decode, encode } from './codec.js'
import { KerberosTime } from './kerberos-time.js'

const wire = (text: string): Uint8Array => Uint8Array.from([0x18, text.length, ...Buffer.from(text)])

function refusalOf(bytes: Uint8Array): string {
  try {
    decode(KerberosTime, bytes)
  } catch (error) {
    if (error instanceof MalformedTokenError) return error.message
    throw error
  }
  throw new Error('was accepted')
}

describe('KerberosTime', () => {
  test('is written as Date has it, to the second', () => {
    for (const time of [
      Date.UTC(100, 0, 1),
      -1,
      0,
      999,
      Date.UTC(2024, 1, 29, 23, 59, 59),
      Date.UTC(9999, 11, 31),
      Date.UTC(9999, 11, 31, 23, 59, 59),
    ]) {
      const text = `${new Date(time).toISOString().slice(0, 19).replace(/[-T:]/g, '')}Z`
      expect(encode(KerberosTime, time)).toEqual(wire(text))
    }
  })

  test('is milliseconds here and seconds on the wire', () => {
    const bytes = encode(KerberosTime, Date.UTC(2026, 10, 21, 3, 4, 5, 999))
    expect(Buffer.from(bytes.subarray(2)).toString()).toBe('20261121030405Z')
    expect(decode(KerberosTime, bytes)).toBe(Date.UTC(2026, 10, 21, 3, 4, 5))
  })

  test.each([
    ['20260229000000Z', 'a date and time that exist, found others'],
    ['19000229000000Z', 'a date and time that exist, found others'],
    ['20240230000000Z', 'a date and time that exist, found others'],
    ['20240132000000Z', 'a date and time that exist, found others'],
    ['20260431000000Z', 'a date and time that exist, found others'],
    ['00991231235959Z', 'a date and time that exist, found others'],
    ['20261301000000Z', 'a date and time that exist, found others'],
    ['20260001000000Z', 'a date and time that exist, found others'],
    ['20260100000000Z', 'a date and time that exist, found others'],
    ['20260101240000Z', 'a date and time that exist, found others'],
    ['20260101006000Z', 'a date and time that exist, found others'],
    ['20260101000060Z', 'a date and time that exist, found others'],
    ['2026010100000aZ', 'digits, found another character'],
    ['202601010000a0Z', 'digits, found another character'],
    ['2026010100000/Z', 'digits, found another character'],
    ['202601010000/0Z', 'digits, found another character'],
    ['2026010100000:Z', 'digits, found another character'],
    ['202601010000:0Z', 'digits, found another character'],
    ['20260101000000+', 'YYYYMMDDHHMMSSZ, found another form'],
    ['202601010000Z', 'YYYYMMDDHHMMSSZ, found another form'],
    ['20260101000000Z0', 'YYYYMMDDHHMMSSZ, found another form'],
    ['20260101000000.0Z', 'YYYYMMDDHHMMSSZ, found another form'],
  ])('refuses %s', (text, message) => {
    expect(refusalOf(wire(text))).toBe(`KerberosTime: expected ${message}`)
  })

  test('refuses another type', () => {
    expect(refusalOf(Uint8Array.from([0x17, 0]))).toBe('KerberosTime: expected GeneralizedTime, found tag 0x17')
  })

  test.each([['00010101000000Z'], ['00991231235959Z']])("takes no year before 100 for a ticket's: %s", (text) => {
    expect(refusalOf(wire(text))).toMatch('a date and time that exist')
  })

  test.each([
    ['01000101000000Z', Date.UTC(100, 0, 1)],
    ['99991231235959Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
    ['20240229000000Z', Date.UTC(2024, 1, 29)],
    ['20000229000000Z', Date.UTC(2000, 1, 29)],
    ['20241231235959Z', Date.UTC(2024, 11, 31, 23, 59, 59)],
  ])('reads %s', (text, time) => {
    expect(decode(KerberosTime, wire(text))).toBe(time)
  })

  test('counts the days of every month of four centuries as Date does', () => {
    for (let month = 0; month < 4800; month++) {
      for (const day of [1, 28, 29, 30, 31]) {
        const time = Date.UTC(1900, month, day, 23, 59, 58)
        expect(decode(KerberosTime, encode(KerberosTime, time))).toBe(time)
      }
    }
  })

  test.each([Date.UTC(100, 0, 1) - 1, Date.UTC(9999, 11, 31, 23, 59, 59) + 1, Number.NaN, Number.POSITIVE_INFINITY])(
    'is not written of %s, which it cannot say',
    (time) => {
      expect(() => encode(KerberosTime, time)).toThrow(ConfigurationError)
      expect(() => encode(KerberosTime, time)).toThrow(
        `cannot encode: expected a time in milliseconds since the epoch, found ${time}`,
      )
    },
  )
})
