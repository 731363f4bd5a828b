import { describe, expect, test } from 'vitest'
import { Key } from './key.js'
import { ITERATION_LIMITS } from './string-to-key.js'
import { uint32 } from './algorithms/octets.js'

const bad = expect.objectContaining({ name: 'RejectedTokenError', code: 'KRB5_ERR_BAD_S2K_PARAMS' })
const derive = (parameters?: Uint8Array, etype = 17): Promise<Key> =>
  Key.fromPassword(etype, 'password', 'ATHENA.MIT.EDUraeburn', parameters)

describe.each([17, 18, 19, 20, 25, 26])('string-to-key parameters for etype %i', (etype) => {
  test('are refused when they ask for too few iterations', async () => {
    await expect(derive(uint32(1), etype)).rejects.toThrow(bad)
    await expect(derive(uint32(ITERATION_LIMITS.minimum - 1), etype)).rejects.toThrow(bad)
  })

  test('are refused when they ask for too many, zero being the most', async () => {
    await expect(derive(uint32(ITERATION_LIMITS.maximum + 1), etype)).rejects.toThrow(bad)
    await expect(derive(uint32(2 ** 32 - 1), etype)).rejects.toThrow(bad)
    await expect(derive(uint32(0), etype)).rejects.toThrow(bad)
  })

  test('are refused when they are not four octets', async () => {
    for (const length of [0, 3, 5, 8]) await expect(derive(new Uint8Array(length), etype)).rejects.toThrow(bad)
  })
})

describe('string-to-key', () => {
  test('takes the default of the type when there are no parameters', async () => {
    expect((await derive()).equals(await derive(uint32(4096)))).toBe(true)
    expect((await derive(undefined, 19)).equals(await derive(uint32(32768), 19))).toBe(true)
  })

  test('takes a salt as text and as octets', async () => {
    const octets = new TextEncoder().encode('ATHENA.MIT.EDUraeburn')
    expect((await derive()).equals(await Key.fromPassword(17, 'password', octets))).toBe(true)
  })

  test('has no parameters with rc4-hmac, and reads passwords as UTF-16', async () => {
    const key = await Key.fromPassword(23, 'foo', '', uint32(1))
    expect(key.equals(await Key.fromPassword(23, 'foo', 'any salt'))).toBe(true)
    expect(key.equals(await Key.fromPassword(23, 'fo\u{1d11e}', ''))).toBe(false)
  })

  test('refuses DES by name', async () => {
    await expect(derive(undefined, 3)).rejects.toThrow(/des-cbc-md5 is refused/)
  })
})
