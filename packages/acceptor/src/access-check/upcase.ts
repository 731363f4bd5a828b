/**
 * Text as Windows compares it without regard to case: each UTF-16 code unit by itself becomes the
 * capital whose small letter it is, or stays. Nothing grows (`ß` is not `SS`, `ﬁ` is not `FI`), and
 * no letter is taken for one that only looks like it or that a locale takes it for (`ı`, `ſ`,
 * U+212A): whoever may choose one name must not thereby hold another. Source: MS-UCODEREF section
 * 3.1.5.3, "ToUpperCase"; MS-DTYP section 2.4.4.17.6.
 */
export function upcase(text: string): string {
  // Names of attributes and nearly all values are.
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
 * The one small letter whose capital has another small letter, and which Windows' table has all the
 * same.
 */
const FINAL_SIGMA = 'ς'
const SIGMA = 'Σ'

/** Georgian and Cherokee got their second case after the table was made: Unicode 11.0 and 8.0. */
const NOT_ON_WINDOWS = /[\u10d0-\u10ff\u13f8-\u13fd\uab70-\uabbf]/

/**
 * Greek letters whose full capital is two letters, and whose simple one has the iota beside it:
 * U+1F80 and U+1F88.
 */
const GREEK_WITH_IOTA: ReadonlyMap<string, string> = new Map(
  Array.from({ length: 0x80 }, (_, index) => String.fromCharCode(0x1f80 + index)).flatMap((capital) => {
    const small = capital.toLowerCase()
    return small !== capital && small.toUpperCase().length > 1 ? [[small, capital] as const] : []
  }),
)
