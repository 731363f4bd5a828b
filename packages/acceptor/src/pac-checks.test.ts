import { AdType, filetimeOfMilliseconds, PacBufferType } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { AcceptorOptions } from './acceptor-options.js'
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
} from './fixtures/issued-token.js'
import type { IssueOptions } from './fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from './fixtures/outcomes.js'

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
