import { expect, test } from 'vitest'
import { requireAccount } from './require-account.js'

type Found = Parameters<typeof requireAccount>[0]
type Named = Parameters<typeof requireAccount>[1]

const pac = (effectiveName: string): Found['pac'] => ({ logonInfo: { effectiveName } }) as Found['pac']
const alice: Found = {
  principal: 'alice@AD.TEST',
  name: 'alice',
  realm: 'AD.TEST',
  upn: 'alice@corp.example',
  pac: pac('alice'),
}
const named = (form: Named['form'], name: string): Named => ({ user: '', form, name })

test.each<[string, Found, Named]>([
  ['of the user principal name in the PAC', alice, named('userPrincipalName', 'Alice@CORP.example')],
  ['of the name within the domain', alice, named('userPrincipalName', 'alice@ad.test')],
  ['of the account name', alice, named('samAccountName', 'ALICE')],
  ['of the part before the @', alice, named('userPart', 'alice')],
  ['that a function names', alice, named('given', 'whoever')],
  ['that a function names as it is', alice, named('given', 'AD\\ALICE')],
  ['with a letter in two parts', { ...alice, name: 'käthe', pac: pac('käthe') }, named('given', 'ka\u0308the@AD.TEST')],
  [
    'whose ticket has the alias, and the PAC the name',
    { ...alice, principal: String.raw`a\@corp.example@AD.TEST`, name: 'a@corp.example@AD.TEST' },
    named('samAccountName', 'alice'),
  ],
  [
    'of a KDC without PAC that has kept the alias',
    {
      principal: String.raw`alice\@corp.example@MIT.TEST`,
      name: 'x',
      realm: 'MIT.TEST',
      upn: undefined,
      pac: undefined,
    },
    named('userPrincipalName', 'alice@corp.example'),
  ],
])('the account %s is taken', (_what, found, name) => {
  expect(() => requireAccount(found, name)).not.toThrow()
})

test.each<[string, Found, Named]>([
  ['a letter that the directory takes for another', alice, named('samAccountName', 'álice')],
  ['a name that was given with such a letter', alice, named('given', 'álice')],
  ['a name in a domain with such a letter', alice, named('given', 'AD\\álice')],
  ['a whole name with such a letter', alice, named('given', 'ａlice@ad.test')],
  ['full-width letters', alice, named('samAccountName', 'ａlice')],
  ['another user principal name', alice, named('userPrincipalName', 'alice@partner.example')],
  ['another account', { ...alice, pac: pac('bob') }, named('userPart', 'alice')],
  [
    'an alias that the PAC gives to another',
    { ...alice, principal: String.raw`alice\@ad.test@AD.TEST`, upn: 'bob@ad.test', pac: pac('bob') },
    named('userPrincipalName', 'alice@ad.test'),
  ],
])('%s is refused', (_what, found, name) => {
  expect(() => requireAccount(found, name)).toThrow(
    expect.objectContaining({ code: 'KRB_AP_ERR_BADMATCH', status: 403 }),
  )
})
