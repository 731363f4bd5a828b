import { ConfigurationError } from '@s4u/krb5'
import { type AttributeOwner, type Comparison, type Condition, MAX_CONDITION_DEPTH, type Operand } from './condition.js'
import type { Scalar } from './attribute.js'
import type { SddlScanner } from './sddl-scanner.js'
import { parseSddlSid } from './sddl-sids.js'

/**
 * Parses an expression in parentheses: `(@User.Title == "PM" && Member_of {SID(BA)})`. Source:
 * MS-DTYP section 2.5.1.1, cond-expr.
 * @throws ConfigurationError
 */
export function parseCondition(scanner: SddlScanner, domainSid: string | undefined): Condition {
  return new ConditionParser(scanner, domainSid).parenthesized(0)
}

const MEMBER_OPERATOR = /(not_)?(device_)?member_of(_any)?(?![a-z0-9_])/iy
const EXISTS_OPERATOR = /(not_)?exists(?![a-z0-9_])/iy
const WORD_OPERATOR = /(not_)?(contains|any_of)(?![a-z0-9_])/iy
const SIGN_OPERATOR = /==|!=|<=|>=|<|>/y
const OWNER_PREFIX = /@(user|device|resource)\./iy
/** The characters of a name: letters, digits and some signs. All others are written as `%0041`. */
const NAME = /(?:[\p{L}\p{N}_:./-]|%[0-9a-f]{4})+/iuy
const INTEGER = /[+-]?(?:0x[0-9a-f]+|\d+)/iy

class ConditionParser {
  readonly #scanner: SddlScanner
  readonly #domainSid: string | undefined

  constructor(scanner: SddlScanner, domainSid: string | undefined) {
    this.#scanner = scanner
    this.#domainSid = domainSid
  }

  parenthesized(depth: number): Condition {
    if (depth > MAX_CONDITION_DEPTH) this.#scanner.fail(`more than ${MAX_CONDITION_DEPTH} parentheses`)
    this.#token('(')
    const node = this.#or(depth)
    this.#token(')')
    return node
  }

  /**
   * Parses a chain. `&&` binds closer than `||`. Chains lean to the left, and are as deep as they
   * are long.
   */
  #or(depth: number): Condition {
    let node = this.#and(depth)
    for (let count = 1; this.#takes('||'); count++) {
      this.#bound(depth + count)
      node = { kind: 'or', left: node, right: this.#and(depth + count) }
    }
    return node
  }

  #and(depth: number): Condition {
    let node = this.#term(depth)
    for (let count = 1; this.#takes('&&'); count++) {
      this.#bound(depth + count)
      node = { kind: 'and', left: node, right: this.#term(depth + count) }
    }
    return node
  }

  #term(depth: number): Condition {
    this.#bound(depth)
    const scanner = this.#scanner
    scanner.skipBlanks()
    if (scanner.text[scanner.at] === '(') return this.parenthesized(depth + 1)
    if (scanner.text.startsWith('!', scanner.at) && !scanner.text.startsWith('!=', scanner.at)) {
      scanner.take('!')
      return { kind: 'not', operand: this.#term(depth + 1) }
    }
    const member = scanner.match(MEMBER_OPERATOR)?.toLowerCase()
    if (member !== undefined) {
      const of = member.includes('device') ? 'device' : 'user'
      return {
        kind: 'member',
        of,
        any: member.endsWith('_any'),
        negated: member.startsWith('not'),
        sids: this.#operand(),
      }
    }
    const exists = scanner.match(EXISTS_OPERATOR)
    if (exists !== undefined) return { kind: 'exists', attribute: this.#operand(), negated: /^not/i.test(exists) }
    const left = this.#operand()
    const operator = this.#comparison()
    return operator === undefined ? left : { kind: 'compare', operator, left, right: this.#rightSide() }
  }

  /**
   * Reads a name. One without a prefix may be text without its quotes. Source: MS-DTYP section
   * 2.5.1.1: attr-name2 or values.
   */
  #rightSide(): Operand {
    const scanner = this.#scanner
    scanner.skipBlanks()
    const before = scanner.at
    const operand = this.#operand()
    if (operand.kind === 'literal' || scanner.text[before] === '@') return operand
    scanner.at = before
    return scanner.fail('on the right side, names begin with @User., @Device. or @Resource. and text stands in quotes')
  }

  #comparison(): Comparison | undefined {
    this.#scanner.skipBlanks()
    switch (this.#scanner.match(SIGN_OPERATOR) ?? this.#scanner.match(WORD_OPERATOR)?.toLowerCase()) {
      case '==':
        return '=='
      case '!=':
        return '!='
      case '<':
        return '<'
      case '<=':
        return '<='
      case '>':
        return '>'
      case '>=':
        return '>='
      case 'contains':
        return 'contains'
      case 'not_contains':
        return 'not contains'
      case 'any_of':
        return 'any'
      case 'not_any_of':
        return 'not any'
      default:
        return undefined
    }
  }

