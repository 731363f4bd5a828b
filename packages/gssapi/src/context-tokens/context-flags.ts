/**
 * The bits with which an initiator says what the context must offer. Source: RFC 4121 section
 * 4.1.1.1, RFC 2744 section 4, MS-KILE section 3.2.5.2.
 */
export const ContextFlag = {
  DELEG: 0x1,
  MUTUAL: 0x2,
  REPLAY: 0x4,
  SEQUENCE: 0x8,
  CONF: 0x10,
  INTEG: 0x20,
  ANON: 0x40,
  PROT_READY: 0x80,
  TRANS: 0x100,
  /** Both sides have the same channel bindings. */
  CHANNEL_BOUND: 0x800,
  /** Three legs without framing, for DCE RPC. */
  DCE_STYLE: 0x1000,
  /** The service may know the client, and may not act as the client. */
  IDENTIFY: 0x2000,
  EXTENDED_ERROR: 0x4000,
  /**
   * Delegate only if the KDC marks the service as fit for it (ok-as-delegate). Source: RFC 5896
   * section 2.
   */
  DELEG_POLICY: 0x8000,
} as const

/** The name of a flag of a context: `MUTUAL`. Source: RFC 4121 section 4.1.1.1. */
export type ContextFlagName = keyof typeof ContextFlag

/**
 * Returns the names of the bits that are set, without unknown bits.
 *
 * @example
 * ```ts
 * import { ContextFlag, contextFlagNames } from '@s4u/gssapi'
 *
 * console.log(contextFlagNames(ContextFlag.MUTUAL | ContextFlag.REPLAY)) // [ 'MUTUAL', 'REPLAY' ]
 * ```
 */
export function contextFlagNames(flags: number): ContextFlagName[] {
  return names.filter((name) => (flags & ContextFlag[name]) !== 0)
}

const names = Object.keys(ContextFlag) as ContextFlagName[]
