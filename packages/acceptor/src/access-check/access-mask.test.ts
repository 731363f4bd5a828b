import { describe, expect, test } from 'vitest'
import { AccessMask, EVERY_RIGHT, GenericMappings, mapGeneric, parseRights } from './access-mask.js'

/** Source: MS-DTYP section 2.5.1.1, rights-text. */
const rights = {
  GA: 0x1000_0000,
  GX: 0x2000_0000,
  GW: 0x4000_0000,
  GR: 0x8000_0000,
  SD: 0x1_0000,
  RC: 0x2_0000,
  WD: 0x4_0000,
  WO: 0x8_0000,
  CC: 0x1,
  DC: 0x2,
  LC: 0x4,
  SW: 0x8,
  RP: 0x10,
  WP: 0x20,
  DT: 0x40,
  LO: 0x80,
  CR: 0x100,
  FA: 0x1f_01ff,
  FR: 0x12_0089,
  FW: 0x12_0116,
  FX: 0x12_00a0,
  KA: 0xf_003f,
  KR: 0x2_0019,
  KW: 0x2_0006,
  KX: 0x2_0019,
}

describe('rights in letters', () => {
  test.each(Object.entries(rights))('%s is the mask %i, in any letter case', (name, mask) => {
    expect(parseRights(name)).toBe(mask)
    expect(parseRights(name.toLowerCase())).toBe(mask)
  })

  test('add up, and none are none', () => {
    expect(parseRights('RPWP')).toBe(0x30)
    expect(parseRights('GRGA')).toBe(0x9000_0000)
    expect(parseRights('FRFR')).toBe(0x12_0089)
    expect(parseRights('')).toBe(0)
  })

  test.each([
    ['0x1f01ff', 0x1f_01ff],
    ['0XFFFFFFFF', 0xffff_ffff],
    ['0', 0],
    ['17', 17],
    ['021', 0o21],
    ['08', 8],
    ['4294967295', 0xffff_ffff],
  ])('%s is a number: %i', (text, mask) => {
    expect(parseRights(text)).toBe(mask)
  })

  test.each(['QQ', 'G', 'GRX', '0x', '0x1ffffffff', '4294967296', '0x1g', ' 1', '1 ', '12345678901', '-1'])(
    '%j are none',
    (text) => {
      expect(() => parseRights(text)).toThrow(
        expect.objectContaining({ name: 'ConfigurationError', message: expect.stringMatching(/^no access rights: /) }),
      )
    },
  )
})

describe('generic rights', () => {
  const mapping = { read: 1, write: 2, execute: 4, all: 0x8000_0008 }
  const { GENERIC_READ, GENERIC_WRITE, GENERIC_EXECUTE, GENERIC_ALL } = AccessMask

  test.each([
    [GENERIC_READ, 1],
    [GENERIC_WRITE, 2],
    [GENERIC_EXECUTE, 4],
    [GENERIC_ALL, 0x8000_0008],
    [GENERIC_READ | GENERIC_EXECUTE, 5],
    [GENERIC_READ | 0x10, 0x11],
    [0x10, 0x10],
    [0, 0],
    [0xf000_0000, 0x8000_000f],
  ])('of %i become %i', (mask, mapped) => {
    expect(mapGeneric(mask, mapping)).toBe(mapped)
  })

  test('of files, directory objects and registry keys are those of Windows', () => {
    expect(GenericMappings).toEqual({
      FILE: { read: 0x12_0089, write: 0x12_0116, execute: 0x12_00a0, all: 0x1f_01ff },
      DIRECTORY_OBJECT: { read: 0x2_0094, write: 0x2_0028, execute: 0x2_0004, all: 0xf_01ff },
      REGISTRY_KEY: { read: 0x2_0019, write: 0x2_0006, execute: 0x2_0019, all: 0xf_003f },
    })
    expect(EVERY_RIGHT).toBe(0x1f_ffff)
  })
})
