import type { AttributeOwner, Comparison, Condition, Operand } from './condition.js'
import type { Attribute, Scalar } from './attribute.js'
import { upcase } from './upcase.js'

/** What conditions ask about. */
export interface ConditionFacts {
  readonly sids: ReadonlySet<string>
  /**
   * Groups of which it is not known whether the user is in them: such a group admits no caller, and
   * keeps out those that it should keep out.
   */
  readonly denyOnlySids: ReadonlySet<string>
  readonly deviceSids: ReadonlySet<string>
  readonly attributes: Readonly<Record<AttributeOwner, readonly Attribute[]>>
}

/**
 * The value of an expression. Undefined stands for UNKNOWN: something that the answer depends on is
 * missing.
 */
export type Truth = boolean | undefined

/**
 * Returns the value of a condition for a caller. Source: MS-DTYP sections 2.4.4.17.6, 2.4.4.17.7
 * and 2.5.3.1.5.
 */
export function evaluateCondition(condition: Condition, facts: ConditionFacts): Truth {
  try {
    return truthOf(condition, facts)
  } catch (error) {
    // A rule that cannot be applied makes the whole expression unknown, whatever the rest says.
    if (error instanceof InapplicableRule) return undefined
    throw error
  }
}

class InapplicableRule extends Error {}

function truthOf(node: Condition, facts: ConditionFacts): Truth {
  switch (node.kind) {
    case 'and':
      return and(truthOf(node.left, facts), truthOf(node.right, facts))
    case 'or':
      return not(and(not(truthOf(node.left, facts)), not(truthOf(node.right, facts))))
    case 'not':
      return not(truthOf(node.operand, facts))
    case 'exists':
      return node.negated !== exists(node.attribute, facts)
    case 'member':
      return node.negated ? not(isMember(node, facts)) : isMember(node, facts)
    case 'compare':
      return compare(node.operator, node.left, node.right, facts)
    default:
      return truthOfOperand(node, facts)
  }
}

function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth
}

/** Combines by `&&`: FALSE decides, then UNKNOWN. */
function and(left: Truth, right: Truth): Truth {
  if (left === false || right === false) return false
  return left === undefined || right === undefined ? undefined : true
}

/** Evaluates an attribute without an operator: it is true if it is neither zero nor empty. */
function truthOfOperand(operand: Operand, facts: ConditionFacts): Truth {
  if (operand.kind === 'literal') throw new InapplicableRule()
  const values = find(operand, facts)?.values ?? []
  if (values.length === 0) return undefined
  if (values.length > 1) throw new InapplicableRule()
  const [value] = values
  if (value.type === 'integer') return value.value !== 0n
  if (value.type === 'string') return value.value !== ''
  throw new InapplicableRule()
}

/** Evaluates `Exists`, which is defined only for attributes of the resource and of the app. */
function exists(operand: Operand, facts: ConditionFacts): boolean {
  if (operand.kind === 'literal' || operand.of === 'user' || operand.of === 'device') throw new InapplicableRule()
  return (find(operand, facts)?.values ?? []).length > 0
}

type Membership = Extract<Condition, { readonly kind: 'member' }>

function isMember(membership: Membership, facts: ConditionFacts): Truth {
  const { sids: operand, of } = membership
  if (operand.kind === 'attribute' || operand.values.length === 0) throw new InapplicableRule()
  const asked = operand.values.map((value): Truth => {
    if (value.type !== 'sid') throw new InapplicableRule()
    if (of === 'device') return facts.deviceSids.has(value.value)
    return facts.denyOnlySids.has(value.value) && !facts.sids.has(value.value) ? undefined : facts.sids.has(value.value)
  })
  return membership.any ? not(asked.map(not).reduce(and)) : asked.reduce(and)
}

interface Values {
  readonly values: readonly Scalar[]
  readonly caseSensitive: boolean
  /** Returns whether a value is a list: written as one, or with several values. */
  readonly isList: boolean
}

/**
 * Compares two values. Source: MS-DTYP section 2.4.4.17.6, "Binary Relational Operators"; what the
 * section leaves open is done as in Samba.
 */
function compare(operator: Comparison, left: Operand, right: Operand, facts: ConditionFacts): Truth {
  // The left side must be an attribute: an expression that compares two literals says nothing about
  // the caller.
  if (left.kind === 'literal' || isEmptyList(right)) throw new InapplicableRule()
  const [ours, theirs] = [valuesOf(left, facts), valuesOf(right, facts)]
  if (ours === undefined || theirs === undefined) return undefined
  const caseSensitive = ours.caseSensitive || theirs.caseSensitive
  switch (operator) {
    case '==':
      return isEqual(ours, theirs, caseSensitive)
    case '!=':
      return !isEqual(ours, theirs, caseSensitive)
    case 'contains':
      return containsAll(ours, theirs, caseSensitive)
    case 'not contains':
      return !containsAll(ours, theirs, caseSensitive)
    case 'any':
      return containsAny(ours, theirs, caseSensitive)
    case 'not any':
      return !containsAny(ours, theirs, caseSensitive)
    default:
      if (ours.isList || theirs.isList) throw new InapplicableRule()
      return inOrder(operator, ours.values[0], theirs.values[0], caseSensitive)
  }
}

/**
 * Returns whether a list is `{}`. The grammar has no such list (MS-DTYP section 2.5.1.1,
 * value-array), but it can be written, and occurs in binary forms. Every attribute contains all of
 * an empty list and differs from it: such a condition must not admit every caller.
 */
function isEmptyList(operand: Operand): boolean {
  return operand.kind === 'literal' && operand.values.length === 0
}

function valuesOf(operand: Operand, facts: ConditionFacts): Values | undefined {
  if (operand.kind === 'literal') {
    return { values: operand.values, caseSensitive: false, isList: operand.composite }
  }
  const attribute = find(operand, facts)
  if (attribute === undefined || attribute.values.length === 0) return undefined
  return { ...attribute, isList: attribute.values.length > 1 }
}

/**
 * Returns whether two values are "the exact same value (single- or set-based)": a single value and
 * a list are of two types. In lists neither order nor repetition counts.
 */
function isEqual(ours: Values, theirs: Values, caseSensitive: boolean): boolean {
  if (ours.isList !== theirs.isList) throw new InapplicableRule()
  return containsAll(ours, theirs, caseSensitive) && containsAll(theirs, ours, caseSensitive)
}

function containsAll(ours: Values, theirs: Values, caseSensitive: boolean): boolean {
  const keys = keysOf(ours, theirs, caseSensitive)
  return theirs.values.every((value) => keys.has(keyOf(value, caseSensitive)))
}

function containsAny(ours: Values, theirs: Values, caseSensitive: boolean): boolean {
  const keys = keysOf(ours, theirs, caseSensitive)
  return theirs.values.some((value) => keys.has(keyOf(value, caseSensitive)))
}

/** Returns whether values can be compared: only values of one type can. */
function keysOf(ours: Values, theirs: Values, caseSensitive: boolean): ReadonlySet<string> {
  const types = new Set([...ours.values, ...theirs.values].map(({ type }) => type))
  if (types.size > 1) throw new InapplicableRule()
  return new Set(ours.values.map((value) => keyOf(value, caseSensitive)))
}

function keyOf({ type, value }: Scalar, caseSensitive: boolean): string {
  return type === 'string' && !caseSensitive ? upcase(value) : String(value)
}

function inOrder(operator: '<' | '<=' | '>' | '>=', left: Scalar, right: Scalar, caseSensitive: boolean): boolean {
  const ordered = (a: bigint | string, b: bigint | string): boolean => {
    if (operator === '<') return a < b
    if (operator === '<=') return a <= b
    return operator === '>' ? a > b : a >= b
  }
  if (left.type === 'integer' && right.type === 'integer') return ordered(left.value, right.value)
  if (left.type === 'string' && right.type === 'string') {
    return ordered(keyOf(left, caseSensitive), keyOf(right, caseSensitive))
  }
  throw new InapplicableRule()
}

function find(operand: Operand, { attributes }: ConditionFacts): Attribute | undefined {
  if (operand.kind === 'literal') return undefined
  const name = upcase(operand.name)
  return attributes[operand.of].find((attribute) => upcase(attribute.name) === name)
}
