import {
  decode,
  encode,
  hasFlag,
  KdcOption,
  Key,
  kerberosFlags,
  KeyUsage,
  type PaData,
  PaS4uX509User,
  PaType,
  S4uOption,
  S4uUserId,
  TicketFlag,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createAd, krbtgtKey, NINE } from '../fixtures/ad-realm.js'
import {
  enterprise,
  forUser,
  openAsService,
  principal,
  requestTicket,
  signInWithKeytab,
  signInWithPassword,
  spn,
  toSelf,
  x509User,
} from '../fixtures/bare-client.js'
import { encodeWithoutPac } from '../tickets/ticket-seal.js'

const realm = await createAd()
const web = await signInWithKeytab(realm, 'web')
const forwardable = ({ part }: { part: { flags: Uint8Array } }) => hasFlag(part.flags, TicketFlag.FORWARDABLE)

describe('S4U2Self', () => {
  test('gives a ticket in the name of the user, as the name was asked for', async () => {
    const ticket = await toSelf(realm, web, 'HTTP/web.ad.test', 'ALICE')
    expect(ticket.reply).toMatchObject({ crealm: 'AD.TEST', cname: principal('ALICE') })
    const { part, pac } = openAsService(realm, 'web', ticket)
    expect(part.cname).toEqual(principal('ALICE'))
    expect(pac.clientInfo?.name).toBe('ALICE')
    expect(pac.logonInfo?.effectiveName).toBe('alice')
    expect(pac.delegationInfo).toBeUndefined()
  })

  test('says in the PAC that only the service vouches for the user', async () => {
    const { pac, part } = openAsService(realm, 'web', await toSelf(realm, web, 'web', 'alice'))
    expect(pac.sids()).toEqual(expect.arrayContaining(['S-1-18-2', realm.sidOf('Sales')]))
    expect(pac.sids()).not.toContain('S-1-18-1')
    pac.verifyTicketChecksum(krbtgtKey(realm), encodeWithoutPac(part))
    pac.verifyFullChecksum(krbtgtKey(realm))
  })

  test('takes enterprise names, and the checksum type that Heimdal sends', async () => {
    const bob = await toSelf(realm, web, 'web', 'bob.builder@ad.example')
    expect(bob.reply.cname).toEqual(enterprise('bob.builder@ad.example'))
    const padata = [forUser(web, principal('alice'), 'AD.TEST', 16)]
    await expect(requestTicket(realm, web, principal('web'), { padata })).resolves.toMatchObject({
      reply: { cname: principal('alice') },
    })
  })

  test('is forwardable by Active Directory’s rule', async () => {
    expect(forwardable(await toSelf(realm, web, 'web', 'alice'))).toBe(true)
    expect(forwardable(await toSelf(realm, web, 'web', 'alice', { options: [] }))).toBe(false)
    expect(forwardable(await toSelf(realm, web, 'web', 'carol'))).toBe(false)
    expect(forwardable(await toSelf(realm, web, 'web', 'paula'))).toBe(false)
    expect(forwardable(await toSelf(realm, await signInWithKeytab(realm, 'kcd'), 'kcd', 'alice'))).toBe(false)
    expect(forwardable(await toSelf(realm, await signInWithKeytab(realm, 'plain'), 'plain', 'alice'))).toBe(true)
    const notForwardable = await signInWithKeytab(realm, 'web', { options: [] })
    expect(forwardable(await toSelf(realm, notForwardable, 'web', 'alice'))).toBe(false)
  })

  test('works user to user, for who has no key at hand', async () => {
    const options = [KdcOption.ENC_TKT_IN_SKEY]
    const { ticket } = await toSelf(realm, web, 'web', 'alice', { options, additionalTickets: [web.ticket] })
    expect(() => web.part.key.open(KeyUsage.TICKET, ticket.encPart.cipher)).not.toThrow()
  })

  test('notes user and service in the journal', async () => {
    await toSelf(realm, web, 'HTTP/web.ad.test', 'alice')
    const noted = {
      kind: 'S4U2Self',
      client: 'web@AD.TEST',
      service: 'HTTP/web.ad.test',
      user: 'alice@AD.TEST',
      time: NINE,
    }
    expect(realm.exchanges.at(-1)).toMatchObject({ ...noted, outcome: 'issued', via: 'memory', forwardable: true })
  })
})

describe('S4U2Self refuses', () => {
  test.each([
    ['an unknown user', 'nobody', 'KDC_ERR_C_PRINCIPAL_UNKNOWN'],
    ['the service itself as user', 'web', 'KDC_ERR_PADATA_TYPE_NOSUPP'],
  ])('%s', async (_title, user, message) => {
    await expect(toSelf(realm, web, 'web', user)).rejects.toThrow(message)
  })

  test('another service as target', async () => {
    await expect(toSelf(realm, web, 'HTTP/api.ad.test', 'alice')).rejects.toThrow('KRB_AP_ERR_BADMATCH')
  })

  test('a user without SPN as service', async () => {
    const alice = await signInWithPassword(realm, 'alice', 'wonderland')
    await expect(toSelf(realm, alice, 'alice', 'bob')).rejects.toThrow('KDC_ERR_S_PRINCIPAL_UNKNOWN')
  })

  test('a checksum that is unkeyed, or not that of the TGT’s key', async () => {
    const unkeyed = [forUser(web, principal('alice'), 'AD.TEST', 7)]
    await expect(requestTicket(realm, web, principal('web'), { padata: unkeyed })).rejects.toThrow(
      'KDC_ERR_SUMTYPE_NOSUPP',
    )
    const foreign = [forUser(await signInWithKeytab(realm, 'web'), principal('alice'), 'AD.TEST')]
    await expect(requestTicket(realm, web, principal('web'), { padata: foreign })).rejects.toThrow(
      'KRB_AP_ERR_MODIFIED',
    )
  })

  test.each([
    ['disabled', { disabled: true }, 0xc0000072],
    ['expired', { expired: true }, 0xc0000193],
    ['locked out', { lockedOut: true }, 0xc0000234],
  ])('a user who is %s', async (_title, settings, ntStatus) => {
    await using other = await createAd()
    other.change('alice', settings)
    const service = await signInWithKeytab(other, 'web')
    await expect(toSelf(other, service, 'web', 'alice')).rejects.toMatchObject({
      message: 'KDC_ERR_CLIENT_REVOKED',
      ntStatus,
    })
  })

  test('not a user who must change the password', async () => {
    await using other = await createAd()
    other.change('alice', { mustChangePassword: true })
    await expect(toSelf(other, await signInWithKeytab(other, 'web'), 'web', 'alice')).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
  })
})

describe('PA-S4U-X509-USER', () => {
  const subkey = Key.random(18)
  const options = kerberosFlags(S4uOption.USE_REPLY_KEY_USAGE)
  const ask = (userId: Partial<S4uUserId>, key = subkey, nonce = 4711) => {
    const whole = { nonce, crealm: 'AD.TEST', options, ...userId }
    return requestTicket(realm, web, spn('HTTP/web.ad.test'), { nonce: 4711, subkey, padata: [x509User(key, whole)] })
  }

  test.each([
    ['27', options, KeyUsage.PA_S4U_X509_USER_REPLY],
    ['26', undefined, KeyUsage.PA_S4U_X509_USER_REQUEST],
  ])('is answered with the same user under key usage %s', async (_title, asked, usage) => {
    const { reply } = await ask({ cname: principal('alice'), options: asked })
    expect(reply.cname).toEqual(principal('alice'))
    const answer = reply.padata?.find(({ padataType }) => padataType === PaType.S4U_X509_USER)
    const { userId, checksum } = decode(PaS4uX509User, answer?.padataValue ?? new Uint8Array(0))
    expect(userId).toMatchObject({ nonce: 4711, crealm: 'AD.TEST', cname: principal('alice') })
    subkey.verifyChecksum(usage, encode(S4uUserId, userId), checksum.checksum)
  })

  test('counts before PA-FOR-USER', async () => {
    const padata = [
      forUser(web, principal('bob'), 'AD.TEST'),
      x509User(subkey, { nonce: 4711, crealm: 'AD.TEST', cname: principal('alice') }),
    ]
    const { reply } = await requestTicket(realm, web, principal('web'), { nonce: 4711, subkey, padata })
    expect(reply.cname).toEqual(principal('alice'))
  })

  test('is verified with the session key where there is no subkey', async () => {
    const padata = [x509User(web.part.key, { nonce: 4711, crealm: 'AD.TEST', cname: principal('alice') })]
    const { reply } = await requestTicket(realm, web, principal('web'), { nonce: 4711, subkey: null, padata })
    expect(reply.cname).toEqual(principal('alice'))
  })

  test('finds the user by a certificate: mapped, or by the UPN in it', async () => {
    const mapped = new Uint8Array(40).fill(9)
    realm.change('alice', { certificates: [mapped] })
    const byMapping = await ask({ subjectCertificate: mapped })
    expect(byMapping.reply.cname).toEqual(principal('alice'))
    const byUpn = await ask({
      cname: { nameType: 10, nameString: [] },
      subjectCertificate: certificateWith('bob.builder@ad.example'),
    })
    expect(byUpn.reply.cname).toEqual(principal('bob'))
    const both = await ask({ cname: principal('alice'), subjectCertificate: mapped })
    expect(both.reply.cname).toEqual(principal('alice'))
  })

  test('is refused with an unknown certificate, another’s, a wrong checksum, a wrong nonce', async () => {
    await expect(ask({ subjectCertificate: new Uint8Array(40) })).rejects.toThrow('KDC_ERR_C_PRINCIPAL_UNKNOWN')
    await expect(ask({ cname: principal('bob'), subjectCertificate: new Uint8Array(40).fill(9) })).rejects.toThrow(
      'KDC_ERR_CLIENT_NOT_TRUSTED',
    )
    await expect(ask({ cname: principal('alice') }, Key.random(18))).rejects.toThrow('KRB_AP_ERR_MODIFIED')
    await expect(ask({ cname: principal('alice') }, Key.random(17))).rejects.toThrow('KDC_ERR_SUMTYPE_NOSUPP')
    await expect(ask({ cname: principal('alice') }, subkey, 4712)).rejects.toThrow('KRB_AP_ERR_MODIFIED')
  })

  test('is refused alone under RC4, which gives it no keyed checksum; beside PA-FOR-USER that one counts', async () => {
    const rc4 = Key.random(23)
    const alone = x509User(rc4, { nonce: 4711, crealm: 'AD.TEST', cname: principal('alice') })
    const send = (padata: PaData[]) => requestTicket(realm, web, principal('web'), { nonce: 4711, subkey: rc4, padata })
    await expect(send([alone])).rejects.toThrow('KDC_ERR_SUMTYPE_NOSUPP')
    const { reply } = await send([alone, forUser(web, principal('bob'), 'AD.TEST')])
    expect(reply.cname).toEqual(principal('bob'))
  })
})

/** The few octets of a certificate that matter here: an otherName with a UPN, among others. */
function certificateWith(upn: string): Uint8Array {
  const text = new TextEncoder().encode(upn)
  const oid = [0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x14, 0x02, 0x03]
  return Uint8Array.of(0x30, 0x82, 1, 2, ...oid, 0xa0, text.length + 2, 0x0c, text.length, ...text, 0x05, 0x00)
}
