import { runInNewContext } from 'node:vm'
import { readSources, type SourceFile } from '../sources.js'
import { proseOf } from './declared-shapes.js'

/** A named constant that bounds something: a number, with the comment above it. */
export interface Limit {
  /** `MAX_REFERRALS` */
  readonly name: string
  readonly value: number
  /** `1 s`, `64 KB`, `100` */
  readonly shown: string
  /** Empty where the comment says nothing. */
  readonly reason: string
  /** `packages/directory/src/search/directory-search.ts` */
  readonly path: string
  readonly line: number
}

/** Every limit in the sources of the packages. */
export function readLimits(): Limit[] {
  return readSources('packages')
    .filter(({ path, isTest }) => !isTest && path.includes('/src/') && !path.includes('/fixtures/'))
    .flatMap(limitsOf)
}

/** The limits of one file, in the order in which they stand there. */
export function limitsOf({ path, text }: Pick<SourceFile, 'path' | 'text'>): Limit[] {
  const values = new Map<string, number>()
  return [...text.matchAll(CONSTANT)].flatMap(({ 1: comment = '', 2: name, 3: expression, 0: all, index }) => {
    const value = valueOf(expression, values)
    if (value === undefined) return []
    values.set(name, value)
    if (!isLimit(name)) return []
    const reason = proseOf(comment)
    const line = text.slice(0, index + all.lastIndexOf('const ')).split('\n').length
    return [{ name, value, shown: shownValue(name, value, reason), reason, path, line }]
  })
}

/** A comment, if one stands above, and a constant of one expression. */
const CONSTANT =
  /(?:^\/\*\*((?:(?!\*\/)[^])*)\*\/\n)?^(?:export )?const ([A-Z][A-Z0-9_]+)(?:: number)? =\s+([^'"`\n[{;]+)$/gm

/** What names of limits begin with, and what those of times end with. */
const BOUND = /^(?:MAX|MIN|HIGHEST|LARGEST|LONGEST|LEAST|MOST|DEFAULT)(?:_|$)|_LIMIT$|^LIMIT$/
const TIME =
  /(?:^|_)(?:TIMEOUT|TIME_LIMIT|INTERVAL|FOR|AFTER|LIFETIME|AGE|WAIT|SKEW|PATIENCE|LEASE|PAUSE|TIME|EVERY)$|^RELOAD_WAIT/

const isLimit = (name: string): boolean => BOUND.test(name) || TIME.test(name)

/** The number that an expression of numbers and constants of the file is. */
function valueOf(expression: string, known: ReadonlyMap<string, number>): number | undefined {
  const whole = expression.replaceAll(/\b[A-Z][A-Z0-9_]+\b/g, (name) => String(known.get(name) ?? name))
  if (!/^[\d\s_.()*+/<-]+$|^0x[\da-f]+$/i.test(whole)) return undefined
  const value: unknown = runInNewContext(whole)
  return typeof value === 'number' ? value : undefined
}

function shownValue(name: string, value: number, reason: string): string {
  if (COUNTED.test(reason) || value < 1) return value.toLocaleString('en')
  if (IN_MILLISECONDS.test(reason) || TIME.test(name)) return duration(value)
  if (/OCTETS|BYTES/.test(name) || IN_OCTETS.test(reason)) return octets(value)
  return value.toLocaleString('en')
}

/** A comment that begins so counts, though a time or octets may stand further on. */
const COUNTED = /^(?:How many (?!octets)|The part of)/
/** The unit stands by itself, or behind what is counted: not in `answers in milliseconds.` */
const IN_MILLISECONDS = /(?:[,;.:] (?:in )?|^|^In )milliseconds\b|\b(?:many|of) milliseconds\b/i
const IN_OCTETS = /\b(?:in octets|number of octets|(?:most|longest|many) octets|; octets)\b|^Octets |[;.] [Oo]ctets\.$/i

function duration(milliseconds: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const
  const [unit, size] = units.find(([, one]) => milliseconds >= one && milliseconds % one === 0) ?? ['ms', 1]
  return `${(milliseconds / size).toLocaleString('en')} ${unit}`
}

function octets(value: number): string {
  if (value >= 1 << 30 && value % (1 << 30) === 0) return `${value / (1 << 30)} GB`
  if (value >= 1 << 20 && value % (1 << 20) === 0) return `${value / (1 << 20)} MB`
  if (value >= 1 << 10 && value % (1 << 10) === 0) return `${value / (1 << 10)} KB`
  return `${value.toLocaleString('en')} octets`
}
