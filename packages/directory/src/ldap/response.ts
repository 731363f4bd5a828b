import { BerReader, Tag } from './ber-reader.js'
import { DirectoryEntry } from './directory-entry.js'

/** How an operation ended. RFC 4511 section 4.1.9. */
export interface LdapResult {
  readonly code: number
  readonly matchedDn: string
  readonly diagnostic: string
  /** Addresses of servers that may know more: `ldap://dc2.corp.test/DC=corp,DC=test`. */
  readonly referrals: readonly string[]
}

/** What a server sends. */
export type LdapResponse = { readonly id: number } & (
  | { readonly kind: 'entry'; readonly entry: DirectoryEntry }
  | { readonly kind: 'reference'; readonly uris: readonly string[] }
  | {
      readonly kind: 'result'
      /** The identifier octet: to which operation it belongs. */
      readonly operation: number
      readonly result: LdapResult
      /** What the server sent back with a bind (RFC 4511 section 4.2.2). */
      readonly credentials: Uint8Array | undefined
      /** Which extended operation it was, or which notice: `1.3.6.1.4.1.1466.20036`. */
      readonly name: string | undefined
      /** Values of controls by their OID. */
      readonly controls: ReadonlyMap<string, Uint8Array>
    }
  /** A response of an extension that this package does not use. */
  | { readonly kind: 'unknown'; readonly operation: number }
)

/** The identifier octets of responses. RFC 4511 appendix B. */
export const Operation = {
  BIND: 0x61,
  ENTRY: 0x64,
  SEARCH_DONE: 0x65,
  MODIFY: 0x67,
  ADD: 0x69,
  DELETE: 0x6b,
  REFERENCE: 0x73,
  EXTENDED: 0x78,
} as const

/**
 * Decodes one message of a server. RFC 4511 section 4.1.1.
 * @throws MalformedTokenError
 */
export function decodeResponse(octets: Uint8Array): LdapResponse {
  const message = new BerReader(octets, 'LDAPMessage').enter(Tag.SEQUENCE, 'message')
  const id = message.integer('messageID')
  const { tag, contents } = message.next('protocolOp')
  const reader = new BerReader(contents, 'protocolOp')
  switch (tag) {
    case Operation.ENTRY:
      return { id, kind: 'entry', entry: readEntry(reader) }
    case Operation.REFERENCE:
      return { id, kind: 'reference', uris: readTexts(reader, 'uri') }
    case Operation.BIND:
    case Operation.SEARCH_DONE:
    case Operation.MODIFY:
    case Operation.ADD:
    case Operation.DELETE:
    case Operation.EXTENDED:
      return { id, kind: 'result', operation: tag, ...readResult(reader, tag), controls: readControls(message) }
    default:
      return { id, kind: 'unknown', operation: tag }
  }
}

function readEntry(reader: BerReader): DirectoryEntry {
  const dn = reader.text('objectName')
  const list = reader.enter(Tag.SEQUENCE, 'attributes')
  const attributes: (readonly [string, readonly Uint8Array[]])[] = []
  while (!list.isAtEnd) {
    const attribute = list.enter(Tag.SEQUENCE, 'attribute')
    const name = attribute.text('type')
    const set = attribute.enter(Tag.SET, 'vals')
    const values: Uint8Array[] = []
    while (!set.isAtEnd) values.push(set.octets('value'))
    attributes.push([name, values])
  }
  return new DirectoryEntry(dn, attributes)
}

const REFERRAL = 0xa3
const SERVER_SASL_CREDENTIALS = 0x87
const RESPONSE_NAME = 0x8a

function readResult(reader: BerReader, operation: number) {
  const code = reader.integer('resultCode', Tag.ENUMERATED)
  const matchedDn = reader.text('matchedDN')
  const diagnostic = withoutNul(reader.text('diagnosticMessage'))
  const referrals = reader.peek() === REFERRAL ? readTexts(reader.enter(REFERRAL, 'referral'), 'uri') : []
  const hasCredentials = operation === Operation.BIND && reader.peek() === SERVER_SASL_CREDENTIALS
  const credentials = hasCredentials ? reader.octets('serverSaslCreds', SERVER_SASL_CREDENTIALS) : undefined
  const hasName = operation === Operation.EXTENDED && reader.peek() === RESPONSE_NAME
  const name = hasName ? reader.text('responseName', RESPONSE_NAME) : undefined
  return { result: { code, matchedDn, diagnostic, referrals }, credentials, name }
}

function readTexts(reader: BerReader, field: string): string[] {
  const texts: string[] = []
  while (!reader.isAtEnd) texts.push(reader.text(field))
  return texts
}

const CONTROLS = 0xa0

function readControls(message: BerReader): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  if (message.peek() !== CONTROLS) return found
  const list = message.enter(CONTROLS, 'controls')
  while (!list.isAtEnd) {
    const control = list.enter(Tag.SEQUENCE, 'control')
    const type = control.text('controlType')
    if (control.peek() === Tag.BOOLEAN) control.contents(Tag.BOOLEAN, 'criticality')
    found.set(type, control.isAtEnd ? NOTHING : control.octets('controlValue'))
  }
  return found
}

/** Active Directory ends its words with a NUL. Each run of them is looked at once. */
function withoutNul(text: string): string {
  return text.replace(/(?<!\0)\0+$/, '')
}

const NOTHING: Uint8Array = new Uint8Array(0)
