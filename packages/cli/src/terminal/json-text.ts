import type { JsonValue } from './report.js'

/**
 * One JSON document. Characters that a terminal would obey or not show are written as `\u….`: the
 * value is the same, and a name in it cannot rewrite the screen.
 */
export function jsonText(value: JsonValue): string {
  const text = JSON.stringify(value ?? null, undefined, 2)
  return `${text.replace(UNPRINTABLE, escaped)}\n`
}

/** As `printable` of krb5, but for the line ends that JSON.stringify writes itself. */
const UNPRINTABLE = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
}
