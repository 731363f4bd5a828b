import { encode, EncKrbCredPart, kerberosFlags, KeyUsage, KrbCred, parsePrincipal, TicketFlag } from '@s4u/krb5'
import type { EncryptedData, KrbCredInfo } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { HOUR, issue, keyOf, NOW, oddToken, REALM } from './fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from './fixtures/outcomes.js'

const credential = issue({ flags: [] })
const subkey = keyOf(21)
const tgt = issue({ service: `krbtgt/${REALM}`, key: keyOf(90) }).ticket
const alice = parsePrincipal('alice', { realm: REALM })
const info: KrbCredInfo = {
  key: keyOf(91),
  prealm: REALM,
  pname: alice.name,
  flags: kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.FORWARDED),
  endtime: NOW + HOUR,
}

type Sealing = (part: Uint8Array) => EncryptedData
const withSessionKey: Sealing = (part) => ({ etype: 18, cipher: credential.sessionKey.seal(KeyUsage.KRB_CRED, part) })
const withSubkey: Sealing = (part) => ({ etype: 18, cipher: subkey.seal(KeyUsage.KRB_CRED, part) })
const inClear: Sealing = (cipher) => ({ etype: 0, cipher })

function krbCred(sealing: Sealing, changes: Partial<KrbCredInfo> = {}, tickets = [tgt]): Uint8Array {
  const part = encode(EncKrbCredPart, { ticketInfo: [{ ...info, ...changes }], nonce: 1 })
  return encode(KrbCred, { tickets, encPart: sealing(part) })
}

const offer = (delegation: Uint8Array) =>
  acceptorWith().accept(oddToken(credential, { delegation, authenticator: { subkey } }))

describe('a forwarded TGT', () => {
  test.each([
    ['the session key', withSessionKey],
    ["the authenticator's subkey", withSubkey],
    ['nothing, as Heimdal does,', inClear],
  ])('sealed with %s is kept', async (_what, sealing) => {
    const { identity } = accepted(await offer(krbCred(sealing)))
    expect(identity.impersonationLevel).toBe('delegation')
    const { evidence } = identity
    if (evidence?.kind !== 'ticket') throw new Error('no ticket')
    expect(evidence.forwardable).toBe(false)
    expect(evidence.forwardedTgt).toMatchObject({
      client: alice,
      ticket: tgt,
      expiresAt: NOW + HOUR,
      flags: info.flags,
    })
    expect(evidence.forwardedTgt?.sessionKey.equals(info.key)).toBe(true)
  })

  test('without a name is that of the client', async () => {
    const { identity } = accepted(
      await offer(krbCred(withSessionKey, { pname: undefined, prealm: undefined, flags: undefined })),
    )
    expect(identity.evidence).toMatchObject({ forwardedTgt: { client: alice } })
  })

  test('of somebody else is refused', async () => {
    const pname = { nameType: 1, nameString: ['bob'] }
    expect(refused(await offer(krbCred(withSessionKey, { pname }))).error.code).toBe('KRB_AP_ERR_BADMATCH')
  })

  test('sealed with a key that nobody knows is refused', async () => {
    const sealing: Sealing = (part) => ({ etype: 18, cipher: keyOf(77).seal(KeyUsage.KRB_CRED, part) })
    expect(refused(await offer(krbCred(sealing))).error.code).toBe('KRB_AP_ERR_BAD_INTEGRITY')
  })

  test('must be a TGT, valid and complete', async () => {
    expect(refused(await offer(krbCred(withSessionKey, {}, [credential.ticket]))).error.code).toBe(
      'KRB_AP_ERR_BADMATCH',
    )
    expect(refused(await offer(krbCred(withSessionKey, {}, [tgt, tgt]))).error.code).toBe('KRB_AP_ERR_BADMATCH')
    expect(refused(await offer(krbCred(withSessionKey, { endtime: undefined }))).error.code).toBe('KRB_AP_ERR_BADMATCH')
    const flags = kerberosFlags(TicketFlag.INVALID)
    expect(refused(await offer(krbCred(withSessionKey, { flags }))).error.code).toBe('KRB_AP_ERR_BADMATCH')
  })

  test('that is nonsense is malformed', async () => {
    expect(refused(await offer(Uint8Array.of(0x76, 0))).error.name).toBe('MalformedTokenError')
    expect(refused(await offer(krbCred((part) => inClear(part.subarray(1))))).error.name).toBe('MalformedTokenError')
  })
})
