import type { Codec } from './codec.js'
import { cannotEncode, DerFault, type DerWriter } from './der.js'

/**
 * Reads and writes KerberosTime, a GeneralizedTime `YYYYMMDDHHMMSSZ`, as milliseconds since the
 * epoch. Fractions of a second are dropped when written.
 */
export const KerberosTime: Codec<number> = {
  name: 'KerberosTime',
  tag: 0x18,
  read(reader) {
    const length = reader.header(0x18)
    const start = reader.position
    reader.position += length
    if (length !== 15 || reader.bytes[start + 14] !== 0x5a) throw new DerFault('YYYYMMDDHHMMSSZ', 'another form')
    return readTime(reader.bytes, start)
  },
  write(writer, value) {
    if (!(value >= MIN_TIME && value <= MAX_TIME)) cannotEncode('a time in milliseconds since the epoch', value)
    const mark = writer.written
    writeTime(writer, new Date(value))
    writer.header(0x18, mark)
  },
}

// No ticket has a date before the year 100.
const MIN_TIME = Date.UTC(100, 0, 1)
const MAX_TIME = Date.UTC(9999, 11, 31, 23, 59, 59)

/** The number of days before each month of a year that is not a leap year. */
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]
const DAYS_TO_1970 = 719_162

/**
 * Calculates the time without `Date.UTC`, which costs more than reading all the digits, and takes
 * 31 February for 3 March.
 */
function readTime(bytes: Uint8Array, start: number): number {
  const year = digits(bytes, start) * 100 + digits(bytes, start + 2)
  const month = digits(bytes, start + 4)
  const day = digits(bytes, start + 6)
  const hour = digits(bytes, start + 8)
  const minute = digits(bytes, start + 10)
  const second = digits(bytes, start + 12)
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const inRange = year >= 100 && month >= 1 && month <= 12 && day >= 1 && hour < 24 && minute < 60 && second < 60
  if (!inRange || day > DAYS_BEFORE[month] - DAYS_BEFORE[month - 1] + (leap && month === 2 ? 1 : 0)) {
    throw new DerFault('a date and time that exist', 'others')
  }
  const past = year - 1
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) + (leap && month > 2 ? 1 : 0)
  const days = past * 365 + leapDays - DAYS_TO_1970 + DAYS_BEFORE[month - 1] + day - 1
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
}

/** Writes the digits from the last to the first, as everything is written. */
function writeTime(writer: DerWriter, time: Date): void {
  writer.octet(0x5a)
  writeDigits(writer, time.getUTCSeconds())
  writeDigits(writer, time.getUTCMinutes())
  writeDigits(writer, time.getUTCHours())
  writeDigits(writer, time.getUTCDate())
  writeDigits(writer, time.getUTCMonth() + 1)
  const year = time.getUTCFullYear()
  writeDigits(writer, year % 100)
  writeDigits(writer, Math.floor(year / 100))
}

/** Writes a number below 100 as two digits. */
function writeDigits(writer: DerWriter, value: number): void {
  writer.octet(0x30 + (value % 10))
  writer.octet(0x30 + Math.floor(value / 10))
}

/** Reads a number of two digits. */
function digits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - 0x30
  const ones = bytes[at + 1] - 0x30
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) throw new DerFault('digits', 'another character')
  return tens * 10 + ones
}
