import { ContextFlag, openApRep, readKrb5Token } from '@s4u/gssapi'
import { AdType, ApOption, TicketFlag } from '@s4u/krb5'
import type { AuthorizationData } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { AcceptorOptions } from './options/acceptor-options.js'
import type { AcceptContext } from './ap-req/accept-ap-req.js'
import {
  entryOf,
  HOUR,
  ifRelevant,
  issue,
  keyOf,
  keytabOf,
  NOW,
  oddToken,
  SPN,
  tokenOf,
} from './fixtures/issued-token.js'
import type { IssueOptions, OddApReq } from './fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from './fixtures/outcomes.js'

const MINUTE = 60_000

async function refusalOf(
  credential: IssueOptions,
  odd: OddApReq = {},
  options: AcceptorOptions = {},
  context: AcceptContext = {},
) {
  const { error } = refused(await acceptorWith(options).accept(oddToken(issue(credential), odd), context))
  return error
}

async function acceptanceOf(
  credential: IssueOptions,
  odd: OddApReq = {},
  options: AcceptorOptions = {},
  context: AcceptContext = {},
) {
  return accepted(await acceptorWith(options).accept(oddToken(issue(credential), odd), context))
}

describe('the client', () => {
  test('in the authenticator must be that of the ticket, by name and by realm', async () => {
    const bob = { cname: { nameType: 1, nameString: ['bob'] } }
    expect((await refusalOf({}, { authenticator: bob })).code).toBe('KRB_AP_ERR_BADMATCH')
    expect((await refusalOf({}, { authenticator: { crealm: 'EVIL.TEST' } })).code).toBe('KRB_AP_ERR_BADMATCH')
    expect((await refusalOf({}, { authenticator: { crealm: 'ad.test' } })).code).toBe('KRB_AP_ERR_BADMATCH')
  })

  test('must know the session key', async () => {
    expect((await refusalOf({}, { sealedWith: keyOf(8) })).code).toBe('KRB_AP_ERR_BAD_INTEGRITY')
  })

  test('may not ask for user-to-user authentication', async () => {
    expect((await refusalOf({}, { apOptions: [ApOption.USE_SESSION_KEY] })).code).toBe('KRB_AP_ERR_NO_TGT')
  })

  test('may not be anonymous, unless that is allowed', async () => {
    const anonymous = { client: 'WELLKNOWN/ANONYMOUS', pac: false } as const
    expect((await refusalOf(anonymous)).code).toBe('KDC_ERR_POLICY')
    expect((await refusalOf({ flags: [TicketFlag.ANONYMOUS] })).code).toBe('KDC_ERR_POLICY')
    const { identity } = await acceptanceOf(anonymous, {}, { allowAnonymous: true })
    expect(identity.impersonationLevel).toBe('anonymous')
  })
})

describe('the clock of the client', () => {
  test('may be apart by the skew and no more', async () => {
    await acceptanceOf({}, { authenticator: { ctime: NOW + 5 * MINUTE, cusec: 0 } })
    await acceptanceOf({}, { authenticator: { ctime: NOW - 5 * MINUTE, cusec: 0 } })
    expect((await refusalOf({}, { authenticator: { ctime: NOW + 5 * MINUTE, cusec: 1000 } })).code).toBe(
      'KRB_AP_ERR_SKEW',
    )
    expect((await refusalOf({}, { authenticator: { ctime: NOW - 5 * MINUTE - 1000 } })).code).toBe('KRB_AP_ERR_SKEW')
  })

  test('is named with its distance', async () => {
    const ahead = await refusalOf({}, { authenticator: { ctime: NOW + 603_000 } })
    expect(ahead.message).toBe('client clock 00:10:03 ahead')
    const behind = await refusalOf({}, { authenticator: { ctime: NOW - 2 * HOUR } })
    expect(behind.message).toBe('client clock 02:00:00 behind')
  })

  test('may be apart as far as the options say', async () => {
    await acceptanceOf({}, { authenticator: { ctime: NOW + 10 * MINUTE } }, { clockSkew: 11 * MINUTE })
    expect((await refusalOf({}, { authenticator: { ctime: NOW + 2000 } }, { clockSkew: 1000 })).code).toBe(
      'KRB_AP_ERR_SKEW',
    )
  })
})

