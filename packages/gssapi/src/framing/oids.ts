import { type Codec, ConfigurationError, DerFault } from '@s4u/krb5'

/**
 * The mechanisms in Negotiate tokens. Source: RFC 4121 section 4.1, RFC 4178 section 4, MS-SPNG
 * section 1.9, MS-NEGOEX section 1.9.
 */
export const Mechanism = {
  SPNEGO: '1.3.6.1.5.5.2',
  KRB5: '1.2.840.113554.1.2.2',
  /**
   * The number above with one bit lost, a fault of Windows 2000. Later versions still list it
   * first. Source: MS-SPNG section 1.9.
   */
  MS_KRB5: '1.2.840.48018.1.2.2',
  NTLM: '1.3.6.1.4.1.311.2.2.10',
  NEGOEX: '1.3.6.1.4.1.311.2.2.30',
  IAKERB: '1.3.6.1.5.2.5',
} as const

/**
 * Returns whether a mechanism is Kerberos, under either of its numbers.
 *
 * @example
 * ```ts
 * import { isKerberos, Mechanism } from '@s4u/gssapi'
 *
 * console.log(isKerberos(Mechanism.MS_KRB5), isKerberos(Mechanism.NTLM)) // true false
 * ```
 */
export function isKerberos(mechanism: string): boolean {
  return mechanism === Mechanism.KRB5 || mechanism === Mechanism.MS_KRB5
}

/** The longest `OBJECT IDENTIFIER` in octets. Those of mechanisms have fewer than 12. */
const MAX_OID_OCTETS = 64

/**
 * The codec of an OBJECT IDENTIFIER, in dotted notation. Each arc must have its shortest form.
 * Source: ITU-T X.690 section 8.19.
 */
export const ObjectIdentifier: Codec<string> = {
  name: 'OBJECT IDENTIFIER',
  tag: 0x06,
  read(reader) {
    const length = reader.header(0x06)
    if (length === 0 || length > MAX_OID_OCTETS) {
      throw new DerFault(`an OBJECT IDENTIFIER of 1 to ${MAX_OID_OCTETS} octets`, `${length}`)
    }
    const start = reader.position
    reader.position += length
    return findKnown(reader.bytes, start, length) ?? readArcs(reader.bytes.subarray(start, reader.position))
  },
  write(writer, value) {
    const mark = writer.written
    writer.octets(KNOWN.find(({ oid }) => oid === value)?.octets ?? arcOctets(value))
    writer.header(0x06, mark)
  },
}

function readArcs(octets: Uint8Array): string {
  const arcs: number[] = []
  let arc = 0
  let begun = false
  for (const octet of octets) {
    if (!begun && octet === 0x80) throw new DerFault('an arc in its shortest form', 'a longer one')
    arc = arc * 128 + (octet & 0x7f)
    if (!Number.isSafeInteger(arc)) throw new DerFault('arcs below 2^53', 'a larger one')
    begun = octet >= 0x80
    if (begun) continue
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(arc / 40))
      arcs.push(first, arc - first * 40)
    } else {
      arcs.push(arc)
    }
    arc = 0
  }
  if (begun) throw new DerFault('the last octet of an arc', 'the end')
  return arcs.join('.')
}

function arcOctets(dotted: string): Uint8Array {
  const arcs = dotted.split('.').map(Number)
  const [first, second] = arcs
  const valid =
    /^\d(\.\d+)+$/.test(dotted) && arcs.every(Number.isSafeInteger) && first <= 2 && (first === 2 || second < 40)
  if (!valid) throw new ConfigurationError(`not an object identifier: ${dotted}`, { code: 'ASN1_BAD_FORMAT' })
  return Uint8Array.from([first * 40 + second, ...arcs.slice(2)].flatMap(base128))
}

function base128(arc: number): number[] {
  const octets = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift(0x80 | (rest % 128))
  return octets
}

/**
 * Known identifiers. Nearly every token names one of these, and a look-up is cheaper than a
 * decoder.
 */
const KNOWN: readonly { readonly oid: string; readonly octets: Uint8Array }[] = Object.values(Mechanism).map((oid) => ({
  oid,
  octets: arcOctets(oid),
}))

function findKnown(bytes: Uint8Array, start: number, length: number): string | undefined {
  for (const { oid, octets } of KNOWN) {
    let same = octets.length === length
    for (let index = 0; same && index < length; index++) same = bytes[start + index] === octets[index]
    if (same) return oid
  }
  return undefined
}
