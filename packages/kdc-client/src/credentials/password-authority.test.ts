import { Key, NameType } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import { passwordAuthority } from './password-authority.js'
import type { SignIn } from './authority.js'

const authorityOf = (principal = 'HTTP/web'): SignIn =>
  passwordAuthority({ principal, password: 'secret' }, 'AD.TEST', [18, 17])
const made = (etype: number, salt: string, parameters?: Uint8Array): Promise<Key> =>
  Key.fromPassword(etype, 'secret', salt, parameters)
const STANDARD = 'AD.TESTHTTPweb'
const s2kparams = Uint8Array.of(0, 0, 0x20, 0)

async function opens(authority: SignIn, etype: number): Promise<readonly Uint8Array[]> {
  const { exact, keys } = await authority.keysFor(etype, 3)
  expect(exact).toBe(false)
  return keys.map((key) => key.exposeSecretBytes())
}

test('the name is that of the realm, or an enterprise name, and all types can be had', () => {
  expect(authorityOf()).toMatchObject({
    kind: 'sign-in',
    principal: { name: { nameString: ['HTTP', 'web'] }, realm: 'AD.TEST' },
    etypes: [18, 17],
  })
  const enterprise = { principal: 'a.b@corp.example', password: 'secret', enterprise: true }
  expect(passwordAuthority(enterprise, 'AD.TEST', [18]).principal).toEqual({
    name: { nameType: NameType.ENTERPRISE, nameString: ['a.b@corp.example'] },
    realm: 'AD.TEST',
  })
})

describe('the key of a password', () => {
  test('is made with the standard salt, unless the KDC says another', async () => {
    const authority = authorityOf()
    expect((await authority.keyFor({ etype: 18 })).equals(await made(18, STANDARD))).toBe(true)
    expect((await authority.keyFor({ etype: 18, salt: 'told' })).equals(await made(18, 'told'))).toBe(true)
    expect((await authority.keyFor({ etype: 18, salt: '' })).equals(await made(18, ''))).toBe(true)
    expect((await authority.keyFor({ etype: 18 })).equals(await made(18, STANDARD))).toBe(true)
    const told = await authority.keyFor({ etype: 17, salt: 'told', s2kparams })
    expect(told.equals(await made(17, 'told', s2kparams))).toBe(true)
  })

  test('is made once for each type, salt and parameters', async () => {
    const derive = vi.spyOn(Key, 'fromPassword')
    const authority = authorityOf()
    const asked = [
      { etype: 18 },
      { etype: 17 },
      { etype: 18, salt: 'told' },
      { etype: 18, salt: 'told', s2kparams },
      { etype: 18, salt: 'told', s2kparams: Uint8Array.of(0, 0, 0x10, 0) },
    ]
    for (let turn = 0; turn < 3; turn++) for (const info of asked) await authority.keyFor(info)
    expect(derive.mock.calls.map(([etype, , salt, parameters]) => [etype, salt, parameters])).toEqual([
      [18, STANDARD, undefined],
      [17, STANDARD, undefined],
      [18, 'told', undefined],
      [18, 'told', s2kparams],
      [18, 'told', Uint8Array.of(0, 0, 0x10, 0)],
    ])
    derive.mockRestore()
  })

  test('that cannot be made is not kept, and no key of a ticket', async () => {
    const derive = vi.spyOn(Key, 'fromPassword')
    const authority = authorityOf()
    const tooLarge = { etype: 18, salt: 'told', s2kparams: Uint8Array.of(0xff, 0xff, 0xff, 0xff) }
    for (let turn = 0; turn < 2; turn++) await expect(authority.keyFor(tooLarge)).rejects.toThrow(/iteration/)
    expect(derive).toHaveBeenCalledTimes(2)
    authority.learn?.([tooLarge])
    expect(await opens(authority, 18)).toEqual([])
    derive.mockRestore()
  })

  test('is one of thirty-two at the most: salts come from anybody', async () => {
    const derive = vi.spyOn(Key, 'fromPassword').mockImplementation(async (etype) => Key.random(etype))
    const authority = authorityOf()
    for (let salt = 0; salt < 32; salt++) await authority.keyFor({ etype: 18, salt: `salt ${salt}` })
    expect((await opens(authority, 18)).length).toBe(32)
    await authority.keyFor({ etype: 18, salt: 'salt 0' })
    expect(derive).toHaveBeenCalledTimes(32)
    await authority.keyFor({ etype: 18, salt: 'one more' })
    expect((await opens(authority, 18)).length).toBe(1)
    derive.mockRestore()
  })
})

describe('the keys that may open a ticket', () => {
  test('are those made before, of its type', async () => {
    const authority = authorityOf()
    await authority.keyFor({ etype: 18, salt: 'one' })
    await authority.keyFor({ etype: 17, salt: 'two' })
    await authority.keyFor({ etype: 18, salt: 'three' })
    const expected = [await made(18, 'one'), await made(18, 'three')]
    expect(await opens(authority, 18)).toEqual(expected.map((key) => key.exposeSecretBytes()))
  })

  test('are, where there is none, one made as the KDC said of that type', async () => {
    const authority = authorityOf()
    await authority.keyFor({ etype: 17, salt: 'of 17' })
    authority.learn?.([{ etype: 18, salt: 'of 18', s2kparams }, { etype: 17 }])
    expect(await opens(authority, 18)).toEqual([(await made(18, 'of 18', s2kparams)).exposeSecretBytes()])
  })

  test('are, where it said nothing of that type, one made with the last salt that it said', async () => {
    const authority = authorityOf()
    expect(await opens(authority, 18)).toEqual([(await made(18, STANDARD)).exposeSecretBytes()])
    await authority.keyFor({ etype: 18, salt: 'told' })
    await authority.keyFor({ etype: 18 })
    expect(await opens(authority, 17)).toEqual([(await made(17, 'told')).exposeSecretBytes()])
  })
})
