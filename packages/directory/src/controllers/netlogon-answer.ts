import { asciiLower, ByteReader } from '@s4u/krb5'

/** What a controller says of itself and of this machine. MS-ADTS section 6.3.1.9. */
export interface NetlogonAnswer {
  /** The domain and the root of its forest, in DNS. */
  readonly forest: string
  readonly domain: string
  readonly host: string
  /** `CORP` (NetBIOS). */
  readonly flatDomain: string
  readonly controllerSite: string
  /** The site of this machine; undefined if its address belongs to no site. */
  readonly clientSite: string | undefined
}

/** LOGON_SAM_LOGON_RESPONSE_EX, and the same for an unknown user. MS-ADTS section 6.3.1.3. */
const OPCODES: readonly number[] = [23, 25]

const GUID_OCTETS = 16

/** @throws MalformedTokenError */
export function decodeNetlogonAnswer(bytes: Uint8Array): NetlogonAnswer {
  const reader = new ByteReader(bytes, 'NETLOGON_SAM_LOGON_RESPONSE_EX')
  const opcode = reader.u16le('Opcode')
  if (!OPCODES.includes(opcode)) reader.fail('Opcode', '23 or 25', String(opcode))
  reader.skip(2, 'Sbz')
  reader.skip(4, 'Flags')
  reader.skip(GUID_OCTETS, 'DomainGuid')
  const fields = [
    'DnsForestName',
    'DnsDomainName',
    'DnsHostName',
    'NetbiosDomainName',
    'NetbiosComputerName',
    'UserName',
    'DcSiteName',
    'ClientSiteName',
  ]
  const [forest, domain, host, flatDomain, , , controllerSite, clientSite] = fields.map((field) =>
    readName(reader, bytes, field),
  )
  return {
    forest: asciiLower(forest),
    domain: asciiLower(domain),
    host: asciiLower(host),
    flatDomain,
    controllerSite,
    clientSite: clientSite === '' ? undefined : clientSite,
  }
}

/**
 * Pointers that point at each other would not end. A name has 127 labels at most. RFC 1035 section
 * 2.3.4.
 */
const MAX_LABELS = 128

const POINTER = 0xc0

/**
 * Labels with a length each; a pointer leads to the rest, further to the front. RFC 1035 section
 * 4.1.4.
 */
function readName(reader: ByteReader, bytes: Uint8Array, field: string): string {
  const labels: string[] = []
  let behind: number | undefined
  for (let count = 0; ; count++) {
    if (count > MAX_LABELS) reader.fail(field, `at most ${MAX_LABELS} labels`, 'more')
    const length = reader.u8(field)
    if (length === 0) break
    if (length < POINTER) {
      labels.push(decoder.decode(reader.bytes(length, field)))
      continue
    }
    const to = ((length & ~POINTER) << 8) | reader.u8(field)
    behind ??= reader.offset
    if (to >= bytes.length) reader.fail(field, `a pointer within ${bytes.length} octets`, String(to))
    reader.seek(to, field)
  }
  if (behind !== undefined) reader.seek(behind, field)
  return labels.join('.')
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
