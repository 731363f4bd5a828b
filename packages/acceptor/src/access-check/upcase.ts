/**
 * Returns a text as Windows compares it without regard to case: each UTF-16 code unit by itself
 * becomes its capital, or stays. A text never gets longer (`ß` is not `SS`, `ﬁ` is not `FI`).
 * Letters that look alike, or that a locale exchanges (`ı`, `ſ`, U+212A), stay different. Otherwise
 * a user who may choose one name could get the rights of another name. Source: MS-UCODEREF section
 * 3.1.5.3, "ToUpperCase"; MS-DTYP section 2.4.4.17.6.
 */
export function upcase(text: string): string {
  // Names of attributes are ASCII, and so are nearly all values.
  if (/^[\0-\x7f]*$/.test(text)) return text.replace(SMALL, (letters) => letters.toUpperCase())
  let folded = ''
  for (let at = 0; at < text.length; at++) folded += upcaseUnit(text[at])
  return folded
}

const SMALL = /[a-z]+/g

function upcaseUnit(unit: string): string {
  if (unit === FINAL_SIGMA) return SIGMA
  if (NOT_ON_WINDOWS.test(unit)) return unit
  const capital = unit.toUpperCase()
  if (capital.length === 1) return capital.toLowerCase() === unit ? capital : unit
  return GREEK_WITH_IOTA.get(unit) ?? unit
}

/**
 * The only small letter whose capital has another small letter and which the table of Windows still
 * has.
 */
const FINAL_SIGMA = 'ς'
const SIGMA = 'Σ'

/** Georgian and Cherokee got their second case after the table was made: Unicode 11.0 and 8.0. */
const NOT_ON_WINDOWS = /[\u10d0-\u10ff\u13f8-\u13fd\uab70-\uabbf]/

/**
 * Greek letters whose full capital is two letters, and whose simple capital has the iota beside it:
 * U+1F80 and U+1F88.
 */
const GREEK_WITH_IOTA: ReadonlyMap<string, string> = new Map(
  Array.from({ length: 0x80 }, (_, index) => String.fromCharCode(0x1f80 + index)).flatMap((capital) => {
    const small = capital.toLowerCase()
    return small !== capital && small.toUpperCase().length > 1 ? [[small, capital] as const] : []
  }),
)
