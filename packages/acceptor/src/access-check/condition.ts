import { ByteReader, decodeSid } from '@s4u/krb5'
import { hex, type Scalar } from './attribute.js'

/** The expression of a conditional entry. Source: MS-DTYP section 2.4.4.17. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly operand: Condition }
  | { readonly kind: 'exists'; readonly attribute: Operand; readonly negated: boolean }
  | {
      readonly kind: 'member'
      readonly of: 'user' | 'device'
      readonly any: boolean
      readonly negated: boolean
      readonly sids: Operand
    }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Operand; readonly right: Operand }
  | Operand

/** The operators that compare two values. */
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'contains' | 'any' | 'not contains' | 'not any'

/** An attribute or a literal. */
export type Operand =
  | { readonly kind: 'literal'; readonly values: readonly Scalar[]; readonly composite: boolean }
  | { readonly kind: 'attribute'; readonly of: AttributeOwner; readonly name: string }

/** Who has an attribute: `@User.`, `@Resource.`, `@Device.`, or the app (no prefix). */
export type AttributeOwner = 'local' | 'user' | 'resource' | 'device'

/**
 * The limit of depth: expressions of people are less deep, and evaluating one must not exhaust the
 * stack.
 */
export const MAX_CONDITION_DEPTH = 100

/** ACE_CONDITION_SIGNATURE: `artx`. */
const SIGNATURE = 0x78747261

/**
 * Decodes the postfix form. Source: MS-DTYP section 2.4.4.17.4.
 * @throws MalformedTokenError
 */
export function decodeCondition(bytes: Uint8Array, path: string): Condition {
  const reader = new ByteReader(bytes, path)
  const signature = reader.u32le('signature')
  if (signature !== SIGNATURE) reader.fail('signature', 'artx', signature.toString(16))
  const stack: { readonly node: Condition; readonly depth: number }[] = []
  const pop = () => stack.pop() ?? reader.fail('token', 'an operand before its operator', 'none')
  while (reader.remaining > 0) {
    const code = reader.u8('token')
    if (code === PADDING) {
      readPadding(reader)
      break
    }
    const literal = readOperand(reader, code)
    if (literal !== undefined) {
      stack.push({ node: literal, depth: 1 })
      continue
    }
    const operands = BINARY.has(code) ? [pop(), pop()].reverse() : [pop()]
    const depth = 1 + Math.max(...operands.map((operand) => operand.depth))
    if (depth > MAX_CONDITION_DEPTH) reader.fail('expression', `a depth of at most ${MAX_CONDITION_DEPTH}`, 'more')
    const node = operation(
      code,
      operands.map((operand) => operand.node),
    )
    stack.push({
      node: node ?? reader.fail('token', 'an operator with operands of its kind', `0x${code.toString(16)}`),
      depth,
    })
  }
  const { node } = pop()
  if (stack.length > 0) reader.fail('expression', 'one result', `${stack.length + 1}`)
  return node
}

const PADDING = 0x00

/**
 * Checks the padding: entries are whole words of four octets, and zeros elsewhere would hide from
 * us what other readers see.
 */
function readPadding(reader: ByteReader): void {
  if (reader.remaining > 2 || reader.rest().some((octet) => octet !== 0))
    reader.fail('padding', 'up to three zeros at the end', 'something else')
}

const COMPARISONS: ReadonlyMap<number, Comparison> = new Map([
  [0x80, '=='],
  [0x81, '!='],
  [0x82, '<'],
  [0x83, '<='],
  [0x84, '>'],
  [0x85, '>='],
  [0x86, 'contains'],
  [0x88, 'any'],
  [0x8e, 'not contains'],
  [0x8f, 'not any'],
])

const MEMBERSHIPS: ReadonlyMap<number, { of: 'user' | 'device'; any: boolean; negated: boolean }> = new Map([
  [0x89, { of: 'user', any: false, negated: false }],
  [0x8a, { of: 'device', any: false, negated: false }],
  [0x8b, { of: 'user', any: true, negated: false }],
  [0x8c, { of: 'device', any: true, negated: false }],
  [0x90, { of: 'user', any: false, negated: true }],
  [0x91, { of: 'device', any: false, negated: true }],
  [0x92, { of: 'user', any: true, negated: true }],
  [0x93, { of: 'device', any: true, negated: true }],
])

