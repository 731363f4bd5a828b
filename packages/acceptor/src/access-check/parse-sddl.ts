import { asciiUpper } from '@s4u/krb5'
import { parseRights } from './access-mask.js'
import { decodeName, parseCondition, scanScalar } from './sddl-condition.js'
import { SddlScanner } from './sddl-scanner.js'
import { parseSddlSid } from './sddl-sids.js'
import type { Attribute, Scalar } from './attribute.js'
import type { Ace, SecurityDescriptor } from './security-descriptor.js'

/** The limit of text: an ACL holds 64 kB at most, and its text is less than four times as long. */
const MAX_CHARACTERS = 512 * 1024

/**
 * Parses SDDL: `O:BAG:DUD:(A;;FA;;;BA)`. Source: MS-DTYP section 2.5.1.
 * @param domainSid the domain that `DA`, `DU` and the like mean
 * @throws ConfigurationError
 */
export function parseSddl(text: string, domainSid?: string): SecurityDescriptor {
  const scanner = new SddlScanner(text)
  if (text.length > MAX_CHARACTERS) scanner.fail(`longer than ${MAX_CHARACTERS} characters`)
  const seen = new Set<string>()
  let owner: string | undefined
  let group: string | undefined
  let dacl: Ace[] | undefined
  let attributes: Attribute[] = []
  scanner.skipBlanks()
  while (!scanner.isAtEnd) {
    const part = scanner.match(/[OGDS](?=:)/iy)?.toUpperCase() ?? scanner.fail('O:, G:, D: or S: is missing')
    if (seen.has(part)) scanner.fail(`a second ${part}:`)
    seen.add(part)
    scanner.expect(':')
    if (part === 'O') owner = readSid(scanner, domainSid)
    else if (part === 'G') group = readSid(scanner, domainSid)
    else if (part === 'D') dacl = readDacl(scanner, domainSid)
    else attributes = readSacl(scanner, domainSid)
    scanner.skipBlanks()
  }
  if (seen.size === 0) scanner.fail('nothing')
  return { owner, group, dacl, attributes }
}

/** The flags of an ACL: `PAI`. NO_ACCESS_CONTROL stands for a list that keeps no caller out. */
const ACL_FLAGS = /(?:AR|AI|P|NO_ACCESS_CONTROL)*/iy

function readDacl(scanner: SddlScanner, domainSid: string | undefined): Ace[] | undefined {
  const flags = scanner.match(ACL_FLAGS) ?? ''
  const aces = readAces(scanner, domainSid).flatMap(({ ace }) => ace ?? [])
  return /NO_ACCESS_CONTROL/i.test(flags) ? undefined : aces
}

function readSacl(scanner: SddlScanner, domainSid: string | undefined): Attribute[] {
  scanner.match(ACL_FLAGS)
  return readAces(scanner, domainSid).flatMap(({ attribute }) => attribute ?? [])
}

interface ReadAce {
  readonly ace?: Ace
  readonly attribute?: Attribute
}

function readAces(scanner: SddlScanner, domainSid: string | undefined): ReadAce[] {
  const aces: ReadAce[] = []
  for (;;) {
    scanner.skipBlanks()
    if (!scanner.take('(')) return aces
    aces.push(readAce(scanner, domainSid))
  }
}

const KINDS: ReadonlyMap<string, Ace['kind']> = new Map([
  ['A', 'allow'],
  ['D', 'deny'],
  ['OA', 'allow'],
  ['OD', 'deny'],
  ['XA', 'allow'],
  ['XD', 'deny'],
  ['ZA', 'allow'],
])

/** Types that are skipped: auditing, labels and policies. */
const OTHERS: readonly string[] = ['AU', 'AL', 'OU', 'OL', 'XU', 'ML', 'SP', 'RA', 'TL', 'FL']

function readAce(scanner: SddlScanner, domainSid: string | undefined): ReadAce {
  const type = asciiUpper(field(scanner, 'type'))
  const kind = KINDS.get(type)
  if (kind === undefined && !OTHERS.includes(type)) scanner.fail(`${JSON.stringify(type)} is no type of entries`)
  const inheritOnly = readFlags(scanner)
  const mask = parseRights(field(scanner, 'rights'))
  const objectType = readGuid(scanner)
  readGuid(scanner)
  const sid = parseSddlSid((scanner.match(/[^;()]*/y) ?? '').trim(), domainSid)
  const conditional = scanner.take(';')
  if (kind === undefined) return readOther(scanner, type, conditional, domainSid)
  if (conditional !== CONDITIONAL.includes(type)) scanner.fail(`${type} with${conditional ? '' : 'out'} a condition`)
  const condition = conditional ? parseCondition(scanner, domainSid) : undefined
  scanner.skipBlanks()
  scanner.expect(')')
  return { ace: { kind, inheritOnly, mask, sid, ...(objectType && { objectType }), ...(condition && { condition }) } }
}

