/** One value: text, which is written as UTF-8, or octets. */
export type AttributeValue = string | Uint8Array

/** One step of a change of an entry. RFC 4511 section 4.6. */
export interface Modification {
  /**
   * `add` puts values to the others, `delete` takes these values away (all without values),
   * `replace` puts these in place of all.
   */
  readonly operation: 'add' | 'delete' | 'replace'
  readonly attribute: string
  readonly values: readonly AttributeValue[]
}

/**
 * A change that has not been made yet: it can be shown (`ldifOf`), and then made
 * (`directory.apply`). The directory makes all steps of a change, or none of them.
 */
export type DirectoryChange =
  | { readonly kind: 'modify'; readonly dn: string; readonly modifications: readonly Modification[] }
  | {
      readonly kind: 'add'
      readonly dn: string
      readonly attributes: Readonly<Record<string, readonly AttributeValue[]>>
    }
  | { readonly kind: 'delete'; readonly dn: string }