describe('a ticket', () => {
  test('that expired is refused, with the skew', async () => {
    await acceptanceOf({ part: { endtime: NOW - 5 * MINUTE } })
    const error = await refusalOf({ part: { endtime: NOW - 5 * MINUTE - 1000 } })
    expect(error.code).toBe('KRB_AP_ERR_TKT_EXPIRED')
    expect(error.message).toBe('the ticket expired 00:05:01 ago')
  })

  test('that is not yet valid is refused, by starttime or else by authtime', async () => {
    const later = NOW + 5 * MINUTE + 1000
    expect((await refusalOf({ part: { starttime: later } })).code).toBe('KRB_AP_ERR_TKT_NYV')
    expect((await refusalOf({ pac: false, part: { starttime: undefined, authtime: later } })).code).toBe(
      'KRB_AP_ERR_TKT_NYV',
    )
    await acceptanceOf({ part: { starttime: NOW + 5 * MINUTE } })
  })

  test('that is postdated and not validated is refused', async () => {
    expect((await refusalOf({ flags: [TicketFlag.INVALID] })).code).toBe('KRB_AP_ERR_TKT_NYV')
  })

  test('that was opened before is judged by the clock again', async () => {
    let now = NOW
    const acceptor = acceptorWith({ now: () => now })
    const credential = issue()
    accepted(await acceptor.accept(tokenOf(credential)))
    now = NOW + 10 * HOUR
    const late = oddToken(credential, { authenticator: { ctime: now } })
    expect(refused(await acceptor.accept(late)).error.code).toBe('KRB_AP_ERR_TKT_EXPIRED')
  })
})

describe('weak encryption', () => {
  const rc4Keytab = keytabOf(entryOf(SPN, 1, keyOf(1, 23)), entryOf(SPN, 1, keyOf(1)))

  test('is not used for tickets unless it is allowed', async () => {
    const credential = { key: keyOf(1, 23) }
    expect((await refusalOf(credential, {}, { keytab: rc4Keytab })).code).toBe('KRB_AP_ERR_NOKEY')
    await acceptanceOf(credential, {}, { keytab: rc4Keytab, allowWeakEncryption: true })
  })

  test('is not used for session keys unless it is allowed', async () => {
    const credential = { sessionKey: keyOf(7, 23) }
    // With a strong subkey, or with none, the session key alone is what is wrong.
    for (const subkey of [keyOf(8), undefined]) {
      const error = await refusalOf(credential, { authenticator: { subkey } })
      expect(error).toMatchObject({ code: 'KDC_ERR_ETYPE_NOSUPP', message: expect.stringContaining('session key') })
      await acceptanceOf(credential, { authenticator: { subkey } }, { allowWeakEncryption: true })
    }
  })

  test('is not used for subkeys of clients either, whose messages would be sealed with them', async () => {
    const odd = { authenticator: { subkey: keyOf(8, 23) } }
    const error = await refusalOf({}, odd)
    expect(error).toMatchObject({ code: 'KDC_ERR_ETYPE_NOSUPP', message: expect.stringContaining('subkey') })
    await acceptanceOf({}, odd, { allowWeakEncryption: true })
  })
})

describe('authorization data', () => {
  const restriction = { adType: 4711, adData: Uint8Array.of(1) }

  test('that is critical and unknown is refused, in the ticket and in the authenticator', async () => {
    expect((await refusalOf({ authorizationData: [restriction] })).code).toBe('KDC_ERR_POLICY')
    const error = await refusalOf({}, { authenticator: { authorizationData: [restriction] } })
    expect(error.code).toBe('KDC_ERR_POLICY')
    expect(error.message).toContain('4711')
  })

  test('that may be ignored is ignored, and so is what is for the KDC', async () => {
    await acceptanceOf({ authorizationData: ifRelevant(restriction) })
    await acceptanceOf({ authorizationData: [{ adType: AdType.MANDATORY_FOR_KDC, adData: Uint8Array.of(0x30, 0) }] })
    await acceptanceOf({}, { authenticator: { authorizationData: ifRelevant(restriction) } })
  })

  test('that is broken is malformed', async () => {
    const broken = [{ adType: AdType.IF_RELEVANT, adData: Uint8Array.of(0x30, 5) }]
    expect((await refusalOf({ authorizationData: broken })).name).toBe('MalformedTokenError')
  })
})

