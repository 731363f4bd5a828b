import { ConfigurationError, Keytab } from '@s4u/krb5'

/** One place, read again when it changes. */
export interface KeytabLocation {
  /** How errors call it: the path. */
  readonly name: string
  /**
   * Reads it at once; undefined when that cannot be done without waiting. @throws
   * ConfigurationError
   */
  loadNow(): Keytab | undefined
  /**
   * Undefined when it has not changed since it was last read. `urgent`: a ticket did not open.
   * @throws ConfigurationError
   */
  loadIfChanged(clock: () => number, urgent: boolean): Promise<Keytab | undefined>
}

/** The octets, a `Keytab`, or the octets in base64. */
export type ProvidedKeys = Uint8Array | Keytab | string

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

/** @param name how errors call it @throws ConfigurationError for what is no keytab */
export function keytabOf(source: ProvidedKeys, name: string): Keytab {
  const keytab = Keytab.from(source)
  if (keytab !== undefined) return keytab
  const fromText = typeof source === 'string' ? Keytab.fromBase64(source, name) : undefined
  if (fromText !== undefined) return fromText
  if (source instanceof Uint8Array) return Keytab.decode(source, name)
  throw new ConfigurationError(`${name} gave neither octets nor a Keytab, nor one in base64`)
}
