import { asciiUpper, ConfigurationError, shownInput } from '@s4u/krb5'

/**
 * Rights of every kind of object, and requests that stand for several rights. Source: MS-DTYP
 * section 2.4.3.
 */
export const AccessMask = {
  DELETE: 0x1_0000,
  READ_CONTROL: 0x2_0000,
  WRITE_DAC: 0x4_0000,
  WRITE_OWNER: 0x8_0000,
  SYNCHRONIZE: 0x10_0000,
  ACCESS_SYSTEM_SECURITY: 0x100_0000,
  MAXIMUM_ALLOWED: 0x200_0000,
  GENERIC_ALL: 0x1000_0000,
  GENERIC_EXECUTE: 0x2000_0000,
  GENERIC_WRITE: 0x4000_0000,
  GENERIC_READ: 0x8000_0000,
} as const

/** What the generic rights mean for one kind of object. Source: MS-DTYP section 2.4.3. */
export interface GenericMapping {
  readonly read: number
  readonly write: number
  readonly execute: number
  readonly all: number
}

/** What the generic rights mean for files, registry keys and objects in Active Directory. */
export const GenericMappings = {
  FILE: { read: 0x12_0089, write: 0x12_0116, execute: 0x12_00a0, all: 0x1f_01ff },
  /** The rights of objects in Active Directory. Source: MS-ADTS section 5.1.3.2. */
  DIRECTORY_OBJECT: { read: 0x2_0094, write: 0x2_0028, execute: 0x2_0004, all: 0xf_01ff },
  REGISTRY_KEY: { read: 0x2_0019, write: 0x2_0006, execute: 0x2_0019, all: 0xf_003f },
} as const satisfies Record<string, GenericMapping>

/** Every right that is neither generic nor a request of its own. */
export const EVERY_RIGHT = 0x1f_ffff

/** Returns the mask with its generic rights replaced by the rights that they stand for. */
export function mapGeneric(mask: number, mapping: GenericMapping): number {
  const { GENERIC_ALL, GENERIC_EXECUTE, GENERIC_WRITE, GENERIC_READ } = AccessMask
  let mapped = mask & ~(GENERIC_ALL | GENERIC_EXECUTE | GENERIC_WRITE | GENERIC_READ)
  if ((mask & GENERIC_READ) !== 0) mapped |= mapping.read
  if ((mask & GENERIC_WRITE) !== 0) mapped |= mapping.write
  if ((mask & GENERIC_EXECUTE) !== 0) mapped |= mapping.execute
  if ((mask & GENERIC_ALL) !== 0) mapped |= mapping.all
  return mapped >>> 0
}

/**
 * Returns the mask of SDDL rights: `GR`, `RPWP`, `0x1f01ff`. Source: MS-DTYP section 2.5.1.1.
 * @throws ConfigurationError
 */
export function parseRights(text: string): number {
  if (/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text)) {
    const octal = /^0[0-7]+$/.test(text)
    const value = octal ? Number.parseInt(text, 8) : Number(text)
    if (value <= 0xffff_ffff) return value
  }
  let mask = 0
  for (let at = 0; at < text.length; at += 2) {
    const right = RIGHTS.get(asciiUpper(text.slice(at, at + 2)))
    if (right === undefined) throw new ConfigurationError(`no access rights: ${shownInput(text)}`)
    mask |= right
  }
  return mask >>> 0
}

const RIGHTS: ReadonlyMap<string, number> = new Map([
  ['GA', 0x1000_0000],
  ['GX', 0x2000_0000],
  ['GW', 0x4000_0000],
  ['GR', 0x8000_0000],
  ['SD', 0x1_0000],
  ['RC', 0x2_0000],
  ['WD', 0x4_0000],
  ['WO', 0x8_0000],
  ['CC', 0x1],
  ['DC', 0x2],
  ['LC', 0x4],
  ['SW', 0x8],
  ['RP', 0x10],
  ['WP', 0x20],
  ['DT', 0x40],
  ['LO', 0x80],
  ['CR', 0x100],
  ['FA', 0x1f_01ff],
  ['FR', 0x12_0089],
  ['FW', 0x12_0116],
  ['FX', 0x12_00a0],
  ['KA', 0xf_003f],
  ['KR', 0x2_0019],
  ['KW', 0x2_0006],
  ['KX', 0x2_0019],
])
