/**
 * Returns a text as one line for logs and terminals. A peer may have written a part of the text,
 * such as a name. Characters that are invisible, begin a new line or change the text around them
 * are shown as their codes, `\u{202e}`.
 *
 * @example
 * ```ts
 * import { printable } from '@s4u/krb5'
 *
 * printable('alice\nroot') // 'alice\\u{a}root'
 * ```
 */
export function printable(text: string): string {
  // Nearly every text is harmless, and errors are made as fast as a peer can send nonsense.
  if (/^[\x20-\x7e]*$/.test(text)) return text
  return text.replace(UNPRINTABLE, codeOf)
}

/**
 * Returns a name that a peer chose, in a form that is safe in logs, on terminals and on web pages
 * that forget to escape it. Does what `printable` does, and also shows as its code what begins or
 * ends a tag or a quoted attribute: `\u{3c}script\u{3e}`. Two different names never look the same.
 *
 * @example
 * ```ts
 * import { printableName } from '@s4u/krb5'
 *
 * printableName('<b>alice') // '\\u{3c}b\\u{3e}alice'
 * ```
 */
export function printableName(name: string): string {
  if (ORDINARY.test(name)) return name
  return name.replaceAll('\\u{', '\\u{5c}u{').replace(NOT_IN_NAMES, codeOf)
}

/**
 * Returns the message of whatever was thrown, as one line: not everything that is thrown is an
 * `Error`.
 *
 * @example
 * ```ts
 * import { printableMessage } from '@s4u/krb5'
 *
 * console.log(printableMessage(new Error('two\nlines'))) // two\u{a}lines
 * ```
 */
export function printableMessage(thrown: unknown): string {
  return printable(thrown instanceof Error ? thrown.message : String(thrown))
}

/** Returns the code that is shown in place of a character: `\u{202e}`. */
export function codeOf(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}

const ORDINARY = /^[\x20!#-;=?-[\]-~]*$/

/**
 * Control and format characters, among them those that turn the direction of writing; lone halves
 * of a character (surrogates), line separators, unassigned and private characters, and letters that
 * are drawn as nothing.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

export const NOT_IN_NAMES = /[<>"\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu
