import { ConfigurationError, Keytab } from '@s4u/krb5'

/** One location of a keytab, which is read again when it changes. */
export interface KeytabLocation {
  /** The location in errors: a path. */
  readonly name: string
  /**
   * Returns the keytab; undefined if it takes waiting to get it.
   * @throws ConfigurationError
   */
  loadNow(): Keytab | undefined
  /**
   * Resolves to the keytab if it has changed since it was last read, else to undefined. `urgent`: a
   * ticket did not open, so a request would be refused.
   * @throws ConfigurationError
   */
  loadIfChanged(clock: () => number, urgent: boolean): Promise<Keytab | undefined>
}

/** The octets of a keytab, a `Keytab`, or the octets in base64. */
export type ProvidedKeys = Uint8Array | Keytab | string

/** A keytab that is given as a value and never changes. */
export class KeytabInMemory implements KeytabLocation {
  readonly name = 'the keytab in memory'
  readonly #keytab: Keytab

  constructor(source: Uint8Array | Keytab) {
    this.#keytab = keytabOf(source, this.name)
  }

  loadNow(): Keytab {
    return this.#keytab
  }

  async loadIfChanged(): Promise<undefined> {
    return undefined
  }
}

/**
 * Returns the keytab in what was given.
 * @param name the location in errors
 * @throws ConfigurationError for anything but a keytab
 */
export function keytabOf(source: ProvidedKeys, name: string): Keytab {
  const keytab = Keytab.from(source)
  if (keytab !== undefined) return keytab
  const fromText = typeof source === 'string' ? Keytab.fromBase64(source, name) : undefined
  if (fromText !== undefined) return fromText
  if (source instanceof Uint8Array) return Keytab.decode(source, name)
  throw new ConfigurationError(`${name} gave neither octets nor a Keytab, nor one in base64`)
}
