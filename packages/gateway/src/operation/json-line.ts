/**
 * Returns a value as one line of JSON in ASCII. Names and paths come from clients: no character in
 * them begins a line, moves the cursor of a terminal or turns the direction of writing.
 */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value)
  return text.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Cuts a text that a client chose, so that a line stays short. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`
}
