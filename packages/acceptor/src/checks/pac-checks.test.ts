import { AdType, filetimeOfMilliseconds, PacBufferType } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import {
  DOMAIN_SID,
  HOUR,
  ifRelevant,
  issue,
  keyOf,
  NOW,
  oddToken,
  pacOf,
  SERVICE_KEY,
  tokenOf,
} from '../fixtures/issued-token.js'
import type { IssueOptions } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'

const authtime = NOW - HOUR

const outcomeOf = (options: IssueOptions, settings: AcceptorOptions = {}) =>
  acceptorWith(settings).accept(tokenOf(issue(options)))
const refusalOf = async (options: IssueOptions, settings: AcceptorOptions = {}) =>
  refused(await outcomeOf(options, settings)).error

describe('a PAC', () => {
  test('that another key signed is refused', async () => {
    const error = await refusalOf({ pacSigning: { server: keyOf(66) } })
    expect(error.code).toBe('KRB_AP_ERR_MODIFIED')
  })

  test('of which one bit was changed is refused', async () => {
    const pac = pacOf('alice', authtime, SERVICE_KEY)
    pac[pac.length - 200] ^= 1
    const authorizationData = ifRelevant({ adType: AdType.WIN2K_PAC, adData: pac })
    const { error } = refused(await acceptorWith().accept(oddToken(issue({ authorizationData }))))
    expect(error.name).toMatch(/^(Rejected|Malformed)TokenError$/)
  })

  test('of another client is refused', async () => {
    const clientInfo = { clientId: filetimeOfMilliseconds(authtime), name: 'bob' }
    const error = await refusalOf({ pac: { clientInfo } })
    expect(error).toMatchObject({ code: 'KRB_AP_ERR_MODIFIED' })
    expect(error.message).toContain('"bob"')
  })

  test('of another login is refused', async () => {
    const clientInfo = { clientId: filetimeOfMilliseconds(authtime + 1000), name: 'alice' }
    expect((await refusalOf({ pac: { clientInfo } })).code).toBe('KRB_AP_ERR_MODIFIED')
  })

  test('that does not say whose it is is refused', async () => {
    expect((await refusalOf({ pac: { clientInfo: undefined } })).code).toBe('KRB_AP_ERR_MODIFIED')
  })

  test('may name the realm of a user from elsewhere, as after S4U2Self', async () => {
    const clientInfo = { clientId: filetimeOfMilliseconds(authtime), name: 'alice@PARTNER.TEST' }
    accepted(await outcomeOf({ realm: 'PARTNER.TEST', pac: { clientInfo } }))
    expect((await refusalOf({ pac: { clientInfo } })).code).toBe('KRB_AP_ERR_MODIFIED')
  })

  test('that somebody else asked for is refused', async () => {
    expect((await refusalOf({ pac: { requestor: `${DOMAIN_SID}-500` } })).code).toBe('KRB_AP_ERR_MODIFIED')
    accepted(await outcomeOf({ pac: { requestor: `${DOMAIN_SID}-1104` } }))
  })

  test.each([
    'LOGON_INFO',
    'UPN_DNS_INFO',
    'DELEGATION_INFO',
    'CLIENT_CLAIMS',
    'DEVICE_INFO',
    'DEVICE_CLAIMS',
  ] as const)('that is signed but has a broken %s is refused when it comes, not when it is read', async (name) => {
    const other = [{ type: PacBufferType[name], data: new Uint8Array(40).fill(1) }]
    const pac = { logonInfo: undefined, upnDnsInfo: undefined, other }
    expect(await refusalOf({ pac })).toMatchObject({ name: 'MalformedTokenError', path: expect.stringContaining(name) })
  })

  test('outside AD-IF-RELEVANT does not count', async () => {
    const element = { adType: AdType.WIN2K_PAC, adData: pacOf('alice', authtime, SERVICE_KEY) }
    expect((await refusalOf({ authorizationData: [element] })).code).toBe('KDC_ERR_POLICY')
  })

  test('in the authenticator, where the client can put any, does not count', async () => {
    const element = { adType: AdType.WIN2K_PAC, adData: pacOf('alice', authtime, SERVICE_KEY) }
    const token = oddToken(issue({ pac: false }), { authenticator: { authorizationData: ifRelevant(element) } })
    expect(accepted(await acceptorWith().accept(token)).identity.groups).toEqual([])
  })

  test('comes once', async () => {
    const element = { adType: AdType.WIN2K_PAC, adData: pacOf('alice', authtime, SERVICE_KEY) }
    expect((await refusalOf({ authorizationData: ifRelevant(element, element) })).code).toBe('KRB_AP_ERR_MODIFIED')
  })
})

