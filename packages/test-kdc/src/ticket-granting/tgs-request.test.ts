import { Key } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { createAd, krbtgtKey } from '../fixtures/ad-realm.js'
import { type Credential, principal, requestTicket, signIn, signInWithPassword, spn } from '../fixtures/bare-client.js'
import { reseal } from '../fixtures/reseal.js'

const realm = await createAd()
const tgt = await signInWithPassword(realm, 'alice', 'wonderland')

/**
 * The account has been renamed since the ticket was issued, or there is none of the name any more.
 */
function renamed(name: string): Credential {
  const cname = principal(name)
  const ticket = reseal(tgt, krbtgtKey(realm), (part) => ({ ...part, cname }))
  return { ...ticket, reply: { ...ticket.reply, cname } }
}

test.each([
  ['has left the directory', 'gone'],
  ['took the name of another, whose SID is not in the PAC (CVE-2021-42287)', 'bob'],
])('a client who %s gets no ticket any more', async (_title, name) => {
  const request = requestTicket(realm, renamed(name), spn('HTTP/web.ad.test'))
  await expect(request).rejects.toThrow('KDC_ERR_TGT_REVOKED')
  expect(realm.exchanges.at(-1)?.reason).toBe('the client is not in the directory any more')
})

test('a client who signed in under another spelling of the name does', async () => {
  const key = await Key.fromPassword(18, 'wonderland', 'AD.TESTalice')
  const shouting = await signIn(realm, principal('ALICE'), key)
  await expect(requestTicket(realm, shouting, spn('HTTP/web.ad.test'))).resolves.toMatchObject({
    reply: { cname: { nameString: ['ALICE'] } },
  })
})