describe('the checksum of the authenticator', () => {
  test('must be that of the GSS-API', async () => {
    expect((await refusalOf({}, { authenticator: { cksum: undefined } })).code).toBe('KRB_AP_ERR_INAPP_CKSUM')
    const other = { cksumtype: 16, checksum: new Uint8Array(12) }
    expect((await refusalOf({}, { authenticator: { cksum: other } })).code).toBe('KRB_AP_ERR_INAPP_CKSUM')
  })

  test('must be whole', async () => {
    const short = { cksumtype: 0x8003, checksum: new Uint8Array(23) }
    expect((await refusalOf({}, { authenticator: { cksum: short } })).name).toBe('MalformedTokenError')
  })

  test('may not ask for DCE style', async () => {
    expect((await refusalOf({}, { flags: ContextFlag.DCE_STYLE })).code).toBe('GSS_S_UNAVAILABLE')
  })
})

describe('addresses', () => {
  const part = { caddr: [{ addrType: 2, address: Uint8Array.of(10, 0, 0, 1) }] }

  test('are ignored unless they are to be checked', async () => {
    await acceptanceOf({ part }, {}, {}, { clientAddress: '10.9.9.9' })
  })

  test('are compared when they are', async () => {
    const options = { checkAddresses: true }
    await acceptanceOf({ part }, {}, options, { clientAddress: '::ffff:10.0.0.1' })
    expect((await refusalOf({ part }, {}, options, { clientAddress: '10.9.9.9' })).code).toBe('KRB_AP_ERR_BADADDR')
    expect((await refusalOf({ part }, {}, options)).code).toBe('KRB_AP_ERR_BADADDR')
    await acceptanceOf({}, {}, options)
  })
})

describe('a user of another realm', () => {
  const foreign = { realm: 'PARTNER.TEST' }
  const detour = { transited: { trType: 1, contents: new TextEncoder().encode('MIDDLE.TEST') } }

  test('is accepted over a direct trust, with a PAC, or when a KDC checked the path', async () => {
    const { identity } = await acceptanceOf({ ...foreign, pac: false })
    expect(identity.principal).toBe('alice@PARTNER.TEST')
    await acceptanceOf({ ...foreign, part: detour })
    await acceptanceOf({ ...foreign, pac: false, part: detour, flags: [TicketFlag.TRANSITED_POLICY_CHECKED] })
  })

  test('is refused when nobody vouches for the path', async () => {
    const error = await refusalOf({ ...foreign, pac: false, part: detour })
    expect(error.code).toBe('KRB_AP_PATH_NOT_ACCEPTED')
    const withoutSids = { pac: { logonInfo: undefined } }
    expect((await refusalOf({ ...foreign, ...withoutSids, part: detour })).code).toBe('KRB_AP_PATH_NOT_ACCEPTED')
  })

  test('is accepted from listed realms alone when there is a list', async () => {
    expect((await refusalOf(foreign, {}, { trustedRealms: ['OTHER.TEST'] })).code).toBe('KRB_AP_PATH_NOT_ACCEPTED')
    await acceptanceOf({ ...foreign, pac: false, part: detour }, {}, { trustedRealms: ['partner.test'] })
    await acceptanceOf({}, {}, { trustedRealms: [] })
  })
})

test('a refusal is never cached: the next, good token of the same ticket is accepted', async () => {
  const acceptor = acceptorWith()
  const credential = issue()
  refused(await acceptor.accept(oddToken(credential, { authenticator: { ctime: NOW + HOUR } })))
  accepted(await acceptor.accept(oddToken(credential)))
})

test('AD-ETYPE-NEGOTIATION lifts the subkey of a weak session to aes256, and leaves a strong one alone', async () => {
  const etypes = Uint8Array.of(0x30, 6, 2, 1, 20, 2, 1, 18)
  const authorizationData = ifRelevant({ adType: AdType.ETYPE_NEGOTIATION, adData: etypes })
  const subkeyOf = async (etype: number, data?: AuthorizationData) => {
    const sessionKey = keyOf(7, etype)
    const token = oddToken(issue({ sessionKey }), { authenticator: { authorizationData: data, ctime: NOW, cusec: 77 } })
    const { reply } = accepted(await acceptorWith({ allowWeakEncryption: true }).accept(token))
    return openApRep(readKrb5Token(reply!, 'ap-rep').message, sessionKey, { ctime: NOW, cusec: 77 }).subkey?.etype
  }
  expect(await subkeyOf(23, authorizationData)).toBe(18)
  expect(await subkeyOf(17, authorizationData)).toBe(18)
  expect(await subkeyOf(20, authorizationData)).toBe(20)
  expect(await subkeyOf(17)).toBe(17)
  expect(await subkeyOf(23)).toBe(23)
})
