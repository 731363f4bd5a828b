import { kerberosFlags, Pac, TicketFlag } from '@s4u/krb5'
import type { EncTicketPart } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { isAnonymous, requireTrustedPath } from './client-realm.js'
import { keyOf, NOW, pacOf, SERVICE_KEY } from '../fixtures/issued-token.js'

const OURS = 'AD.TEST'
const [withSids, withoutSids] = [{}, { logonInfo: undefined }].map((contents) =>
  Pac.decode(pacOf('alice', NOW, SERVICE_KEY, { pac: contents })),
)
const detour = { trType: 1, contents: new TextEncoder().encode('MIDDLE.TEST') }

function ticketOf(changes: Partial<EncTicketPart> = {}): EncTicketPart {
  return {
    flags: kerberosFlags(),
    key: keyOf(7),
    crealm: 'PARTNER.TEST',
    cname: { nameType: 1, nameString: ['alice'] },
    transited: { trType: 1, contents: new Uint8Array(0) },
    authtime: NOW,
    endtime: NOW,
    ...changes,
  }
}

const refusal = (message: string, hint: string) =>
  expect.objectContaining({ name: 'RejectedTokenError', code: 'KRB_AP_PATH_NOT_ACCEPTED', message, hint })

describe('a user of our own realm', () => {
  test('is believed whatever the path and the list', () => {
    const ticket = ticketOf({ crealm: OURS, transited: detour })
    expect(() => requireTrustedPath(ticket, undefined, OURS, [])).not.toThrow()
    expect(() => requireTrustedPath(ticket, undefined, OURS, undefined)).not.toThrow()
  })

  test('written in another letter case is believed when it came straight', () => {
    expect(() => requireTrustedPath(ticketOf({ crealm: 'ad.test' }), undefined, OURS, [])).not.toThrow()
    const flags = kerberosFlags(TicketFlag.TRANSITED_POLICY_CHECKED)
    const ticket = ticketOf({ crealm: 'ad.test', transited: detour, flags })
    expect(() => requireTrustedPath(ticket, withSids, OURS, ['ad.test'])).toThrow(
      refusal(
        'a user of ad.test came through other realms, and it is not how AD.TEST writes itself',
        'A realm whose name differs from this one in letter case alone may be posing as it. Write the realm in the keytab as the KDC does.',
      ),
    )
  })
})

describe('a user of another realm', () => {
  test('is one of a list where there is one, whoever vouches', () => {
    const flags = kerberosFlags(TicketFlag.TRANSITED_POLICY_CHECKED)
    const ticket = ticketOf({ flags })
    const hint = 'Add the realm to trustedRealms if its users may sign in.'
    for (const list of [[], ['OTHER.TEST']])
      expect(() => requireTrustedPath(ticket, withSids, OURS, list)).toThrow(
        refusal('users of PARTNER.TEST are not accepted', hint),
      )
    const far = ticketOf({ transited: detour })
    expect(() => requireTrustedPath(far, undefined, OURS, ['OTHER.TEST', 'partner.test'])).not.toThrow()
  })

  test.each<[string, Partial<EncTicketPart>, Pac | undefined]>([
    ['it came straight', {}, undefined],
    [
      'a KDC checked the path',
      { transited: detour, flags: kerberosFlags(TicketFlag.TRANSITED_POLICY_CHECKED) },
      withoutSids,
    ],
    ['a domain controller let its SIDs pass', { transited: detour }, withSids],
  ])('is believed when %s', (_when, changes, pac) => {
    expect(() => requireTrustedPath(ticketOf(changes), pac, OURS, undefined)).not.toThrow()
  })

  test('is refused when nobody vouches for the path', () => {
    const flags = kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.PRE_AUTHENT)
    for (const pac of [undefined, withoutSids])
      expect(() => requireTrustedPath(ticketOf({ transited: detour, flags }), pac, OURS, undefined)).toThrow(
        refusal(
          'no KDC vouches for the path from PARTNER.TEST to AD.TEST',
          'List the realm in trustedRealms if every realm between may vouch for its users.',
        ),
      )
  })
})

describe('the anonymous user', () => {
  test.each<[readonly string[], boolean, boolean]>([
    [['WELLKNOWN', 'ANONYMOUS'], false, true],
    [['alice'], true, true],
    [['alice'], false, false],
    [['WELLKNOWN', 'FEDERATED'], false, false],
    [['somebody', 'ANONYMOUS'], false, false],
    [['WELLKNOWN'], false, false],
    [['ANONYMOUS', 'WELLKNOWN'], false, false],
  ])('is known by name or flag: %j, flag %s, is %s', (nameString, flagged, is) => {
    const flags = flagged ? kerberosFlags(TicketFlag.ANONYMOUS) : kerberosFlags(TicketFlag.FORWARDABLE)
    expect(isAnonymous(ticketOf({ flags, cname: { nameType: 1, nameString } }))).toBe(is)
  })
})
