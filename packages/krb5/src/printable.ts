/**
 * Text of which others wrote a part, such as a name, as one line for logs and terminals: characters with which it could pretend to be
 * several lines, or rewrite what stands around it, are shown as their code.
 */
export function printable(text: string): string {
  // Nearly all text is, and errors are made as fast as a peer can send nonsense.
  if (/^[\x20-\x7e]*$/.test(text)) return text
  return text.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** Control and format characters, among them those that turn the direction of writing; line separators; half characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
