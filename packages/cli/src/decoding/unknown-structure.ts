import * as asn1js from 'asn1js'
import type { TreeNode } from '../terminal/blocks.js'
import { branch, leaf } from './nodes.js'

/** How deep a structure is shown, and how many elements: more does not help a reader. */
const MAX_DEPTH = 12
/** How many elements of a structure are shown: more than a reader looks at. */
const MAX_ELEMENTS = 400

/**
 * Returns the elements of a BER structure that no decoder here knows; undefined if the input is
 * not BER.
 */
export function unknownStructure(octets: Uint8Array): TreeNode | undefined {
  const result = elementOf(octets)
  if (result === undefined) return undefined
  const budget = { left: MAX_ELEMENTS }
  return branch('ASN.1 structure of no known kind', [elementTree(result, 0, budget)], `${octets.length} octets`)
}

/**
 * Reads a structure; returns undefined if it cannot be read. The reader throws for some values,
 * such as a wrong time.
 */
function elementOf(octets: Uint8Array): asn1js.AsnType | undefined {
  try {
    const { offset, result } = asn1js.fromBER(new Uint8Array(octets).buffer)
    return offset === octets.length && result.error === '' ? result : undefined
  } catch {
    return undefined
  }
}

function elementTree(element: asn1js.AsnType, depth: number, budget: { left: number }): TreeNode | undefined {
  if (budget.left-- <= 0) return undefined
  const label = labelOf(element)
  if (depth >= MAX_DEPTH) return leaf(label, '…')
  const inner = element instanceof asn1js.Constructed ? element.valueBlock.value : undefined
  if (inner === undefined) return leaf(label, valueOf(element))
  return branch(
    label,
    inner.map((one) => elementTree(one, depth + 1, budget)),
  )
}

function labelOf({ idBlock }: asn1js.AsnType): string {
  const { tagClass, tagNumber } = idBlock
  if (tagClass === 2) return `[APPLICATION ${tagNumber}]`
  if (tagClass === 3) return `[${tagNumber}]`
  return UNIVERSAL[tagNumber] ?? `[UNIVERSAL ${tagNumber}]`
}

function valueOf(element: asn1js.AsnType): string {
  if (element instanceof asn1js.Integer) {
    const digits = Buffer.from(element.valueBlock.valueHexView)
    return digits.length <= 8
      ? BigInt.asIntN(digits.length * 8, BigInt(`0x${digits.toString('hex') || '0'}`)).toString()
      : `${digits.length} octets`
  }
  if (element instanceof asn1js.ObjectIdentifier) return element.valueBlock.toString()
  if (element instanceof asn1js.OctetString) return `${element.valueBlock.valueHexView.length} octets`
  if (element instanceof asn1js.Boolean) return String(element.valueBlock.value)
  if (element instanceof asn1js.BaseStringBlock) return element.getValue()
  return `${element.valueBeforeDecodeView.length} octets`
}

const UNIVERSAL: Readonly<Record<number, string>> = {
  1: 'BOOLEAN',
  2: 'INTEGER',
  3: 'BIT STRING',
  4: 'OCTET STRING',
  5: 'NULL',
  6: 'OBJECT IDENTIFIER',
  10: 'ENUMERATED',
  12: 'UTF8String',
  16: 'SEQUENCE',
  17: 'SET',
  23: 'UTCTime',
  24: 'GeneralizedTime',
  27: 'GeneralString',
}
