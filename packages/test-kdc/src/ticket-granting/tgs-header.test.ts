import { encodePac, type EncTicketPart, Key, Pac, type PacContents } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createAd, HOUR, krbtgtKey, NINE } from '../fixtures/ad-realm.js'
import { requestTicket, signInWithPassword, spn } from '../fixtures/bare-client.js'
import { reseal } from '../fixtures/reseal.js'
import { copiedPac } from '../tickets/pac-of.js'
import { pacBytesOf, pacElement } from '../tickets/ticket-seal.js'

const realm = await createAd()
const tgt = await signInWithPassword(realm, 'alice', 'wonderland')
const web = spn('HTTP/web.ad.test')
const request = (change: (part: EncTicketPart) => EncTicketPart) =>
  requestTicket(realm, reseal(tgt, krbtgtKey(realm), change), web)

describe('a ticket-granting ticket', () => {
  test('is good as it was issued', async () => {
    await expect(request((part) => part)).resolves.toMatchObject({ reply: { cname: { nameString: ['alice'] } } })
  })

  test('is refused before it is valid, but not for a clock that is a little off', async () => {
    await expect(request((part) => ({ ...part, starttime: NINE + HOUR }))).rejects.toThrow('KRB_AP_ERR_TKT_NYV')
    expect(realm.exchanges.at(-1)?.reason).toBe('the ticket is not valid yet')
    await expect(request((part) => ({ ...part, starttime: NINE + 60_000 }))).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
  })

  test.each([
    ['changed', (pac: Uint8Array) => pac.map((octet, index) => (index === 200 ? octet ^ 1 : octet))],
    ['signed by another KDC', (pac: Uint8Array) => signedAgain(pac, krbtgtKey(realm), Key.random(18))],
    [
      'signed with another key than the ticket’s',
      (pac: Uint8Array) => signedAgain(pac, Key.random(18), krbtgtKey(realm)),
    ],
    ['cut short', (pac: Uint8Array) => pac.subarray(0, 60)],
  ])('is refused when its PAC was %s', async (_title, change) => {
    const forged = request((part) => ({ ...part, authorizationData: pacElement(change(pacIn(part))) }))
    await expect(forged).rejects.toThrow('KRB_AP_ERR_MODIFIED')
    expect(realm.exchanges.at(-1)?.reason).toBe('the PAC of the ticket-granting ticket is not what a KDC signed')
  })
})

function pacIn(part: EncTicketPart): Uint8Array {
  return pacBytesOf(part) ?? new Uint8Array(0)
}

function signedAgain(pac: Uint8Array, server: Key, kdc: Key): Uint8Array {
  const contents: PacContents = copiedPac(Pac.decode(pac), { ticketGranting: true })
  return encodePac(contents, { server, kdc })
}
