import { ERROR_MEANINGS, helpOf, KPASSWD_RESULTS, KRB_ERROR_CODES, NOTICE_MEANINGS } from '@s4u/krb5'
import { NT_STATUSES } from './nt-statuses.js'
import { REMEDIES } from './remedies.js'

/** One code of s4u, of Kerberos or of Windows. */
export interface Explanation {
  readonly code: string
  /** The number on the wire: `13`, `0xC0000234`. */
  readonly number?: string
  readonly source: string
  readonly meaning: string
  readonly remedy?: string
  /** The page about a code of s4u. */
  readonly help?: string
}

/**
 * What a name or a number means: `KDC_ERR_BADOPTION`, `badoption`, `13`, `0xd`, `0xC0000234`. One
 * number can mean several kinds of codes: all are returned. The list is empty for an unknown code.
 */
export function explain(text: string): readonly Explanation[] {
  // The rest of such a code is the name of the option.
  const wanted = text
    .trim()
    .toUpperCase()
    .replace(/^(S4U_OLD_NAME)_.*/, '$1')
  const number = /^(?:0X[\dA-F]+|-?\d+)$/.test(wanted) ? Number(wanted) >>> 0 : undefined
  const all = everything()
  if (number !== undefined) return all.filter((one) => one.number !== undefined && Number(one.number) === number)
  const exact = all.filter(({ code }) => code.toUpperCase() === wanted)
  return exact.length > 0 ? exact : all.filter(({ code }) => code.toUpperCase().endsWith(`_${wanted}`))
}

/** Codes whose name has a part of the text in it, for what is not found. */
export function similarCodes(text: string): readonly string[] {
  const words = text
    .toUpperCase()
    .split(/[^A-Z\d]+/)
    .filter((word) => word.length >= SHORTEST_WORD)
  return everything()
    .map(({ code }) => code)
    .filter((code) => words.some((word) => code.includes(word)))
    .slice(0, MOST_SIMILAR)
}

const SHORTEST_WORD = 4
/** How many similar codes are offered for one that is not known: what fits into a line or two. */
const MOST_SIMILAR = 8

function everything(): readonly Explanation[] {
  const numbers: Readonly<Record<string, number>> = { ...KRB_ERROR_CODES, ...KPASSWD_RESULTS }
  const ours = Object.entries(ERROR_MEANINGS).map(([code, meaning]) => ({
    code,
    meaning,
    source: sourceOf(code),
    ...(code in numbers && { number: String(numbers[code]) }),
    help: helpOf(code),
    ...remedyOf(code),
  }))
  const windows = NT_STATUSES.map(([number, code, meaning]) => ({
    code,
    number: `0x${number.toString(16).toUpperCase()}`,
    source: 'NTSTATUS, MS-ERREF section 2.3.1',
    meaning,
    ...remedyOf(code),
  }))
  const notices = Object.entries(NOTICE_MEANINGS).map(([code, meaning]) => ({
    ...{ code, meaning, source: 'notice or warning of s4u, and no error' },
    ...remedyOf(code),
  }))
  return [...ours, ...notices, ...windows]
}

function remedyOf(code: string): { readonly remedy?: string } {
  const remedy = REMEDIES[code]
  return remedy === undefined ? {} : { remedy }
}

function sourceOf(code: string): string {
  if (code in KRB_ERROR_CODES) return 'KRB-ERROR, RFC 4120 section 7.5.9'
  if (code in KPASSWD_RESULTS) return 'password server, RFC 3244 section 2'
  if (code.startsWith('KRB5_')) return 'MIT krb5'
  if (code.startsWith('GSS_S_')) return 'GSS-API, RFC 2744 section 3.9.1'
  return code.startsWith('S4U_') ? 's4u' : 'error codes of s4u, see docs/error-codes.md'
}