const EXISTS = 0x87
const NOT_EXISTS = 0x8d
const AND = 0xa0
const OR = 0xa1
const NOT = 0xa2

const BINARY: ReadonlySet<number> = new Set([...COMPARISONS.keys(), AND, OR])

const OWNERS: ReadonlyMap<number, AttributeOwner> = new Map([
  [0xf8, 'local'],
  [0xf9, 'user'],
  [0xfa, 'resource'],
  [0xfb, 'device'],
])

function operation(code: number, [left, right]: readonly Condition[]): Condition | undefined {
  if (code === AND || code === OR) return { kind: code === AND ? 'and' : 'or', left, right }
  if (code === NOT) return { kind: 'not', operand: left }
  if (!isOperand(left)) return undefined
  const operator = COMPARISONS.get(code)
  if (operator !== undefined) return isOperand(right) ? { kind: 'compare', operator, left, right } : undefined
  const membership = MEMBERSHIPS.get(code)
  if (membership !== undefined) return { kind: 'member', ...membership, sids: left }
  if (code === EXISTS || code === NOT_EXISTS) return { kind: 'exists', attribute: left, negated: code === NOT_EXISTS }
  return undefined
}

function isOperand(node: Condition): node is Operand {
  return node.kind === 'literal' || node.kind === 'attribute'
}

function readOperand(reader: ByteReader, code: number): Operand | undefined {
  const of = OWNERS.get(code)
  if (of !== undefined) return { kind: 'attribute', of, name: readText(reader) }
  if (code !== COMPOSITE) {
    const value = readScalar(reader, code)
    return value && { kind: 'literal', values: [value], composite: false }
  }
  const inner = new ByteReader(reader.bytes(reader.u32le('composite'), 'composite'), reader.path)
  const values: Scalar[] = []
  while (inner.remaining > 0) {
    const value = readScalar(inner, inner.u8('token'))
    values.push(value ?? inner.fail('composite', 'literals', 'another token'))
  }
  return { kind: 'literal', values, composite: true }
}

const COMPOSITE = 0x50
const STRING = 0x10
const OCTETS = 0x18
const SID = 0x51

function readScalar(reader: ByteReader, code: number): Scalar | undefined {
  const bits = INTEGER_BITS.get(code)
  if (bits !== undefined) return { type: 'integer', value: readInteger(reader, bits) }
  if (code === STRING) return { type: 'string', value: readText(reader) }
  if (code === OCTETS) return { type: 'octets', value: hex(reader.bytes(reader.u32le('octets'), 'octets')) }
  if (code === SID) return { type: 'sid', value: decodeSid(reader.bytes(reader.u32le('SID'), 'SID'), reader.path) }
  return undefined
}

/** Source: MS-DTYP section 2.4.4.17.5. */
const INTEGER_BITS: ReadonlyMap<number, number> = new Map([
  [0x01, 8],
  [0x02, 16],
  [0x03, 32],
  [0x04, 64],
])

function readInteger(reader: ByteReader, bits: number): bigint {
  const value = reader.i64le('integer')
  if (BigInt.asIntN(bits, value) !== value) reader.fail('integer', `${bits} bits`, String(value))
  const [sign, base] = [reader.u8('sign'), reader.u8('base')]
  if (sign < 1 || sign > 3 || base < 1 || base > 3) reader.fail('integer', 'sign and base from 1 to 3', 'others')
  return value
}

function readText(reader: ByteReader): string {
  const octets = reader.bytes(reader.u32le('text'), 'text')
  if (octets.length % 2 !== 0) reader.fail('text', 'whole characters', `${octets.length} octets`)
  try {
    // Half characters (lone surrogates) would all become the same character, and be equal to each
    // other.
    const text = new TextDecoder('utf-16le', { ignoreBOM: true, fatal: true }).decode(octets)
    if (!text.includes('\0')) return text
  } catch {
    // Not UTF-16: refused below.
  }
  return reader.fail('text', 'UTF-16 without zeros', 'something else')
}
