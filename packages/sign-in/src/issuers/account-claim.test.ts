import { describe, expect, test } from 'vitest'
import { accountOf, type AccountClaimOptions, accountRules } from './account-claim.js'

const of = (options: AccountClaimOptions, value: unknown) =>
  accountOf({ claim: value }, accountRules('oidc', { ...options, claim: 'claim' }), 'AD.TEST')

describe('a claim', () => {
  test.each<[string, Omit<AccountClaimOptions, 'claim'>, string, string, string]>([
    [
      'a user principal name is looked up as one, also of the own domain',
      {},
      'alice@ad.test',
      'alice@ad.test@AD.TEST',
      'alice@ad.test',
    ],
    [
      'a user principal name of a listed domain',
      { suffixes: ['Corp.Example'] },
      'a@corp.EXAMPLE',
      'a@corp.EXAMPLE@AD.TEST',
      'a@corp.EXAMPLE',
    ],
    [
      'the part before the @',
      { account: 'userPart', suffixes: ['ad.test'] },
      'alice@ad.test',
      'alice@AD.TEST',
      'alice',
    ],
    ['a sAMAccountName', { account: 'samAccountName' }, 'Zoë Müller', 'Zoë Müller@AD.TEST', 'Zoë Müller'],
  ])('%s', async (_what, options, value, user, name) => {
    expect(await of({ claim: '', ...options }, value)).toEqual({
      user,
      name,
      form: options.account ?? 'userPrincipalName',
    })
  })

  test.each<[Omit<AccountClaimOptions, 'claim'>, unknown]>([
    [{}, undefined],
    [{}, 7],
    [{}, ''],
    [{}, 'alice'],
    [{}, '@ad.test'],
    [{}, 'alice@'],
    [{}, 'alice@ad.test\n'],
    [{ suffixes: ['ad.test'] }, 'alice@evil.ad.test'],
    [{ account: 'userPart', suffixes: ['ad.test'] }, 'alice@partner.example'],
    [{ account: 'userPart', suffixes: ['ad.test'] }, 'web$@ad.test'],
    [{ account: 'samAccountName' }, 'alice@ad.test'],
    [{ account: 'samAccountName' }, 'web$'],
    [{ account: 'samAccountName' }, 'a*'],
    [{ account: 'samAccountName' }, 'alice.'],
    [{ account: 'samAccountName' }, 'a,b'],
  ])('with %o, %j names nobody', async (options, value) => {
    await expect(of({ claim: '', ...options }, value)).rejects.toMatchObject({
      code: 'S4U_CLAIM_UNUSABLE',
      status: 403,
    })
  })
})

test.each([[''], [null], [7]])('a function that answers %j is a mistake', async (answer) => {
  const rules = accountRules('oidc', { claim: (() => answer) as never })
  await expect(accountOf({}, rules, 'AD.TEST')).rejects.toThrow('must return a name or undefined')
})
