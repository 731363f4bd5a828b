import {
  type EncKdcRepPart,
  encode,
  findPaData,
  decode,
  forUserChecksumInput,
  hmacMd5Checksum,
  Key,
  kerberosFlags,
  KeyUsage,
  NameType,
  PaForUser,
  PaS4uX509User,
  PaType,
  parsePrincipal,
  type Principal,
  S4uOption,
  S4uUserId,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { confirmedUser, s4uPadata } from './s4u-padata.js'
import type { S4uUser } from '../tickets/s4u-user.js'
import type { CheckedReply } from '../tgs-exchange/tgs-request.js'

const keyOf = (octet: number, etype = 18): Key => new Key(etype, new Uint8Array(etype === 18 ? 32 : 16).fill(octet))
const subkey = keyOf(1)
const sessionKey = keyOf(2)
const NONCE = 4711
const alice = parsePrincipal('alice@AD.TEST')
const bob = parsePrincipal('bob@AD.TEST')
const upn = parsePrincipal('alice.a@corp.example', { realm: 'AD.TEST', nameType: NameType.ENTERPRISE })
const certificate = Uint8Array.of(1, 2, 3)

interface Signing {
  readonly user?: Principal | undefined
  readonly nonce?: number
  readonly key?: Key
  readonly usage?: number
  readonly checksumType?: number
  /** Changes the octets after they were signed. */
  readonly tamper?: (userId: S4uUserId) => S4uUserId
}

/** A reply in which the KDC has signed whom the ticket is for. */
function signed({
  user = alice,
  nonce = NONCE,
  key = subkey,
  usage = KeyUsage.PA_S4U_X509_USER_REPLY,
  ...more
}: Signing = {}) {
  const userId: S4uUserId = {
    nonce,
    cname: user.name,
    crealm: user.realm,
    options: kerberosFlags(S4uOption.USE_REPLY_KEY_USAGE),
  }
  const checksum = {
    cksumtype: more.checksumType ?? key.checksumType,
    checksum: key.checksum(usage, encode(S4uUserId, userId)),
  }
  const padataValue = encode(PaS4uX509User, { userId: more.tamper?.(userId) ?? userId, checksum })
  return replyWith([{ padataType: PaType.S4U_X509_USER, padataValue }])
}

function replyWith(padata: CheckedReply['padata'], changes: Partial<CheckedReply> = {}): CheckedReply {
  return { nonce: NONCE, sessionKey, subkey, padata, part: {} as EncKdcRepPart, ...changes }
}

describe('the user that a KDC has signed', () => {
  test.each<[string, S4uUser, Principal]>([
    ['a name, which must be the one asked for', { principal: alice }, alice],
    ['an enterprise name, which the KDC resolves', { principal: upn }, alice],
    ['a certificate, whose owner the KDC names', { certificate }, alice],
    ['a name and a certificate', { principal: alice, certificate }, alice],
  ])('is believed for %s', (_what, asked, client) => {
    expect(confirmedUser(asked, signed())).toEqual({ client, isSigned: true })
  })

  test.each<[string, S4uUser, Signing, string]>([
    ['for another request', { principal: alice }, { nonce: NONCE + 1 }, 'KRB_AP_ERR_BADMATCH'],
    ['for another request, of a certificate', { certificate }, { nonce: NONCE + 1 }, 'KRB_AP_ERR_BADMATCH'],
    ['for another user', { principal: alice }, { user: bob }, 'KRB_AP_ERR_BADMATCH'],
    [
      'for a user of another realm',
      { principal: alice },
      { user: { ...alice, realm: 'B.TEST' } },
      'KRB_AP_ERR_BADMATCH',
    ],
    [
      'for another user than the certificate’s',
      { principal: alice, certificate },
      { user: bob },
      'KRB_AP_ERR_BADMATCH',
    ],
    ['with another key', { principal: alice }, { key: sessionKey }, 'KRB_AP_ERR_MODIFIED'],
    ['for another use', { principal: alice }, { usage: KeyUsage.PA_S4U_X509_USER_REQUEST }, 'KRB_AP_ERR_MODIFIED'],
    [
      'before it was changed',
      { certificate },
      { tamper: (userId) => ({ ...userId, cname: bob.name }) },
      'KRB_AP_ERR_MODIFIED',
    ],
    [
      'before its nonce was changed',
      { certificate },
      { nonce: 1, tamper: (userId) => ({ ...userId, nonce: NONCE }) },
      'KRB_AP_ERR_MODIFIED',
    ],
  ])('is refused when it was signed %s', (_what, asked, signing, code) => {
    expect(() => confirmedUser(asked, signed(signing))).toThrow(expect.objectContaining({ code }))
  })

  test('is refused with a checksum that needs no key', () => {
    expect(() => confirmedUser({ certificate }, signed({ checksumType: 7 }))).toThrow(/checksum/i)
  })
})

describe('where a KDC has signed nobody', () => {
  test('a name is taken unproven', () => {
    expect(confirmedUser({ principal: alice }, replyWith([]))).toEqual({ client: alice, isSigned: false })
  })

  test.each<[string, S4uUser]>([
    ['a certificate', { certificate }],
    ['a certificate with a name: the KDC has not looked at it', { principal: alice, certificate }],
  ])('%s proves nobody', (_what, asked) => {
    expect(() => confirmedUser(asked, replyWith([]))).toThrow(
      expect.objectContaining({ code: 'KDC_ERR_PADATA_TYPE_NOSUPP' }),
    )
  })

  test('and where the key is RC4, whose checksums anybody can make, it has signed nobody', () => {
    const rc4 = keyOf(5, 23)
    const { padata } = signed()
    expect(() => confirmedUser({ certificate }, replyWith(padata, { subkey: rc4 }))).toThrow(
      expect.objectContaining({ code: 'KDC_ERR_PADATA_TYPE_NOSUPP' }),
    )
    expect(confirmedUser({ principal: alice }, replyWith(padata, { subkey: rc4 })).isSigned).toBe(false)
  })
})

describe('what a KDC is asked with', () => {
  const binding = { nonce: NONCE, sessionKey, subkey }
  const typesOf = (user: S4uUser, with_ = binding) =>
    s4uPadata(user, 'AD.TEST', with_).map(({ padataType }) => padataType)

  test('is both forms for a name, and one for a certificate', () => {
    expect(typesOf({ principal: alice })).toEqual([PaType.S4U_X509_USER, PaType.FOR_USER])
    expect(typesOf({ principal: alice, certificate })).toEqual([PaType.S4U_X509_USER, PaType.FOR_USER])
    expect(typesOf({ certificate })).toEqual([PaType.S4U_X509_USER])
  })

  test('is the older form alone where the key is RC4', () => {
    expect(typesOf({ principal: alice }, { ...binding, subkey: keyOf(5, 23) })).toEqual([PaType.FOR_USER])
  })

  test('says the nonce, the user, the realm and the certificate, under a checksum', () => {
    const padata = s4uPadata({ principal: alice, certificate }, 'OTHER.TEST', binding)
    const { userId, checksum } = decode(PaS4uX509User, findPaData(padata, PaType.S4U_X509_USER) ?? new Uint8Array(0))
    expect(userId).toMatchObject({
      options: kerberosFlags(S4uOption.USE_REPLY_KEY_USAGE),
      nonce: NONCE,
      cname: alice.name,
      crealm: 'AD.TEST',
      subjectCertificate: certificate,
    })
    subkey.verifyChecksum(KeyUsage.PA_S4U_X509_USER_REQUEST, encode(S4uUserId, userId), checksum.checksum)
    const nameless = s4uPadata({ certificate }, 'OTHER.TEST', binding)
    expect(decode(PaS4uX509User, nameless[0].padataValue).userId).toMatchObject({
      cname: undefined,
      crealm: 'OTHER.TEST',
    })
  })
})

describe('the older form', () => {
  test('says the user, his realm and the package, under the checksum that is prescribed for it', () => {
    const [, padata] = s4uPadata({ principal: alice }, 'OTHER.TEST', { nonce: NONCE, sessionKey, subkey })
    const { cksum, ...forUser } = decode(PaForUser, padata.padataValue)
    expect(forUser).toEqual({ userName: alice.name, userRealm: 'AD.TEST', authPackage: 'Kerberos' })
    expect(cksum.cksumtype).toBe(-138)
    const covered = forUserChecksumInput(forUser)
    expect(cksum.checksum).toEqual(hmacMd5Checksum(sessionKey, KeyUsage.NON_KERB_CHECKSUM, covered))
  })
})

describe('what is refused is told', () => {
  const HINT = 'The reply was changed on the way, or the KDC does not support this form of S4U2Self.'
  const FOUND = "S4U2Self: the KDC's signed user does not belong to the request: found"
  const [BADMATCH, NOSUPP] = ['KRB_AP_ERR_BADMATCH', 'KDC_ERR_PADATA_TYPE_NOSUPP']

  test.each<[S4uUser, CheckedReply, string, string]>([
    [{ principal: alice }, signed({ nonce: NONCE + 1 }), BADMATCH, 'another request'],
    [{ principal: alice }, signed({ user: bob }), BADMATCH, 'bob@AD.TEST'],
    [{ certificate }, replyWith([]), NOSUPP, 'nobody: it does not say whose certificate it is'],
    [{ principal: alice, certificate }, replyWith([]), NOSUPP, 'nobody: it has not looked at the certificate'],
  ])('%#: with its code, what was found, and what it may be', (asked, reply, code, found) => {
    expect(() => confirmedUser(asked, reply)).toThrow(
      expect.objectContaining({ name: 'RejectedTokenError', code, message: `${FOUND} ${found}`, hint: HINT }),
    )
  })
})

test('a user without a name that a KDC has signed is nobody', () => {
  const userId: S4uUserId = { nonce: NONCE, crealm: 'AD.TEST', options: kerberosFlags() }
  const checksum = subkey.checksum(KeyUsage.PA_S4U_X509_USER_REPLY, encode(S4uUserId, userId))
  const padataValue = encode(PaS4uX509User, { userId, checksum: { cksumtype: subkey.checksumType, checksum } })
  const reply = replyWith([{ padataType: PaType.S4U_X509_USER, padataValue }])
  expect(confirmedUser({ principal: alice }, reply)).toEqual({ client: alice, isSigned: false })
  expect(() => confirmedUser({ certificate }, reply)).toThrow('whose certificate')
})
