import { Key } from '@s4u/krb5'
import {
  type BaseBlock,
  BitString,
  Boolean,
  Constructed,
  fromBER,
  GeneralizedTime,
  GeneralString,
  Integer,
  OctetString,
  Sequence,
} from 'asn1js'
import { type Asn1Field, type Asn1Type, definitionOf, definitions } from './kerberos-asn1.js'

/**
 * Reads a message by the specifications' ASN.1 with asn1js, which shares nothing with our codec.
 */
export function readWithAsn1js(name: string, bytes: Uint8Array): unknown {
  const { offset, result } = fromBER(Uint8Array.from(bytes).buffer)
  if (offset !== bytes.length) throw new Error(`asn1js read ${offset} of ${bytes.length} octets: ${result.error}`)
  return read(definitionOf(name), result)
}

/**
 * A decoded value without classes and absent fields, octets and keys as hex: what two readers must
 * agree on.
 */
export function plain(value: unknown): unknown {
  if (value instanceof Key) return { etype: value.etype, value: plain(value.exposeSecretBytes()) }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.map(([name, item]) => [name, plain(item)]))
}

const TAG_CLASSES = { application: 2, context: 3 } as const

function read(type: Asn1Type, block: BaseBlock): unknown {
  switch (type.kind) {
    case 'name': {
      const definition = definitions.get(type.name)
      return definition === undefined ? readPrimitive(type.name, block) : read(definition, block)
    }
    case 'constant':
      if (readInteger(block) !== type.value) throw new Error(`asn1js read another number than ${type.value}`)
      return undefined
    case 'list':
      return childrenOf(expectBlock(block, Sequence)).map((child) => read(type.of, child))
    case 'tagged':
      return read(type.of, untagged(block, TAG_CLASSES[type.tagClass], type.number))
    case 'sequence':
      return readSequence(type.fields, expectBlock(block, Sequence))
  }
}

function readSequence(fields: readonly Asn1Field[], block: BaseBlock): unknown {
  const value: Record<string, unknown> = {}
  const children = childrenOf(block)
  for (const field of fields) {
    const there = children[0]?.idBlock.tagNumber === field.number
    if (!there && field.optional) continue
    const child = children.shift()
    if (child === undefined) throw new Error(`asn1js found no ${field.property}`)
    const item = read(field.type, untagged(child, TAG_CLASSES.context, field.number))
    if (field.type.kind !== 'constant') value[field.property] = item
  }
  if (children.length > 0) throw new Error('asn1js found more fields')
  return value
}

function readPrimitive(name: string, block: BaseBlock): unknown {
  switch (name) {
    case 'Int32':
    case 'Kvno':
    case 'Microseconds':
      return readInteger(block)
    case 'UInt32':
      return readInteger(block) >>> 0
    case 'OctetString':
      return expectBlock(block, OctetString).valueBlock.valueHexView
    case 'KerberosString':
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        expectBlock(block, GeneralString).valueBlock.valueHexView,
      )
    case 'KerberosTime':
      return expectBlock(block, GeneralizedTime).toDate().getTime()
    case 'KerberosFlags':
      return expectBlock(block, BitString).valueBlock.valueHexView
    case 'BOOLEAN':
      return expectBlock(block, Boolean).getValue()
    case 'EncryptionKey': {
      const [etype, value] = childrenOf(expectBlock(block, Sequence))
      const octets = expectBlock(untagged(value, TAG_CLASSES.context, 1), OctetString).valueBlock.valueHexView
      return new Key(readInteger(untagged(etype, TAG_CLASSES.context, 0)), octets)
    }
    default:
      throw new Error(`no primitive type ${name}`)
  }
}

function readInteger(block: BaseBlock): number {
  return Number(expectBlock(block, Integer).toBigInt())
}

function untagged(block: BaseBlock, tagClass: number, number: number): BaseBlock {
  const { idBlock } = block
  if (idBlock.tagClass !== tagClass || idBlock.tagNumber !== number)
    throw new Error(`asn1js found another tag than [${number}]`)
  return childrenOf(block)[0]
}

function childrenOf(block: BaseBlock): BaseBlock[] {
  if (!(block instanceof Constructed)) throw new Error('asn1js found a primitive element')
  return [...block.valueBlock.value]
}

function expectBlock<T extends BaseBlock>(block: BaseBlock, type: abstract new (...args: never[]) => T): T {
  if (!(block instanceof type)) throw new Error(`asn1js found a ${block.constructor.name} instead of a ${type.name}`)
  return block
}
