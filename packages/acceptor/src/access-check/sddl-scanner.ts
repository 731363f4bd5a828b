import { asciiLower, ConfigurationError } from '@s4u/krb5'

/** Reads an SDDL string from the front. Every error says where it is. */
export class SddlScanner {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  /** Moves past a literal text if it stands here, in any letter case. Returns whether it did. */
  take(expected: string): boolean {
    const found = this.text.slice(this.at, this.at + expected.length)
    if (asciiLower(found) !== asciiLower(expected)) return false
    this.at += expected.length
    return true
  }

  /**
   * Moves past a literal text.
   * @throws ConfigurationError unless the text stands here
   */
  expect(expected: string): void {
    if (!this.take(expected)) this.fail(`${JSON.stringify(expected)} is missing`)
  }

  /** Returns what a sticky pattern matches here; undefined if it does not match. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const [found] = pattern.exec(this.text) ?? []
    if (found !== undefined) this.at += found.length
    return found
  }

  skipBlanks(): void {
    this.match(/\s*/y)
  }

  fail(reason: string): never {
    const near = JSON.stringify(this.text.slice(Math.max(0, this.at - 10), this.at + 20))
    // Text that is no SDDL may be anything, even a secret, and is not shown.
    const where = /^\s*[OGDS]:/i.test(this.text) ? `, near ${near}` : ''
    throw new ConfigurationError(`SDDL, character ${this.at + 1}: ${reason}${where}`, {
      code: 'ERROR_INVALID_SECURITY_DESCR',
    })
  }
}
