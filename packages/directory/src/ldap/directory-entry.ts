import { asciiLower } from '@s4u/krb5'

/**
 * An entry of a directory as it was read: names of attributes in any letter case, values as text or
 * octets.
 *
 * @example
 * ```ts
 * import type { DirectoryEntry } from '@s4u/directory'
 *
 * export const mailOf = (entry: DirectoryEntry): string | undefined => entry.text('mail')
 * ```
 */
export class DirectoryEntry {
  /** The distinguished name, as the server writes it: `CN=alice,CN=Users,DC=corp,DC=test`. */
  readonly dn: string
  /** The names of the attributes that came, as the server writes them. */
  readonly names: readonly string[]
  readonly #values: ReadonlyMap<string, readonly Uint8Array[]>

  constructor(dn: string, attributes: readonly (readonly [string, readonly Uint8Array[]])[]) {
    this.dn = dn
    this.names = Object.freeze(attributes.map(([name]) => name))
    const values = new Map<string, Uint8Array[]>()
    for (const [name, octets] of attributes) {
      const key = asciiLower(name)
      const known = values.get(key)
      // A server may repeat one name 100,000 times: copying the list each time would stop the
      // process.
      if (known === undefined) values.set(key, [...octets])
      else for (const one of octets) known.push(one)
    }
    this.#values = values
  }

  /** Whether the attribute came with a value. */
  has(name: string): boolean {
    return this.allOctets(name).length > 0
  }

  /** The first value as text; undefined where there is none. */
  text(name: string): string | undefined {
    const octets = this.octets(name)
    return octets && decoder.decode(octets)
  }

  /** All values as text. Octets that are no UTF-8 become U+FFFD: read those as octets. */
  texts(name: string): readonly string[] {
    return this.allOctets(name).map((octets) => decoder.decode(octets))
  }

  /** The first value as octets; undefined where there is none. */
  octets(name: string): Uint8Array | undefined {
    return this.allOctets(name)[0]
  }

  /** All values as octets. */
  allOctets(name: string): readonly Uint8Array[] {
    return this.#values.get(asciiLower(name)) ?? NONE
  }

  /** Shows the names of attributes but not their values: some values are secret. */
  toJSON(): object {
    return { dn: this.dn, attributes: this.names }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `DirectoryEntry ${JSON.stringify(this)}`
  }
}

const NONE: readonly Uint8Array[] = Object.freeze([])
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
