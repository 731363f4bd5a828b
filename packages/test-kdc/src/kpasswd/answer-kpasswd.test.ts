import {
  ApRep,
  ChangePasswdData,
  decode,
  decodeKpasswdMessage,
  decodeKpasswdResult,
  decodePasswordPolicy,
  EncApRepPart,
  encode,
  encodeKpasswdMessage,
  EncKrbPrivPart,
  Key,
  kerberosFlags,
  KeyUsage,
  KrbError,
  krbErrorName,
  KrbPriv,
  openEncryptedData,
  type PrincipalName,
  sealApReq,
  sealMessage,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createAd, HOUR } from '../fixtures/ad-realm.js'
import { type Credential, principal, requestTicket, signInWithPassword } from '../fixtures/bare-client.js'
import type { TestRealm } from '../realm/test-realm.js'

const CHANGEPW = principal('kadmin', 'changepw')
const sAddress = { addrType: 2, address: new Uint8Array(4) }
const octets = (text: string): Uint8Array => new TextEncoder().encode(text)

interface Sent {
  readonly version?: number
  readonly ctime?: number
  readonly subkey?: Key | null
  readonly seqNumber?: number
  readonly privNumber?: number
}

/** A request, and what came back: the result, or the name of the error that nobody has signed. */
async function ask(realm: TestRealm, { ticket, part }: Credential, userData: Uint8Array, sent: Sent = {}) {
  const { version = 1, ctime = realm.now, subkey = Key.random(18), seqNumber = 7, privNumber = seqNumber } = sent
  const name = { crealm: 'AD.TEST', cname: principal('alice'), ctime, cusec: 5, seqNumber }
  const authenticator = subkey === null ? name : { ...name, subkey }
  const ap = sealApReq({ apOptions: kerberosFlags(2), ticket, sessionKey: part.key, authenticator })
  const priv = { userData, seqNumber: privNumber, sAddress }
  const encPart = sealMessage(EncKrbPrivPart, priv, subkey ?? part.key, KeyUsage.KRB_PRIV)
  const answer = await realm.kpasswd(encodeKpasswdMessage({ version, ap, body: encode(KrbPriv, { encPart }) }))
  const { ap: apRep, body } = decodeKpasswdMessage(answer)
  if (apRep.length === 0) return krbErrorName(decode(KrbError, body).errorCode)
  const mutual = decode(EncApRepPart, openEncryptedData(decode(ApRep, apRep).encPart, part.key, KeyUsage.AP_REP))
  expect([mutual.ctime, mutual.cusec]).toEqual([ctime, 5])
  const opened = openEncryptedData(decode(KrbPriv, body).encPart, subkey ?? part.key, KeyUsage.KRB_PRIV)
  const answered = decode(EncKrbPrivPart, opened)
  expect(answered.seqNumber).toBe(mutual.seqNumber)
  return decodeKpasswdResult(answered.userData)
}

const forChange = (realm: TestRealm, name = 'alice', password = 'wonderland'): Promise<Credential> =>
  signInWithPassword(realm, name, password, { sname: CHANGEPW })
const setOf = (targname: PrincipalName | undefined, password: string): Uint8Array =>
  encode(ChangePasswdData, { newpasswd: octets(password), targname, targrealm: targname && 'AD.TEST' })

