import { describe, expect, test } from 'vitest'
import { machineSecret, type MachineAccount } from './machine-account.js'

const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')
/** The NT hash of `Password`. MS-NLMP section 4.2.2.1.2. */
const HASH = 'a4f49c406510bdcab6824ee7c30fd852'

describe('the secret of a machine account', () => {
  test.each<MachineAccount>([
    { name: 'WEB01$', password: 'Password' },
    { name: 'WEB01$', password: () => 'Password' },
    { name: 'WEB01$', password: async () => 'Password' },
  ])('is the NT hash of its password', async (account) => {
    expect(hexOf(await machineSecret(account))).toBe(HASH)
  })

  test('is missing where the function of the password fails: the cause is told', async () => {
    const cause = new TypeError('the vault is sealed')
    await expect(machineSecret({ name: 'WEB01$', password: () => Promise.reject(cause) })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: 'the function account.password of WEB01$ has failed',
      cause,
    })
  })

  test.each([undefined, null, '', 7, new Uint8Array(16)])('is not made of %j', async (given) => {
    const account = { name: 'WEB01$', password: JSON.parse.bind(undefined, JSON.stringify(given ?? null)) }
    await expect(machineSecret(account)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: 'account.password of WEB01$ gives no text',
    })
  })
})
