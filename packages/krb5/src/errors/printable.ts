/**
 * Text of which others wrote a part, such as a name, as one line for logs and terminals: characters with which it could pretend to be
 * several lines, or rewrite what stands around it, or that nobody sees, are shown as their code.
 */
export function printable(text: string): string {
  // Nearly all text is, and errors are made as fast as a peer can send nonsense.
  if (/^[\x20-\x7e]*$/.test(text)) return text
  return text.replace(UNPRINTABLE, codeOf)
}

/**
 * A name that others chose, as it may stand in logs, on terminals and, where a program forgets that it is text, on pages: as `printable`,
 * and what begins or ends a tag or a quoted attribute is shown as its code too: `\u{3c}script\u{3e}`. Two names are never shown as one.
 */
export function printableName(name: string): string {
  if (ORDINARY.test(name)) return name
  return name.replaceAll('\\u{', '\\u{5c}u{').replace(NOT_IN_NAMES, codeOf)
}

/** What a name is shown with, as a code. */
export function codeOf(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}

const ORDINARY = /^[\x20!#-;=?-[\]-~]*$/

/**
 * Control and format characters, among them those that turn the direction of writing; half characters, line separators, what is not
 * assigned or private, and letters that are drawn as nothing.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

export const NOT_IN_NAMES = /[<>"\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu
