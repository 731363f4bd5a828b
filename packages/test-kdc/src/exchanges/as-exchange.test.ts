import {
  decode,
  EtypeInfo2,
  hasFlag,
  KdcOption,
  Key,
  MethodData,
  openTicket,
  Pac,
  PaPacRequest,
  encode,
  PaType,
  TicketFlag,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createAd, HOUR, krbtgtKey, NINE } from '../fixtures/ad-realm.js'
import {
  enterprise,
  KrbErrorReceived,
  principal,
  signIn,
  signInWithKeytab,
  signInWithPassword,
  spn,
} from '../fixtures/bare-client.js'
import { NT_STATUS } from '../kdc/refusal.js'
import { pacBytesOf } from '../tickets/ticket-seal.js'

const realm = await createAd()
const { FORWARDABLE, PROXIABLE, RENEWABLE, CANONICALIZE, RENEWABLE_OK } = KdcOption
const aliceKey = await Key.fromPassword(18, 'wonderland', 'AD.TESTalice')

describe('the AS exchange', () => {
  test('asks for pre-authentication and says what the keys are made of', async () => {
    const error = await signIn(realm, principal('alice'), undefined).catch((reason: unknown) => reason)
    if (!(error instanceof KrbErrorReceived)) throw error
    expect(error.message).toBe('KDC_ERR_PREAUTH_REQUIRED')
    const methods = decode(MethodData, error.error.eData ?? new Uint8Array(0))
    expect(methods.map(({ padataType }) => padataType)).toEqual([
      PaType.ETYPE_INFO2,
      PaType.ENC_TIMESTAMP,
      PaType.FX_FAST,
    ])
    expect(decode(EtypeInfo2, methods[0].padataValue)).toEqual([
      { etype: 18, salt: 'AD.TESTalice', s2kparams: undefined },
      { etype: 17, salt: 'AD.TESTalice', s2kparams: undefined },
    ])
  })

  test('issues a TGT for ten hours, renewable for a week', async () => {
    const { part, reply } = await signInWithPassword(realm, 'alice', 'wonderland')
    expect(reply).toMatchObject({ crealm: 'AD.TEST', cname: principal('alice') })
    expect(part).toMatchObject({
      srealm: 'AD.TEST',
      authtime: NINE,
      endtime: NINE + 10 * HOUR,
      renewTill: NINE + 168 * HOUR,
    })
    for (const flag of [TicketFlag.INITIAL, TicketFlag.PRE_AUTHENT, TicketFlag.FORWARDABLE, TicketFlag.RENEWABLE]) {
      expect(hasFlag(part.flags, flag)).toBe(true)
    }
    expect(hasFlag(part.flags, TicketFlag.PROXIABLE)).toBe(false)
  })

  test('gives no more than was asked for', async () => {
    const wishes = { options: [PROXIABLE], till: NINE + HOUR }
    const { part } = await signIn(realm, principal('alice'), aliceKey, wishes)
    expect(part).toMatchObject({ endtime: NINE + HOUR, renewTill: undefined })
    expect(hasFlag(part.flags, TicketFlag.FORWARDABLE)).toBe(false)
    expect(hasFlag(part.flags, TicketFlag.PROXIABLE)).toBe(true)
  })

  test('takes 1970 for "as long as may be", and makes long tickets renewable where that will do', async () => {
    expect((await signIn(realm, principal('alice'), aliceKey, { till: 0 })).part.endtime).toBe(NINE + 10 * HOUR)
    const { part } = await signIn(realm, principal('alice'), aliceKey, {
      options: [RENEWABLE_OK],
      till: NINE + 48 * HOUR,
    })
    expect(part.renewTill).toBe(NINE + 48 * HOUR)
  })

  test('puts a PAC into the TGT: who alice is, her groups, how she signed in', async () => {
    const { ticket } = await signInWithPassword(realm, 'alice', 'wonderland')
    const part = openTicket(ticket, krbtgtKey(realm)).encTicketPart
    const pac = Pac.decode(pacBytesOf(part) ?? new Uint8Array(0))
    pac.verifyServerChecksum(krbtgtKey(realm))
    pac.verifyKdcChecksum(krbtgtKey(realm))
    expect(pac.userSid).toBe(realm.sidOf('alice'))
    expect([...pac.sids()].sort()).toEqual(
      [realm.sidOf('alice'), realm.sidOf('Domain Users'), realm.sidOf('Sales'), 'S-1-5-21-9-9-9-77', 'S-1-18-1'].sort(),
    )
    expect(pac.clientInfo?.name).toBe('alice')
    expect(pac.upnDnsInfo).toMatchObject({ upn: 'alice@ad.test', flags: 3, extended: { samAccountName: 'alice' } })
    expect(pac.requestor).toBe(realm.sidOf('alice'))
    expect(pac.attributes?.flags).toBe(2)
    expect(pac.ticketChecksum).toBeUndefined()
    expect(pac.fullChecksum).toBeUndefined()
  })

  test.each([
    [true, 1],
    [false, 0],
  ])('notes in the TGT whether a PAC was wanted: %s', async (includePac, flags) => {
    const padata = [{ padataType: PaType.PAC_REQUEST, padataValue: encode(PaPacRequest, { includePac }) }]
    const { ticket } = await signIn(realm, principal('alice'), aliceKey, { padata })
    const part = openTicket(ticket, krbtgtKey(realm)).encTicketPart
    expect(Pac.decode(pacBytesOf(part) ?? new Uint8Array(0)).attributes?.flags).toBe(flags)
  })

  test('proves that the request arrived as it was sent, when asked to', async () => {
    const padata = [{ padataType: PaType.REQ_ENC_PA_REP, padataValue: new Uint8Array(0) }]
    const { part } = await signIn(realm, principal('alice'), aliceKey, { padata })
    expect(hasFlag(part.flags, TicketFlag.ENC_PA_REP)).toBe(true)
    expect(part.encryptedPaData?.map(({ padataType }) => padataType)).toEqual([PaType.REQ_ENC_PA_REP, PaType.FX_FAST])
  })

  test('signs a service in with its keytab, and an account without pre-authentication where that is set', async () => {
    expect((await signInWithKeytab(realm, 'web')).reply.cname).toEqual(principal('web'))
    realm.change('bob', { withoutPreAuthentication: true })
    await expect(signIn(realm, principal('bob'), undefined)).rejects.toMatchObject({ code: 'KRB_AP_ERR_BAD_INTEGRITY' })
    expect(realm.exchanges.at(-1)).toMatchObject({ client: 'bob@AD.TEST', outcome: 'issued' })
    realm.change('bob', { withoutPreAuthentication: false })
  })

  test('gives a ticket for a service at once', async () => {
    const { ticket } = await signIn(realm, principal('alice'), aliceKey, { sname: spn('HTTP/web.ad.test') })
    expect(openTicket(ticket, realm.keytabFor('web').entries[0].key).encTicketPart.cname).toEqual(principal('alice'))
  })
})

describe('names in the AS exchange', () => {
  test('are found in any case; canonicalization gives the stored spelling', async () => {
    expect((await signIn(realm, principal('ALICE'), aliceKey)).reply.cname).toEqual(principal('ALICE'))
    expect((await signIn(realm, principal('ALICE'), aliceKey, { options: [CANONICALIZE] })).reply.cname).toEqual(
      principal('alice'),
    )
    expect((await signIn(realm, principal('alice'), aliceKey, { bodyRealm: 'ad.test' })).reply.crealm).toBe('AD.TEST')
  })

  test.each([
    ['bob.builder@ad.example', 'bob'],
    ['bob@ad.test', 'bob'],
    ['bob@AD', 'bob'],
    ['bob', 'bob'],
  ])('of enterprises work: %s', async (name, account) => {
    const key = await Key.fromPassword(18, 'builder', 'AD.TESTbob')
    const { reply } = await signIn(realm, enterprise(name), key, { options: [CANONICALIZE] })
    expect(reply.cname).toEqual(principal(account))
  })

  test.each([
    ['an unknown user', principal('nobody'), 'KDC_ERR_C_PRINCIPAL_UNKNOWN'],
    ['an unknown UPN', enterprise('nobody@nowhere.test'), 'KDC_ERR_C_PRINCIPAL_UNKNOWN'],
    ['an SPN as client', spn('HTTP/web.ad.test'), 'KDC_ERR_C_PRINCIPAL_UNKNOWN'],
    ['krbtgt as client', principal('krbtgt'), 'KDC_ERR_C_PRINCIPAL_UNKNOWN'],
    ['no name', { nameType: 1, nameString: [] }, 'KDC_ERR_C_PRINCIPAL_UNKNOWN'],
  ])('refuse %s', async (_title, name, message) => {
    await expect(signIn(realm, name, aliceKey)).rejects.toMatchObject({ message })
  })

  test('refuse another realm, an unknown service, and a user as service', async () => {
    await expect(signIn(realm, principal('alice'), aliceKey, { bodyRealm: 'OTHER.TEST' })).rejects.toThrow(
      'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    )
    await expect(signIn(realm, principal('alice'), aliceKey, { sname: spn('HTTP/nowhere.test') })).rejects.toThrow(
      'KDC_ERR_S_PRINCIPAL_UNKNOWN',
    )
    await expect(signIn(realm, principal('alice'), aliceKey, { sname: principal('bob') })).rejects.toThrow(
      'KDC_ERR_S_PRINCIPAL_UNKNOWN',
    )
  })
})

describe('the AS exchange refuses', () => {
  test('a wrong password', async () => {
    await expect(signInWithPassword(realm, 'alice', 'wrong')).rejects.toThrow('KDC_ERR_PREAUTH_FAILED')
  })

  test.each([-290_000, 290_000])('not a clock that is %i ms off', async (skew) => {
    await expect(signIn(realm, principal('alice'), aliceKey, { time: NINE + skew })).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
  })

  test.each([-310_000, 310_000])('a clock that is %i ms off', async (skew) => {
    await expect(signIn(realm, principal('alice'), aliceKey, { time: NINE + skew })).rejects.toThrow('KRB_AP_ERR_SKEW')
  })

  test('encryption types that the account or the KDC has no key for', async () => {
    await expect(signIn(realm, principal('alice'), aliceKey, { etypes: [20] })).rejects.toThrow('KDC_ERR_ETYPE_NOSUPP')
    await expect(signIn(realm, principal('alice'), undefined, { etypes: [3, 1] })).rejects.toThrow(
      'KDC_ERR_ETYPE_NOSUPP',
    )
  })

  test('a timestamp under an encryption type that the account has no key for', async () => {
    await expect(signIn(realm, principal('alice'), Key.random(20))).rejects.toThrow('KDC_ERR_ETYPE_NOSUPP')
    expect(realm.exchanges.at(-1)?.reason).toBe('the account has no key of the encryption type of the timestamp')
  })

  test('tickets that would never be valid, or only later', async () => {
    await expect(signIn(realm, principal('alice'), aliceKey, { till: NINE - HOUR })).rejects.toThrow(
      'KDC_ERR_NEVER_VALID',
    )
    await expect(signIn(realm, principal('alice'), aliceKey, { from: NINE + HOUR })).rejects.toThrow(
      'KDC_ERR_CANNOT_POSTDATE',
    )
  })

  test.each([
    ['disabled', { disabled: true }, 'KDC_ERR_CLIENT_REVOKED', NT_STATUS.STATUS_ACCOUNT_DISABLED],
    ['expired', { expired: true }, 'KDC_ERR_CLIENT_REVOKED', NT_STATUS.STATUS_ACCOUNT_EXPIRED],
    ['locked out', { lockedOut: true }, 'KDC_ERR_CLIENT_REVOKED', NT_STATUS.STATUS_ACCOUNT_LOCKED_OUT],
    [
      'told to change the password',
      { mustChangePassword: true },
      'KDC_ERR_KEY_EXPIRED',
      NT_STATUS.STATUS_PASSWORD_MUST_CHANGE,
    ],
  ])('an account that is %s', async (_title, settings, message, ntStatus) => {
    await using other = await createAd()
    other.change('alice', settings)
    await expect(signInWithPassword(other, 'alice', 'wonderland')).rejects.toMatchObject({ message, ntStatus })
  })

  test('not a ticket to change the password with', async () => {
    await using other = await createAd()
    other.change('alice', { mustChangePassword: true })
    const { part } = await signIn(other, principal('alice'), aliceKey, { sname: spn('kadmin/changepw') })
    expect(part.sname).toEqual(spn('kadmin/changepw'))
    await expect(signInWithPassword(other, 'alice', 'wrong')).rejects.toThrow('KDC_ERR_PREAUTH_FAILED')
  })
})

describe('users who may not be delegated', () => {
  test('get tickets that are not forwardable when sensitive', async () => {
    const { part } = await signInWithPassword(realm, 'carol', 'secret', {
      options: [FORWARDABLE, PROXIABLE, RENEWABLE],
    })
    expect(hasFlag(part.flags, TicketFlag.FORWARDABLE)).toBe(false)
    expect(hasFlag(part.flags, TicketFlag.PROXIABLE)).toBe(false)
  })

  test('get four hours and no RC4 in Protected Users', async () => {
    const { part } = await signInWithPassword(realm, 'paula', 'protected')
    expect(part).toMatchObject({ endtime: NINE + 4 * HOUR, renewTill: NINE + 4 * HOUR })
    expect(hasFlag(part.flags, TicketFlag.FORWARDABLE)).toBe(false)
    await expect(signIn(realm, principal('paula'), undefined, { etypes: [23] })).rejects.toThrow('KDC_ERR_ETYPE_NOSUPP')
  })
})