  #operand(): Operand {
    const scanner = this.#scanner
    scanner.skipBlanks()
    if (scanner.take('{')) return { kind: 'literal', values: this.#list(), composite: true }
    const owner = scanner.match(OWNER_PREFIX)
    if (owner !== undefined) return this.#attribute(ownerOf(owner))
    const value = this.#scalar()
    return value === undefined ? this.#attribute('local') : { kind: 'literal', values: [value], composite: false }
  }

  #attribute(of: AttributeOwner): Operand {
    const name = this.#scanner.match(NAME)
    if (name === undefined) this.#scanner.fail('an attribute or a value is missing')
    return { kind: 'attribute', of, name: decodeName(name) }
  }

  #list(): Scalar[] {
    const values: Scalar[] = []
    if (this.#takes('}')) return values
    do {
      this.#scanner.skipBlanks()
      values.push(this.#scalar() ?? this.#scanner.fail('a value is missing'))
    } while (this.#takes(','))
    this.#token('}')
    return values
  }

  #scalar(): Scalar | undefined {
    return scanScalar(this.#scanner, this.#domainSid)
  }

  #takes(sign: string): boolean {
    this.#scanner.skipBlanks()
    return this.#scanner.take(sign)
  }

  #token(sign: string): void {
    this.#scanner.skipBlanks()
    this.#scanner.expect(sign)
  }

  #bound(depth: number): void {
    if (depth > MAX_CONDITION_DEPTH) this.#scanner.fail(`an expression deeper than ${MAX_CONDITION_DEPTH}`)
  }
}

/**
 * Reads a literal; undefined if there is none here.
 * @throws ConfigurationError
 */
export function scanScalar(scanner: SddlScanner, domainSid: string | undefined): Scalar | undefined {
  // The text as it is: codes like %0041 are only for names, and text can hold every character but
  // quotes. Source: MS-DTYP section 2.5.1.1.
  const quoted = scanner.match(/"[^"]*"/y)
  if (quoted !== undefined) return { type: 'string', value: quoted.slice(1, -1) }
  const octets = scanner.match(/#(?:[0-9a-f]{2})*/iy)
  if (octets !== undefined) return { type: 'octets', value: octets.slice(1).toLowerCase() }
  if (scanner.take('SID(')) {
    const name = scanner.match(/[^)]*/y) ?? ''
    scanner.expect(')')
    return { type: 'sid', value: parseSddlSid(name.trim(), domainSid) }
  }
  const integer = scanner.match(INTEGER)
  return integer === undefined ? undefined : { type: 'integer', value: integerOf(integer) }
}

function integerOf(text: string): bigint {
  const digits = text.replace(/^[+-]/, '')
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits)
  if (value > 0xffff_ffff_ffff_ffffn) throw new ConfigurationError('SDDL: a number does not fit into 64 bits')
  return text.startsWith('-') ? -value : value
}

/**
 * Returns a name without its codes: `%0041` is `A`. Source: MS-DTYP section 2.5.1.1, attr-char2.
 */
export function decodeName(text: string): string {
  return text.replace(/%([0-9a-f]{4})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

function ownerOf(prefix: string): AttributeOwner {
  switch (prefix.toLowerCase()) {
    case '@user.':
      return 'user'
    case '@device.':
      return 'device'
    default:
      return 'resource'
  }
}