describe('a PAC that is not that of the ticket is refused with the reason:', () => {
  const of = (name: string, later = 0) => ({ clientId: filetimeOfMilliseconds(authtime + later), name })
  const upnOf = (sid: string) => ({
    upnDnsInfo: { upn: 'a@ad.test', dnsDomainName: 'AD.TEST', flags: 2, extended: { samAccountName: 'a', sid } },
  })

  test.each<[string, IssueOptions['pac']]>([
    ['it does not say whose it is', { clientInfo: undefined }],
    ['it belongs to "bob", the ticket to "alice"', { clientInfo: of('bob') }],
    ['it belongs to "alice@EVIL.TEST", the ticket to "alice"', { clientInfo: of('alice@EVIL.TEST') }],
    ['it belongs to "alice@", the ticket to "alice"', { clientInfo: of('alice@') }],
    ['it belongs to another login than the ticket', { clientInfo: of('alice', 1_000) }],
    ['it belongs to another login than the ticket', { clientInfo: of('alice', -1) }],
    [`it was asked for by ${DOMAIN_SID}-500, not by ${DOMAIN_SID}-1104`, { requestor: `${DOMAIN_SID}-500` }],
    [`its UPN is that of ${DOMAIN_SID}-500, not of ${DOMAIN_SID}-1104`, upnOf(`${DOMAIN_SID}-500`)],
  ])('%s', async (why, pac) => {
    expect(await refusalOf({ pac })).toMatchObject({
      name: 'RejectedTokenError',
      code: 'KRB_AP_ERR_MODIFIED',
      message: `the PAC is not that of the ticket: ${why}`,
      hint: 'A KDC never issues this. Somebody who knows the key of the service combined two tickets.',
    })
  })

  test('of a name of two components it is written with a slash', async () => {
    const clientInfo = of('alice/admin')
    accepted(await outcomeOf({ client: 'alice/admin', pac: { clientInfo } }))
    expect((await refusalOf({ client: 'alice/admin', pac: { clientInfo: of('aliceadmin') } })).message).toContain(
      'it belongs to "aliceadmin", the ticket to "alice/admin"',
    )
  })

  test('of the same second it is none, nor is one that names nobody', async () => {
    accepted(await outcomeOf({ pac: { clientInfo: of('alice', 999) } }))
    accepted(await outcomeOf({ pac: { logonInfo: undefined, requestor: `${DOMAIN_SID}-500` } }))
    accepted(await outcomeOf({ pac: upnOf(`${DOMAIN_SID}-1104`) }))
    accepted(await outcomeOf({ pac: { upnDnsInfo: undefined } }))
  })
})

describe('a ticket without a PAC', () => {
  test('is accepted, unless its realm must send one', async () => {
    accepted(await outcomeOf({ pac: false }))
    expect((await refusalOf({ pac: false }, { requirePac: true })).code).toBe('KDC_ERR_POLICY')
    for (const realm of ['AD.TEST', 'ad.test'])
      expect((await refusalOf({ pac: false }, { requirePac: [realm] })).code).toBe('KDC_ERR_POLICY')
    accepted(await outcomeOf({ pac: false }, { requirePac: ['OTHER.TEST'] }))
    accepted(await outcomeOf({}, { requirePac: true }))
  })
})
