import { inspect } from 'node:util'
import { ConfigurationError, Keytab } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createTestRealm } from './create-test-realm.js'
import { createAd, NINE } from './fixtures/ad-realm.js'
import { openAsService, requestTicket, signInWithKeytab, signInWithPassword, spn } from './fixtures/bare-client.js'
import type { TestRealmOptions } from './realm/test-realm.js'

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
    await expect(requestTicket(realm, tgt, spn('HTTP/new.ad.test'))).resolves.toMatchObject({
      reply: { cname: { nameString: ['eve'] } },
    })
    await realm.changePassword('eve', 'pear')
    await expect(signInWithPassword(realm, 'eve', 'apple')).rejects.toThrow('KDC_ERR_PREAUTH_FAILED')
    await expect(signInWithPassword(realm, 'eve', 'pear')).resolves.toMatchObject({
      reply: { cname: { nameString: ['eve'] } },
    })
    const signInAgain = () => signInWithPassword(realm, 'eve', 'pear')
    await realm.changePassword('web')
    expect(realm.keytabFor('web').entries[0].kvno).toBe(3)
    await expect(signInWithKeytab(realm, 'web')).resolves.toMatchObject({ reply: { cname: { nameString: ['web'] } } })
    realm.change('eve', { groups: ['Gardeners', 'S-1-5-21-9-9-9-78'] })
    const { pac } = openAsService(
      realm,
      'new',
      await requestTicket(realm, await signInAgain(), spn('HTTP/new.ad.test')),
    )
    expect(pac.sids()).toEqual(expect.arrayContaining([realm.sidOf('Gardeners'), 'S-1-5-21-9-9-9-78']))
    realm.change('web', { spns: ['HTTP/moved.ad.test'] })
    await expect(requestTicket(realm, tgt, spn('HTTP/web.ad.test'))).rejects.toThrow('KDC_ERR_S_PRINCIPAL_UNKNOWN')
  })

  test('changes nothing when a change is refused', async () => {
    await using realm = await createAd()
    expect(() => realm.change('web', { spns: ['HTTP/new.ad.test', 'http/API.ad.test'] })).toThrow(
      'another account has the SPN http/API.ad.test',
    )
    expect(() => realm.change('web', { spns: ['HTTP/web.ad.test', 'HTTP/www.ad.test'] })).not.toThrow()
    expect(() => realm.change('alice', { groups: ['S-1-x'], disabled: true })).toThrow('Not a security identifier')
    await expect(signInWithPassword(realm, 'alice', 'wonderland')).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
  })

  test.each<[string, string, object, string]>([
    ['a setting that there is not', 'alice', { disable: true }, 'alice: there is no setting "disable"'],
    ['a password', 'alice', { password: 'x' }, 'alice: there is no setting "password"'],
    ['a text in place of a flag', 'alice', { disabled: 'no' }, 'alice: disabled must be true or false'],
    ['an SPN in place of an account', 'api', { allowedToActOnBehalfOf: ['HTTP/web.ad.test'] }, 'is no account'],
  ])('refuses to change %s', async (_title, name, change, message) => {
    await using realm = await createAd()
    const error = thrownBy(() => realm.change(name, change))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toContain(message)
  })

  test('prints no secret', async () => {
    await using realm = await createAd()
    await signInWithPassword(realm, 'alice', 'wonderland')
    const printed = inspect(realm, { depth: 20, showHidden: true }) + JSON.stringify(realm.exchanges)
    expect(printed).not.toContain('wonderland')
  })

  test.each([
    ['no name', { realm: undefined }, 'the realm: realm is missing'],
    ['a realm name that is none', { realm: 1 }, 'realm must be a text'],
    ['an option that there is not', { service: {} }, 'the realm: there is no setting "service"'],
    ['users as a list', { users: [{ password: 'x' }] }, 'users must be an object'],
    ['a misspelt password', { users: { a: { pasword: 'x' } } }, 'user a: password is missing'],
    ['a setting of services for a user', { users: { a: { password: 'x', spns: [] } } }, 'no setting "spns"'],
    ['a misspelt list', { services: { a: { spn: ['HTTP/a'] } } }, 'service a: spns is missing'],
    ['a misspelt switch', { services: { a: { spns: [], okAsDelgate: true } } }, 'no setting "okAsDelgate"'],
    ['an SPN in place of a list', { services: { a: { spns: 'HTTP/a' } } }, 'spns must be a list of texts'],
    ['an SPN with its realm', { services: { a: { spns: ['HTTP/a@X.TEST'] } } }, 'is no service principal name'],
    ['an SPN without a class', { services: { a: { spns: ['a.x.test'] } } }, 'is no service principal name'],
    [
      'a target that is no SPN',
      { services: { a: { spns: [], allowedToDelegateTo: ['https://b'] } } },
      '"https://b" in allowedToDelegateTo',
    ],
    [
      'an SPN where the directory keeps accounts',
      { services: { a: { spns: [], allowedToActOnBehalfOf: ['HTTP/web.ad.test'] } } },
      '"HTTP/web.ad.test" in allowedToActOnBehalfOf is no account',
    ],
    ['settings that are none', { users: { a: 'wonderland' } }, 'user a: the settings are no object'],
    ['a misbehaviour that there is not', { misbehave: { wrongClinet: true } }, 'no setting "wrongClinet"'],
    ['a trust with a misspelt setting', { trusts: [{ realm: 'B.TEST', pasword: 'x' }] }, 'no setting "pasword"'],
    ['a lifetime in words', { ticketLifetime: '1h' }, 'ticketLifetime must be a number'],
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
    const whole: object = { realm: 'X.TEST', ...options }
    const error = await createTestRealm(whole as TestRealmOptions).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ message: expect.stringContaining(message) })
    expect(error).not.toBeInstanceOf(TypeError)
  })
})

function thrownBy(run: () => void): Error {
  try {
    run()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}