const CONDITIONAL: readonly string[] = ['XA', 'XD', 'ZA']

function readOther(scanner: SddlScanner, type: string, more: boolean, domainSid: string | undefined): ReadAce {
  const attribute = type === 'RA' && more ? readAttribute(scanner, domainSid) : undefined
  if (type !== 'RA' && more) parseCondition(scanner, domainSid)
  scanner.skipBlanks()
  scanner.expect(')')
  return attribute === undefined ? {} : { attribute }
}

/**
 * Parses a resource attribute: `("Secrecy",TU,0,3)`. Source: MS-DTYP section 2.5.1.1,
 * attribute-data.
 */
function readAttribute(scanner: SddlScanner, domainSid: string | undefined): Attribute {
  scanner.skipBlanks()
  scanner.expect('(')
  scanner.skipBlanks()
  const name = scanScalar(scanner, domainSid)
  if (name?.type !== 'string') scanner.fail('the name of the attribute is missing')
  next(scanner)
  const type = scanner.match(/T[IUSDXB]/iy)?.toUpperCase() ?? scanner.fail('the type of the attribute is missing')
  next(scanner)
  const flags = scanner.match(/0x[0-9a-f]{1,8}|\d{1,10}/iy) ?? scanner.fail('the flags of the attribute are missing')
  const values: Scalar[] = []
  for (scanner.skipBlanks(); scanner.take(','); scanner.skipBlanks()) {
    scanner.skipBlanks()
    values.push(readValue(scanner, type, domainSid))
  }
  scanner.expect(')')
  return { name: decodeName(name.value), values, caseSensitive: (Number(flags) & CASE_SENSITIVE) !== 0 }
}

const CASE_SENSITIVE = 0x2

const TYPES: Readonly<Record<string, Scalar['type']>> = {
  TI: 'integer',
  TU: 'integer',
  TB: 'integer',
  TS: 'string',
  TD: 'sid',
  TX: 'octets',
}

function readValue(scanner: SddlScanner, type: string, domainSid: string | undefined): Scalar {
  if (type === 'TX')
    return { type: 'octets', value: (scanner.match(/#?(?:[0-9a-f]{2})*/iy) ?? '').replace('#', '').toLowerCase() }
  if (type === 'TD' && !/^SID\(/i.test(scanner.text.slice(scanner.at, scanner.at + 4)))
    return { type: 'sid', value: readSid(scanner, domainSid) }
  const value = scanScalar(scanner, domainSid)
  if (value === undefined || value.type !== TYPES[type]) scanner.fail(`a value of type ${type} is missing`)
  return value
}

function next(scanner: SddlScanner): void {
  scanner.skipBlanks()
  scanner.expect(',')
  scanner.skipBlanks()
}

function field(scanner: SddlScanner, what: string): string {
  const text = scanner.match(/[^;()]*/y) ?? ''
  if (!scanner.take(';')) scanner.fail(`the ${what} of an entry ends too early`)
  return text.trim()
}

/**
 * Parses the flags of an entry. Container and object inheritance and auditing do not matter to an
 * access check. Source: MS-DTYP section 2.5.1.1, ace-flag.
 */
function readFlags(scanner: SddlScanner): boolean {
  const flags = asciiUpper(field(scanner, 'flags'))
  if (!/^(?:CI|OI|NP|IO|ID|SA|FA|TP|CR)*$/.test(flags)) scanner.fail(`${JSON.stringify(flags)} are no flags of entries`)
  return [...flags.matchAll(/../g)].some(([flag]) => flag === 'IO')
}

function readGuid(scanner: SddlScanner): string | undefined {
  const guid = field(scanner, 'object type').toLowerCase()
  if (guid === '') return undefined
  if (!/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(guid)) scanner.fail(`${JSON.stringify(guid)} is no GUID`)
  return guid
}

/**
 * Reads a SID: two letters, or all of `S-1-…`. What follows may be the next part, whose letter does
 * not belong to the SID.
 */
function readSid(scanner: SddlScanner, domainSid: string | undefined): string {
  scanner.skipBlanks()
  const text = scanner.match(/S-[0-9a-fx-]*[0-9a-f](?!:)|S-[0-9x-]*\d|[A-Z]{2}/iy) ?? scanner.fail('a SID is missing')
  return parseSddlSid(text, domainSid)
}
