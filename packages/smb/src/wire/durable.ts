/**
 * What lets an open file outlive its connection: durable handles of version 2, the lease or oplock
 * that servers want with them, and how a server takes those back.
 */

import type { CreateContext } from './file-messages.js'
import { OctetReader, OctetWriter } from './octets.js'

/** MS-SMB2 section 2.2.13.2.8, LeaseState. */
export const LeaseState = { READ: 1, HANDLE: 2, WRITE: 4 } as const

/** MS-SMB2 section 2.2.13, RequestedOplockLevel. */
export const OplockLevel = { NONE: 0, BATCH: 9, LEASE: 0xff } as const

const DURABLE_REQUEST = 'DH2Q'
const DURABLE_RECONNECT = 'DH2C'
const LEASE = 'RqLs'

/** Asks for a durable handle, kept for as long as the server likes. MS-SMB2 section 2.2.13.2.11. */
export const durableRequest = (createGuid: Uint8Array): CreateContext => ({
  name: DURABLE_REQUEST,
  data: new OctetWriter(32).set(16, createGuid).octets,
})

/** Asks for the file that was opened before. MS-SMB2 section 2.2.13.2.12. */
export const durableReconnect = (createGuid: Uint8Array, fileId: Uint8Array): CreateContext => ({
  name: DURABLE_RECONNECT,
  data: new OctetWriter(36).set(0, fileId).set(16, createGuid).octets,
})

/** Asks for a lease of version 2, to read and to keep the handle. MS-SMB2 section 2.2.13.2.10. */
export const leaseRequest = (key: Uint8Array): CreateContext => ({
  name: LEASE,
  data: new OctetWriter(52).set(0, key).u32(16, LeaseState.READ | LeaseState.HANDLE).octets,
})

/**
 * Reads whether the server keeps the handle. MS-SMB2 section 2.2.14.2.12.
 * @returns for how long, in milliseconds; undefined where it does not
 * @throws MalformedTokenError
 */
export function findDurableGrant(contexts: readonly CreateContext[]): number | undefined {
  const found = contexts.find(({ name }) => name === DURABLE_REQUEST)
  return found && new OctetReader(found.data, 'DURABLE_HANDLE_RESPONSE_V2').u32(0)
}

/** A server that takes a lease or an oplock back, in part or whole. MS-SMB2 section 2.2.23. */
export interface Break {
  readonly kind: 'lease' | 'oplock'
  /** The key of the lease, or the id of the file. */
  readonly of: Uint8Array
  /** What is left: bits of a lease, or the level of an oplock. */
  readonly left: number
  /** Whether the server waits until it is told that this was heard. */
  readonly isAwaited: boolean
}

const OPLOCK_BREAK_OCTETS = 24
const LEASE_BREAK_OCTETS = 44

/** Reads a notification. MS-SMB2 sections 2.2.23.1 and 2.2.23.2. @throws MalformedTokenError */
export function readBreak(message: Uint8Array): Break {
  const reader = new OctetReader(message, 'OPLOCK_BREAK notification')
  const size = reader.u16(64)
  // Copies, since the rest of the frame is not kept.
  if (size === OPLOCK_BREAK_OCTETS)
    return { kind: 'oplock', of: reader.slice(72, 16, 'FileId').slice(), left: reader.u8(66), isAwaited: true }
  if (size !== LEASE_BREAK_OCTETS)
    reader.fail('StructureSize', `${OPLOCK_BREAK_OCTETS} or ${LEASE_BREAK_OCTETS}`, `${size}`)
  const isAwaited = (reader.u32(68) & 1) !== 0
  return { kind: 'lease', of: reader.slice(72, 16, 'LeaseKey').slice(), left: reader.u32(92), isAwaited }
}

/** The body of what a client answers. MS-SMB2 sections 2.2.24.1 and 2.2.24.2. */
export function breakAcknowledgement({ kind, of, left }: Break): Uint8Array {
  if (kind === 'oplock') return new OctetWriter(24).u16(0, 24).u8(2, left).set(8, of).octets
  return new OctetWriter(36).u16(0, 36).set(8, of).u32(24, left).octets
}
