import { inspect } from 'node:util'

/** A name and a password as a user has typed them. Prints neither. */
export class TypedPassword {
  readonly #user: string
  readonly #password: string

  constructor(user: string, password: string) {
    this.#user = user
    this.#password = password
  }

  /** Returns undefined for a name that Basic cannot carry. Source: RFC 7617 section 2. */
  static of(user: string, password: string): TypedPassword | undefined {
    // A colon ends the name. Controls are not allowed, and one of them ends the name below.
    return /[:\p{Cc}]/u.test(user) || /\p{Cc}/u.test(password) ? undefined : new TypedPassword(user, password)
  }

  static fromOctets(octets: Uint8Array): TypedPassword {
    const text = Buffer.from(octets).toString('utf8')
    const end = text.indexOf('\0')
    return new TypedPassword(text.slice(0, end), text.slice(end + 1))
  }

  /** Returns name and password, for sealing. */
  octets(): Uint8Array {
    return Buffer.from(`${this.#user}\0${this.#password}`)
  }

  /** Returns the header for a server that wants Basic, in UTF-8. Source: RFC 7617 section 2. */
  authorization(): string {
    return `Basic ${Buffer.from(`${this.#user}:${this.#password}`).toString('base64')}`
  }

  toJSON(): string {
    return '[password]'
  }

  [inspect.custom](): string {
    return '[password]'
  }
}
