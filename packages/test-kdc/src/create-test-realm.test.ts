import { inspect } from 'node:util'
import { Keytab } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createTestRealm } from './create-test-realm.js'
import { createAd, NINE } from './fixtures/ad-realm.js'
import { requestTicket, signInWithKeytab, signInWithPassword, spn } from './fixtures/bare-client.js'

describe('a test realm', () => {
  test('needs no more than a name', async () => {
    await using realm = await createTestRealm({ realm: 'tiny.test' })
    expect(realm.realm).toBe('TINY.TEST')
    expect(Math.abs(realm.now - Date.now())).toBeLessThan(1000)
    expect(realm.krb5Conf()).toContain('default_realm = TINY.TEST')
  })

  test('has keytabs with the account first, because that is what signs in', async () => {
    await using realm = await createAd()
    const expected = ['data@AD.TEST', 'HTTP/data.ad.test@AD.TEST', 'host/data.ad.test@AD.TEST']
    expect(realm.keytabFor('data').principals).toEqual(expected)
    expect(realm.keytabFor('http/DATA.ad.test').principals).toEqual(expected)
    expect(Keytab.decode(realm.keytabFile('data')).principals).toEqual(expected)
    expect(realm.keytabFor('data').entries[0].kvno).toBe(2)
    expect(() => realm.keytabFor('nobody')).toThrow('neither an account nor an SPN')
  })

  test('gives the same SIDs to the same realm every time, and finds groups and accounts by name', async () => {
    const [one, two] = [await createAd(), await createAd()]
    expect(one.domainSid).toBe(two.domainSid)
    expect(one.domainSid).toMatch(/^S-1-5-21-\d+-\d+-\d+$/)
    expect(one.sidOf('sales')).toBe(two.sidOf('Sales'))
    expect(one.sidOf('Domain Users')).toBe(`${one.domainSid}-513`)
    expect(one.sidOf('alice')).not.toBe(one.sidOf('bob'))
    expect(() => one.sidOf('nobody')).toThrow('neither an account nor an SPN')
  })

  test('has a clock that may be set', async () => {
    let now = NINE
    await using realm = await createAd({ now: () => now })
    now += 1000
    expect(realm.now).toBe(NINE + 1000)
    realm.now = NINE + 5000
    expect(realm.now).toBe(NINE + 5000)
  })

  test('changes while it runs: accounts, settings, passwords', async () => {
    await using realm = await createAd()
    await realm.addUser('eve', { password: 'apple' })
    await realm.addService('new', { spns: ['HTTP/new.ad.test'], password: 'known' })
    const tgt = await signInWithPassword(realm, 'eve', 'apple')
    await expect(requestTicket(realm, tgt, spn('HTTP/new.ad.test'))).resolves.toBeDefined()
    await realm.changePassword('eve', 'pear')
    await expect(signInWithPassword(realm, 'eve', 'apple')).rejects.toThrow('KDC_ERR_PREAUTH_FAILED')
    await expect(signInWithPassword(realm, 'eve', 'pear')).resolves.toBeDefined()
    await realm.changePassword('web')
    expect(realm.keytabFor('web').entries[0].kvno).toBe(3)
    await expect(signInWithKeytab(realm, 'web')).resolves.toBeDefined()
    realm.change('web', { spns: ['HTTP/moved.ad.test'] })
    await expect(requestTicket(realm, tgt, spn('HTTP/web.ad.test'))).rejects.toThrow('KDC_ERR_S_PRINCIPAL_UNKNOWN')
  })

  test('prints no secret', async () => {
    await using realm = await createAd()
    await signInWithPassword(realm, 'alice', 'wonderland')
    const printed = inspect(realm, { depth: 20, showHidden: true }) + JSON.stringify(realm.exchanges)
    expect(printed).not.toContain('wonderland')
  })

  test.each([
    ['a realm name with blanks', { realm: 'A B' }, 'not a realm name'],
    ['an account name with an @', { users: { 'a@b': { password: 'x' } } }, 'not an account name'],
    ['krbtgt as a name', { users: { krbtgt: { password: 'x' } } }, 'there already'],
    [
      'two accounts of one name',
      { users: { Web: { password: 'x' } }, services: { web: { spns: [] } } },
      'there already',
    ],
    [
      'two accounts with one SPN',
      { services: { a: { spns: ['HTTP/x'] }, b: { spns: ['http/X'] } } },
      'another account has the SPN',
    ],
    ['a group that is no SID', { users: { a: { password: 'x', groups: ['S-1-x'] } } }, 'Not a security identifier'],
  ])('refuses %s', async (_title, options, message) => {
    await expect(createTestRealm({ realm: 'X.TEST', ...options })).rejects.toThrow(message)
  })
})
