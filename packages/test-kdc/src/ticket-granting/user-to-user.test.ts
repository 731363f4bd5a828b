import { KdcOption, KeyUsage } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createAd, HOUR, NINE } from '../fixtures/ad-realm.js'
import { principal, requestTicket, signInWithPassword, spn } from '../fixtures/bare-client.js'

const realm = await createAd()
const tgt = await signInWithPassword(realm, 'alice', 'wonderland')
const web = spn('HTTP/web.ad.test')

describe('user to user', () => {
  const options = [KdcOption.ENC_TKT_IN_SKEY]

  test('seals the ticket with the session key of the other TGT', async () => {
    const bob = await signInWithPassword(realm, 'bob', 'builder')
    const { ticket } = await requestTicket(realm, tgt, principal('bob'), { options, additionalTickets: [bob.ticket] })
    expect(ticket.encPart.kvno).toBeUndefined()
    expect(() => bob.part.key.open(KeyUsage.TICKET, ticket.encPart.cipher)).not.toThrow()
  })

  test('is refused without a TGT, with another’s, and with a service ticket', async () => {
    const bob = await signInWithPassword(realm, 'bob', 'builder')
    const service = await requestTicket(realm, tgt, web)
    await expect(requestTicket(realm, tgt, principal('bob'))).rejects.toThrow('KDC_ERR_S_PRINCIPAL_UNKNOWN')
    await expect(requestTicket(realm, tgt, principal('bob'), { options })).rejects.toThrow('KDC_ERR_BADOPTION')
    await expect(requestTicket(realm, tgt, web, { options, additionalTickets: [bob.ticket] })).rejects.toThrow(
      'KDC_ERR_SERVER_NOMATCH',
    )
    await expect(
      requestTicket(realm, tgt, principal('bob'), { options, additionalTickets: [service.ticket] }),
    ).rejects.toThrow('KDC_ERR_POLICY')
    const broken = { ...bob.ticket, encPart: { ...bob.ticket.encPart, cipher: new Uint8Array(60) } }
    await expect(requestTicket(realm, tgt, principal('bob'), { options, additionalTickets: [broken] })).rejects.toThrow(
      'KRB_AP_ERR_BAD_INTEGRITY',
    )
  })

  test('is refused with a TGT that has expired', async () => {
    await using late = await createAd()
    const mine = await signInWithPassword(late, 'alice', 'wonderland')
    const bob = await signInWithPassword(late, 'bob', 'builder', { till: NINE + HOUR })
    late.now = NINE + HOUR
    const request = requestTicket(late, mine, principal('bob'), { options, additionalTickets: [bob.ticket] })
    await expect(request).rejects.toThrow('KRB_AP_ERR_TKT_EXPIRED')
    expect(late.exchanges.at(-1)).toMatchObject({ kind: 'user-to-user', reason: 'the additional ticket has expired' })
  })
})
