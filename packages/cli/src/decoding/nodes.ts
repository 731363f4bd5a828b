/** The leaves that every decoded structure is made of. */

import {
  type EncryptedData,
  encryptionTypeName,
  formatPrincipal,
  type HostAddress,
  type Key,
  type KerberosFlags,
  type PrincipalName,
} from '@s4u/krb5'
import { styled, type TreeNode } from '../terminal/blocks.js'
import { localTime } from '../terminal/times.js'
import { flagNames } from '../tickets/ticket-flags.js'
import type { DecodingContext } from './decoding-context.js'

/** Returns a node for one fact; undefined if the structure does not have the fact. */
export function leaf(label: string, value: string | number | undefined): TreeNode | undefined {
  return value === undefined ? undefined : { label, value: String(value) }
}

export function branch(label: string, children: readonly (TreeNode | undefined)[], value?: string): TreeNode {
  const present = children.filter((child) => child !== undefined)
  return { label, children: present, ...(value !== undefined && { value }) }
}

export function nameLeaf(label: string, name: PrincipalName | undefined, realm: string | undefined) {
  if (name === undefined) return undefined
  return leaf(label, realm === undefined ? name.nameString.join('/') : formatPrincipal({ name, realm }))
}

export function timeLeaf(label: string, time: number | undefined): TreeNode | undefined {
  // A time before 1970 was never set: it is the zero of another clock.
  return time === undefined || time <= 0 ? undefined : leaf(label, localTime(time))
}

export function flagsLeaf(flags: KerberosFlags): TreeNode | undefined {
  return leaf('flags', flagNames(flags).join(', ') || 'none')
}

/** A key by its type; its octets only where secrets are asked for. */
export function keyLeaf(label: string, key: Key | undefined, { showSecrets }: DecodingContext): TreeNode | undefined {
  if (key === undefined) return undefined
  const octets = showSecrets ? ` ${hexOf(key.exposeSecretBytes())}` : ''
  return leaf(label, `${encryptionTypeName(key.etype)}${octets}`)
}

/** What is sealed, while nothing opens it. */
export function sealedLeaf(label: string, { etype, kvno, cipher }: EncryptedData, why = 'not opened'): TreeNode {
  const version = kvno === undefined ? '' : `, version ${kvno}`
  return { label, value: styled('dim', `${encryptionTypeName(etype)}${version}, ${cipher.length} octets, ${why}`) }
}

export function octetsLeaf(label: string, octets: Uint8Array | undefined): TreeNode | undefined {
  return octets === undefined ? undefined : leaf(label, `${octets.length} octets`)
}

export function addressesLeaf(addresses: readonly HostAddress[] | undefined): TreeNode | undefined {
  if (addresses === undefined || addresses.length === 0) return undefined
  return leaf('addresses', addresses.map(addressText).join(', '))
}

/** What could not be read, and why, in place of the part. */
export function damagedNode(label: string, error: unknown): TreeNode {
  return { label, value: styled('bad', error instanceof Error ? error.message : String(error)) }
}

/** A part that is read on its own: one that is damaged spoils no other. */
export function attempted(label: string, make: () => TreeNode | undefined): TreeNode | undefined {
  try {
    return make()
  } catch (error) {
    return damagedNode(label, error)
  }
}

export function hexOf(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex')
}

function addressText({ addrType, address }: HostAddress): string {
  if (addrType === 2 && address.length === 4) return address.join('.')
  return addrType === 20 ? Buffer.from(address).toString('latin1').trim() : `type ${addrType}, ${hexOf(address)}`
}
