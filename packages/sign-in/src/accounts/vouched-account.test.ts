import type { CallerIdentity } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { vouchedAccount } from './vouched-account.js'

const SID = 'S-1-5-21-1-2-3-1104'
const account = { user: 'alice@corp.example@AD.TEST', name: 'alice@corp.example', form: 'userPrincipalName' } as const

function siteWith(answers: Record<string, Partial<CallerIdentity>>) {
  const asked: string[] = []
  const identityFor = async (user: unknown): Promise<CallerIdentity> => {
    asked.push(String(user))
    return { name: 'alice', realm: 'AD.TEST', upn: 'alice@corp.example', ...answers[String(user)] } as CallerIdentity
  }
  return { asked, identityFor }
}

test('the account of a user principal name is asked for by its own name, which backends then see', async () => {
  const found = { principal: 'alice@AD.TEST', sid: SID }
  const site = siteWith({ [account.user]: found, 'alice@AD.TEST': found })
  expect(await vouchedAccount(account, site, {})).toMatchObject(found)
  expect(site.asked).toEqual([account.user, 'alice@AD.TEST'])
})

test.each([
  ['whose SID is another', { principal: 'alice@AD.TEST', sid: 'S-1-5-21-1-2-3-1105' }],
  ['that is called otherwise', { principal: 'bob@AD.TEST', sid: SID }],
])('an account %s is refused', async (_what, second) => {
  const site = siteWith({ [account.user]: { principal: 'alice@AD.TEST', sid: SID }, 'alice@AD.TEST': second })
  await expect(vouchedAccount(account, site, {})).rejects.toMatchObject({ code: 'KRB_AP_ERR_BADMATCH', status: 403 })
})

test.each([
  ['without a PAC', { principal: 'alice@AD.TEST', sid: undefined }, {}],
  ['only to be known', { principal: 'alice@AD.TEST', sid: SID }, { level: 'identification' } as const],
])('an account %s is asked for once', async (_what, found, options) => {
  const site = siteWith({ [account.user]: found })
  await vouchedAccount(account, site, options)
  expect(site.asked).toEqual([account.user])
})