describe('the password server', () => {
  test('changes one’s own password, and takes away that it must be changed', async () => {
    const realm = await createAd()
    realm.change('alice', { mustChangePassword: true })
    await expect(signInWithPassword(realm, 'alice', 'wonderland')).rejects.toThrow('KDC_ERR_KEY_EXPIRED')
    expect(await ask(realm, await forChange(realm), octets('looking-glass'))).toEqual({
      code: 0,
      text: octets('Password changed'),
    })
    await signInWithPassword(realm, 'alice', 'looking-glass')
    await expect(signInWithPassword(realm, 'alice', 'wonderland')).rejects.toThrow('KDC_ERR_PREAUTH_FAILED')
  })

  test('sets the password of another for a domain administrator alone', async () => {
    const realm = await createAd()
    const set = setOf(principal('bob'), 'rebuilt')
    const refused = await ask(realm, await forChange(realm), set, { version: 0xff80 })
    expect(refused).toEqual({ code: 5, text: octets('Not permitted to change password') })
    realm.change('alice', { groups: ['Domain Admins'] })
    expect(await ask(realm, await forChange(realm), set, { version: 0xff80 })).toMatchObject({ code: 0 })
    await signInWithPassword(realm, 'bob', 'rebuilt')
    const nobody = setOf(principal('nobody'), 'x')
    expect(await ask(realm, await forChange(realm), nobody, { version: 0xff80 })).toEqual({
      code: 2,
      text: octets('there is no nobody'),
    })
    expect(await ask(realm, await forChange(realm), setOf(undefined, 'own'), { version: 0xff80 })).toMatchObject({
      code: 0,
    })
  })

  test('refuses what the policy does not allow, and says all of it', async () => {
    const realm = await createAd({ passwordPolicy: { minimumLength: 6, historyLength: 2, complexity: true } })
    const change = async (old: string, password: string) =>
      ask(realm, await forChange(realm, 'alice', old), octets(password))
    for (const poor of ['aB1', 'alllowercase', 'UPPER1', 'wonderland']) {
      const result = await change('wonderland', poor)
      expect(result).toMatchObject({ code: 4 })
      const policy = typeof result === 'string' ? undefined : decodePasswordPolicy(result.text)
      expect(policy).toMatchObject({ minimumLength: 6, historyLength: 2, complexity: true, minimumAge: 0 })
    }
    expect(await change('wonderland', 'First-1')).toMatchObject({ code: 0 })
    expect(await change('First-1', 'Second-2')).toMatchObject({ code: 0 })
    expect(await change('Second-2', 'First-1')).toMatchObject({ code: 4 })
    expect(await change('Second-2', 'Third-3')).toMatchObject({ code: 0 })
    expect(await change('Third-3', 'First-1')).toMatchObject({ code: 0 })
  })

  test('wants a ticket by sign-in, of kadmin/changepw, that has not expired', async () => {
    const realm = await createAd()
    const tgt = await signInWithPassword(realm, 'alice', 'wonderland')
    expect(await ask(realm, tgt, octets('x'))).toBe('KRB_AP_ERR_NOT_US')
    expect(await ask(realm, await requestTicket(realm, tgt, CHANGEPW), octets('x'))).toMatchObject({ code: 7 })
    const service = await requestTicket(realm, tgt, principal('HTTP', 'web.ad.test'))
    expect(await ask(realm, service, octets('x'))).toBe('KRB_ERR_GENERIC')
    const ticket = await forChange(realm)
    realm.now += 11 * HOUR
    expect(await ask(realm, ticket, octets('x'))).toBe('KRB_AP_ERR_TKT_EXPIRED')
  })

  test('refuses another clock, version or number, no subkey, and what is no message', async () => {
    const realm = await createAd()
    const ticket = await forChange(realm)
    expect(await ask(realm, ticket, octets('x'), { ctime: realm.now - HOUR })).toBe('KRB_AP_ERR_SKEW')
    expect(await ask(realm, ticket, octets('x'), { privNumber: 8 })).toBe('KRB_AP_ERR_BADORDER')
    expect(await ask(realm, ticket, octets('x'), { subkey: null })).toBe('KRB_AP_ERR_NOKEY')
    expect(await ask(realm, ticket, octets('x'), { version: 3 })).toMatchObject({ code: 6 })
    const answer = decodeKpasswdMessage(await realm.kpasswd(Uint8Array.of(0, 6, 0, 1, 0, 0)))
    expect(answer.ap).toHaveLength(0)
    expect(krbErrorName(decode(KrbError, answer.body).errorCode)).toBe('KRB_ERR_GENERIC')
    const gone = AbortSignal.abort(new Error('gone'))
    await expect(realm.kpasswd(new Uint8Array(0), { signal: gone })).rejects.toThrow('gone')
  })

  test('listens where the realm does, and is named in its krb5.conf', async () => {
    await using realm = await createAd()
    const { host, port, kpasswdPort } = await realm.listen({ host: '127.0.77.21' })
    expect(realm.krb5Conf()).toContain(`    kdc = ${host}:${port}\n    kpasswd_server = ${host}:${kpasswdPort}\n`)
  })
})
