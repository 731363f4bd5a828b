import type { Attribute } from './attribute.js'
import type { Condition } from './condition.js'

/**
 * Who may do what with an object: the parts of a security descriptor that an access check uses.
 * Source: MS-DTYP section 2.4.6.
 */
export interface SecurityDescriptor {
  readonly owner: string | undefined
  readonly group: string | undefined
  /** The entries that allow and deny. Undefined admits every caller; an empty list admits none. */
  readonly dacl: readonly Ace[] | undefined
  /** The resource attributes of the SACL. */
  readonly attributes: readonly Attribute[]
}

/** An entry that allows or denies. Source: MS-DTYP section 2.4.4. */
export interface Ace {
  readonly kind: 'allow' | 'deny'
  /**
   * Whether the entry is meant only for what is created below the object, and not for the object
   * itself.
   */
  readonly inheritOnly: boolean
  readonly mask: number
  readonly sid: string
  /**
   * The property, property set, child class or extended right that the entry is about, in lower
   * case. Undefined: the whole object.
   */
  readonly objectType?: string
  /**
   * The condition under which the entry counts. `unreadable` is always UNKNOWN: such an entry
   * allows nothing, and denies.
   */
  readonly condition?: Condition | 'unreadable'
}

/** The types of entries. Source: MS-DTYP section 2.4.4.1. */
export const AceType = {
  ACCESS_ALLOWED: 0x00,
  ACCESS_DENIED: 0x01,
  ACCESS_ALLOWED_OBJECT: 0x05,
  ACCESS_DENIED_OBJECT: 0x06,
  ACCESS_ALLOWED_CALLBACK: 0x09,
  ACCESS_DENIED_CALLBACK: 0x0a,
  ACCESS_ALLOWED_CALLBACK_OBJECT: 0x0b,
  ACCESS_DENIED_CALLBACK_OBJECT: 0x0c,
  SYSTEM_RESOURCE_ATTRIBUTE: 0x12,
} as const

/** INHERIT_ONLY_ACE. Source: MS-DTYP section 2.4.4.1. */
export const INHERIT_ONLY = 0x08
