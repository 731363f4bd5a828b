import { expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { BADOPTION } from './diagnosis/hints.js'
import { Place } from './diagnosis/place.js'
import { expectRefusal, type Row } from './diagnosis/refusal.js'

/** What the newer Samba refuses with another code than the older, or for another reason. */
const rows: readonly Row[] = [
  [
    'evidence for another service',
    (at) => at.present('kcd', 'bob', 'api', { shownBy: 'web' }),
    {
      ...{ ...BADOPTION, reason: 'evidence-unusable' },
      hint: /^the ticket must be for a service principal name of svc-web@NEWCORP.TEST[^]*samba-tool spn list svc-web/,
    },
  ],
  [
    'a ticket-granting ticket as evidence',
    (at) => at.presentTgt('web', 'bob', 'api'),
    { ...BADOPTION, reason: 'evidence-unusable', hint: /samba-tool spn list svc-web/ },
  ],
  [
    'S4U2Self for a user of a trusted forest',
    (at) => at.client('web').s4u2self('oscar@NEWPARTNER.TEST'),
    {
      code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
      hint: /^The KDC of NEW\w+.TEST finds no user oscar@NEWPARTNER.TEST: .*does not vouch for users of other realms.*present a ticket/,
    },
  ],
  [
    'a user who offers SHA-2 alone',
    (at) => at.signIn('alice', undefined, [20, 19]),
    { code: 'KDC_ERR_ETYPE_NOSUPP', hint: /^This client offers aes256-cts-hmac-sha384-192, .*neither SHA-2/ },
  ],
]

await describeRealms('what NEWCORP refuses is explained', ['NEWCORP', 'NEWPARTNER'], (info) => {
  const at = new Place(info, 'NEWCORP')
  for (const [what, attempt, expected] of rows) test(what, () => expectRefusal(attempt(at), expected))

  test('a ticket of another service is told from one of a target that is not listed', async () => {
    await expect(at.present('kcd', 'bob', 'vault')).rejects.toMatchObject({ reason: 'target-not-allowed' })
  })
})
