import {
  AsRep,
  AsReq,
  Checksum,
  combineKeys,
  decode,
  EncryptedData,
  encode,
  findPaData,
  formatPrincipal,
  hasFlag,
  KdcOption,
  Key,
  KeyUsage,
  openEncryptedData,
  PaEncTsEnc,
  PaType,
  Ticket,
  TicketFlag,
} from '@s4u/krb5'
import { afterEach, describe, expect, test } from 'vitest'
import { createAd, HOUR, NINE } from '../fixtures/ad-realm.js'
import {
  byProxy,
  forUser,
  KrbErrorReceived,
  principal,
  requestTicket,
  signIn,
  signInWithKeytab,
  signInWithPassword,
  spn,
  toSelf,
  x509User,
} from '../fixtures/bare-client.js'
import {
  type Armor,
  ArmoredErrorReceived,
  armorOf,
  askInFast,
  bodyFor,
  challenge,
  openArmoredError,
  openArmoredReply,
  requestTicketInFast,
  signInWithFast,
} from '../fixtures/bare-fast.js'
import { NT_STATUS } from '../kdc/refusal.js'

const realm = await createAd()
const aliceKey = await Key.fromPassword(18, 'wonderland', 'AD.TESTalice')
const alice = principal('alice')
const tgt = await signInWithKeytab(realm, 'web')
const armor = armorOf(realm, tgt)
const web = spn('HTTP/web.ad.test')
const { misbehave } = realm

afterEach(() => {
  for (const key of Object.keys(misbehave)) Reflect.deleteProperty(misbehave, key)
  realm.now = NINE
})

const refused = (promise: Promise<unknown>): Promise<KrbErrorReceived> =>
  promise.then(
    () => {
      throw new Error('it was granted')
    },
    (error: unknown) => {
      if (error instanceof KrbErrorReceived) return error
      throw error
    },
  )
const refusedInFast = async (with_: Armor, promise: Promise<unknown>) => openArmoredError(with_, await refused(promise))
const types = (padata: readonly { readonly padataType: number }[] | undefined) =>
  padata?.map(({ padataType }) => padataType)

/** The first leg of a conversation, and the cookie of its answer. */
async function begun(name = alice) {
  const reqBody = bodyFor(realm, name)
  const error = await refusedInFast(armor, askInFast(realm, armor, { padata: [], reqBody }))
  const padata = error.response.padata.filter(({ padataType }) => padataType === PaType.FX_COOKIE)
  return { reqBody, error, cookie: padata }
}

describe('an AS exchange inside of FAST', () => {
  test('asks for a challenge within the armor, and says there what keys are made of', async () => {
    const { error, reqBody } = await begun()
    expect(error.outer.errorCode).toBe(25)
    expect(error.inner).toEqual({ ...error.outer, eData: undefined })
    expect(types(error.response.padata)).toEqual([
      PaType.ETYPE_INFO2,
      PaType.ENCRYPTED_CHALLENGE,
      PaType.FX_ERROR,
      PaType.FX_COOKIE,
    ])
    expect(error.response).toMatchObject({ nonce: reqBody.nonce, strengthenKey: undefined, finished: undefined })
    expect(realm.exchanges.at(-1)).toMatchObject({ armored: true, client: 'alice@AD.TEST' })
  })

  test('gives a ticket whose reply is bound to its armor, its client and its request', async () => {
    const { part, reply, response } = await signInWithFast(realm, armor, alice, aliceKey)
    expect(hasFlag(part.flags, TicketFlag.PRE_AUTHENT)).toBe(true)
    expect(types(reply.padata)).toEqual([PaType.FX_FAST])
    expect(types(response.padata)).toEqual([PaType.ETYPE_INFO2, PaType.ENCRYPTED_CHALLENGE])
    expect(response.nonce).toBe(part.nonce)
    expect(response.finished).toMatchObject({ crealm: 'AD.TEST', cname: alice, timestamp: NINE })
    const checksum = response.finished?.ticketChecksum
    expect(checksum).toEqual({
      cksumtype: armor.key.checksumType,
      checksum: armor.key.checksum(KeyUsage.FAST_FINISHED, encode(Ticket, reply.ticket)),
    })
    expect(response.strengthenKey?.etype).toBe(18)
    expect(realm.exchanges.at(-1)).toMatchObject({ armored: true, outcome: 'issued' })
  })

  test('answers the challenge with one of its own', async () => {
    const { response } = await signInWithFast(realm, armor, alice, aliceKey)
    const value = findPaData(response.padata, PaType.ENCRYPTED_CHALLENGE) ?? new Uint8Array(0)
    const key = combineKeys(armor.key, aliceKey, 'kdcchallengearmor', 'challengelongterm')
    const opened = openEncryptedData(decode(EncryptedData, value), key, KeyUsage.ENC_CHALLENGE_KDC)
    expect(decode(PaEncTsEnc, opened).patimestamp).toBe(NINE)
  })

  test('proves the request with the stronger key, and says that there is FAST', async () => {
    const padata = [{ padataType: PaType.REQ_ENC_PA_REP, padataValue: new Uint8Array(0) }]
    const { part } = await signInWithFast(realm, armor, alice, aliceKey, { padata })
    expect(types(part.encryptedPaData)).toEqual([PaType.REQ_ENC_PA_REP, PaType.FX_FAST])
    const proof = decode(Checksum, findPaData(part.encryptedPaData, PaType.REQ_ENC_PA_REP) ?? new Uint8Array(0))
    expect(proof.cksumtype).toBe(aliceKey.checksumType)
  })

  test('believes the request inside, whatever stands outside', async () => {
    const outerBody = bodyFor(realm, principal('bob'), { options: [KdcOption.PROXIABLE], nonce: 1 })
    const { part, reply } = await signInWithFast(realm, armor, alice, aliceKey, { outerBody })
    expect(reply.cname).toEqual(alice)
    expect(part.nonce).not.toBe(1)
    expect(hasFlag(part.flags, TicketFlag.PROXIABLE)).toBe(false)
    expect(hasFlag(part.flags, TicketFlag.FORWARDABLE)).toBe(true)
  })

  test('tells a wrong password within the armor', async () => {
    const { reqBody, cookie } = await begun()
    const wrong = await Key.fromPassword(18, 'wrong', 'AD.TESTalice')
    const padata = [...cookie, challenge(realm, armor, wrong)]
    const error = await refusedInFast(armor, askInFast(realm, armor, { padata, reqBody }))
    expect(error.inner).toMatchObject({ errorCode: 24, eText: 'the password is wrong' })
    expect(types(error.response.padata)).toContain(PaType.ETYPE_INFO2)
  })

  test('takes the key of another encryption type of the account, if it was offered', async () => {
    const aes128 = await Key.fromPassword(17, 'wonderland', 'AD.TESTalice')
    const { reqBody, cookie } = await begun()
    const padata = [...cookie, challenge(realm, armor, aes128)]
    const both = await askInFast(realm, armor, { padata, reqBody })
    expect(openArmoredReply(armor, both, aliceKey).part.key.etype).toBe(18)
    const other = { ...reqBody, etype: [18] }
    expect((await refusedInFast(armor, askInFast(realm, armor, { padata, reqBody: other }))).inner.errorCode).toBe(24)
  })

  test('tells a clock that is off, and an account that is disabled, within the armor', async () => {
    const { reqBody, cookie } = await begun()
    const padata = [...cookie, challenge(realm, armor, aliceKey, HOUR)]
    expect((await refusedInFast(armor, askInFast(realm, armor, { padata, reqBody }))).inner.errorCode).toBe(37)
    realm.change('alice', { disabled: true })
    const { inner, response } = await refusedInFast(armor, askInFast(realm, armor, { padata, reqBody }))
    realm.change('alice', { disabled: false })
    expect(inner.errorCode).toBe(18)
    const status = findPaData(response.padata, 3) ?? new Uint8Array(0)
    expect(new DataView(status.buffer, status.byteOffset).getUint32(0, true)).toBe(NT_STATUS.STATUS_ACCOUNT_DISABLED)
  })

  test('takes no timestamp inside of FAST, and no challenge outside', async () => {
    const { padata = [] } = await timestampIn()
    const { reqBody, cookie } = await begun()
    const inside = askInFast(realm, armor, { padata: [...cookie, ...padata], reqBody })
    expect((await refusedInFast(armor, inside)).inner.errorCode).toBe(25)
    const outside = signIn(realm, alice, undefined, { padata: [...cookie, challenge(realm, armor, aliceKey)] })
    await expect(outside).rejects.toThrow('KDC_ERR_PREAUTH_REQUIRED')
  })

  test('hides the client’s name on request, in replies and in errors', async () => {
    const hiding = { options: [1] }
    const { reply, response, part } = await signInWithFast(realm, armor, alice, aliceKey, hiding)
    expect(formatPrincipal({ name: reply.cname, realm: reply.crealm })).toBe('WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS')
    expect(response.finished).toMatchObject({ crealm: 'AD.TEST', cname: alice })
    expect(part.srealm).toBe('AD.TEST')
    const request = { padata: [], reqBody: bodyFor(realm, alice) }
    const { outer, inner } = await refusedInFast(armor, askInFast(realm, armor, request, hiding))
    expect([outer.cname, outer.crealm]).toEqual([undefined, undefined])
    expect([inner.cname, inner.crealm]).toEqual([alice, 'AD.TEST'])
  })
})

test('an armored request of which one bit was changed is refused, or means what it meant', async () => {
  let request = new Uint8Array(0)
  const { reqBody, cookie } = await begun()
  const keeping = (bytes: Uint8Array, options?: object) => {
    request = bytes.slice()
    return realm.transport(bytes, options)
  }
  const listening = { ...realm, now: realm.now, transport: keeping }
  const padata = [...cookie, challenge(realm, armor, aliceKey)]
  const honest = openArmoredReply(armor, await askInFast(listening, armor, { padata, reqBody }), aliceKey)
  let refusals = 0
  for (let index = 0; index < request.length * 8; index += 5) {
    const flipped = request.slice()
    flipped[index >> 3] ^= 1 << (index & 7)
    const answer = await realm.transport(flipped).catch(() => undefined)
    if (answer?.[0] !== AS_REP) {
      refusals++
      continue
    }
    const { part, response, reply } = openArmoredReply(armor, decode(AsRep, answer), aliceKey)
    expect([part.nonce, response.nonce, part.sname, reply.cname, response.finished?.cname, part.flags]).toEqual([
      reqBody.nonce,
      reqBody.nonce,
      principal('krbtgt', 'AD.TEST'),
      alice,
      alice,
      honest.part.flags,
    ])
  }
  expect(refusals).toBeGreaterThan((request.length * 8) / 5 / 2)
})

describe('FAST options', () => {
  const options = Array.from({ length: 32 }, (_, bit) => bit)
  const request = () => ({ padata: [], reqBody: bodyFor(realm, alice) })

  test.each(options.filter((bit) => bit < 16 && bit !== 1))(
    'are refused when critical and not known: %i',
    async (bit) => {
      const { inner } = await refusedInFast(armor, askInFast(realm, armor, request(), { options: [bit] }))
      expect(inner).toMatchObject({ errorCode: 93, eText: `nobody knows the critical FAST option ${bit}` })
    },
  )

  test.each(options.filter((bit) => bit >= 16))('are passed over when not critical: %i', async (bit) => {
    const { inner } = await refusedInFast(armor, askInFast(realm, armor, request(), { options: [bit] }))
    expect(inner.errorCode).toBe(25)
  })
})

describe('armor', () => {
  const ask = (with_: Armor, wishes: Parameters<typeof askInFast>[3] = {}) =>
    refused(askInFast(realm, with_, { padata: [], reqBody: bodyFor(realm, alice) }, wishes))

  test.each<[what: string, with_: () => Armor, wishes: Parameters<typeof askInFast>[3], code: string, reason: string]>([
    [
      'that is missing',
      () => armor,
      { withoutArmor: true },
      'KDC_ERR_PREAUTH_FAILED',
      'the request is armored with nothing',
    ],
    [
      'of a type that nobody knows',
      () => armor,
      { armorType: 7 },
      'KDC_ERR_PREAUTH_FAILED',
      'nobody knows the armor type 7',
    ],
    [
      'without a subkey',
      () => armorOf(realm, tgt, { subkey: null }),
      {},
      'KDC_ERR_PREAUTH_FAILED',
      'the armor has no subkey',
    ],
    [
      'made an hour ago',
      () => armorOf(realm, tgt, { late: -HOUR }),
      {},
      'KRB_AP_ERR_SKEW',
      'the clocks differ too much',
    ],
    [
      'around a request that was sealed with another key',
      () => armor,
      { sealedWith: Key.random(18) },
      'KRB_AP_ERR_MODIFIED',
      'the armored request is not what was sealed and signed',
    ],
    [
      'around another body than the one outside',
      () => armor,
      { covered: Uint8Array.of(1) },
      'KRB_AP_ERR_MODIFIED',
      'the armored request is not what was sealed and signed',
    ],
    [
      'with a checksum that anybody can make',
      () => armor,
      { cksumtype: 7 },
      'KRB_AP_ERR_INAPP_CKSUM',
      'the armored request is not what was sealed and signed',
    ],
  ])('%s is refused, outside of any armor', async (_what, with_, wishes, code, reason) => {
    const error = await ask(with_(), wishes)
    expect(error.message).toBe(code)
    expect(error.error.eData).toBeUndefined()
    expect(realm.exchanges.at(-1)?.reason).toBe(reason)
  })

  test('of a ticket that has ended, or that is no ticket-granting ticket, is refused', async () => {
    const service = await requestTicket(realm, tgt, web)
    expect((await ask(armorOf(realm, service))).message).toBe('KDC_ERR_POLICY')
    realm.now = NINE + 11 * HOUR
    expect((await ask(armorOf(realm, tgt))).message).toBe('KRB_AP_ERR_TKT_EXPIRED')
  })

  test('that is marked as armor gets no tickets', async () => {
    const authorizationData = [{ adType: 71, adData: new Uint8Array(0) }]
    const asked = requestTicket(realm, tgt, web, { authenticator: (value) => ({ ...value, authorizationData }) })
    await expect(asked).rejects.toThrow('KDC_ERR_POLICY')
    expect(realm.exchanges.at(-1)?.reason).toBe('the ticket is armor only')
    const marked = armorOf(realm, tgt, { authorizationData })
    expect((await signInWithFast(realm, marked, alice, aliceKey)).reply.cname).toEqual(alice)
  })
})

describe('the cookie of a conversation', () => {
  const goOn = (padata: readonly { padataType: number; padataValue: Uint8Array }[], name = alice) =>
    askInFast(realm, armor, {
      padata: [...padata, challenge(realm, armor, aliceKey)],
      reqBody: bodyFor(realm, name),
    })

  test('is taken back', async () => {
    const { cookie } = await begun()
    expect((await goOn(cookie)).cname).toEqual(alice)
  })

  test.each<[what: string, cookie: () => Promise<{ padataType: number; padataValue: Uint8Array }[]>, reason: string]>([
    ['that is missing', async () => [], 'the request belongs to no conversation'],
    ['of another client', async () => (await begun(principal('bob'))).cookie, 'the request belongs to no conversation'],
    [
      'that was changed',
      async () =>
        (await begun()).cookie.map((each) => ({ ...each, padataValue: each.padataValue.map((octet) => octet ^ 1) })),
      'the request belongs to no conversation',
    ],
  ])('%s ends it', async (_what, cookie, reason) => {
    const { inner } = await refusedInFast(armor, goOn(await cookie()))
    expect(inner).toMatchObject({ errorCode: 90, eText: reason })
  })

  test('ends it after ten minutes', async () => {
    const { cookie } = await begun()
    realm.now += 601_000
    const later = armorOf(realm, tgt)
    const padata = [...cookie, challenge(realm, later, aliceKey)]
    const { inner } = await refusedInFast(later, askInFast(realm, later, { padata, reqBody: bodyFor(realm, alice) }))
    expect(inner).toMatchObject({ errorCode: 90, eText: 'the conversation has taken too long' })
  })
})

describe('a TGS exchange inside of FAST', () => {
  test('is armored by its own subkey, and bound to it', async () => {
    const granted = await requestTicketInFast(realm, tgt, web)
    expect(types(granted.reply.padata)).toEqual([PaType.FX_FAST])
    expect(granted.response).toMatchObject({ nonce: granted.part.nonce, finished: { cname: principal('web') } })
    expect(granted.response.finished?.ticketChecksum.checksum).toEqual(
      granted.armor.key.checksum(KeyUsage.FAST_FINISHED, encode(Ticket, granted.ticket)),
    )
    expect(granted.response.strengthenKey).toBeDefined()
    expect(realm.exchanges.at(-1)).toMatchObject({ kind: 'TGS', armored: true, service: 'HTTP/web.ad.test' })
  })

  test('believes the request inside: its service, its options and whom it speaks for', async () => {
    const inner = { sname: spn('HTTP/api.ad.test') }
    expect((await requestTicketInFast(realm, tgt, web, { inner })).part.sname).toEqual(spn('HTTP/api.ad.test'))
    const padata = [forUser(tgt, alice, 'AD.TEST')]
    expect((await requestTicketInFast(realm, tgt, web, { padata })).reply.cname).toEqual(alice)
    expect(realm.exchanges.at(-1)).toMatchObject({ kind: 'S4U2Self', armored: true, user: 'alice@AD.TEST' })
  })

  test('puts what it says of the user inside of the armor', async () => {
    const subkey = Key.random(18)
    const nonce = 77
    const padata = [x509User(subkey, { nonce, cname: alice, crealm: 'AD.TEST' })]
    const { response, reply } = await requestTicketInFast(realm, tgt, web, { padata, subkey, nonce })
    expect(types(reply.padata)).toEqual([PaType.FX_FAST])
    expect(types(response.padata)).toEqual([PaType.S4U_X509_USER])
  })

  test('delegates', async () => {
    const evidence = await toSelf(realm, tgt, 'web', 'alice')
    const options = [KdcOption.FORWARDABLE, KdcOption.CNAME_IN_ADDL_TKT]
    const additionalTickets = [evidence.ticket]
    const granted = await requestTicketInFast(realm, tgt, spn('HTTP/api.ad.test'), { options, additionalTickets })
    expect(granted.reply.cname).toEqual(alice)
    expect(granted.response.finished?.cname).toEqual(alice)
    expect((await byProxy(realm, tgt, evidence, 'HTTP/api.ad.test')).reply.cname).toEqual(alice)
  })

  test('tells refusals within the armor, with Windows’ reason beside them', async () => {
    const unknown = await refused(requestTicketInFast(realm, tgt, spn('HTTP/nowhere.ad.test')))
    const nowhere = openArmoredError(armorIn(unknown), unknown)
    expect(nowhere.inner.errorCode).toBe(7)
    expect(types(nowhere.response.padata)).toEqual([PaType.FX_ERROR])
    const evidence = await toSelf(realm, tgt, 'web', 'alice')
    const options = [KdcOption.FORWARDABLE, KdcOption.CNAME_IN_ADDL_TKT]
    const wishes = { options, additionalTickets: [evidence.ticket] }
    const notAllowed = await refused(requestTicketInFast(realm, tgt, spn('HTTP/data.ad.test'), wishes))
    const { inner, response } = openArmoredError(armorIn(notAllowed), notAllowed)
    expect(inner.errorCode).toBe(13)
    const status = findPaData(response.padata, 3) ?? new Uint8Array(0)
    expect(new DataView(status.buffer, status.byteOffset).getUint32(0, true)).toBe(NT_STATUS.STATUS_NO_MATCH)
  })

  test.each<[what: string, wishes: Parameters<typeof requestTicketInFast>[3], code: string, reason: string]>([
    ['without a subkey', { subkey: null }, 'KDC_ERR_PREAUTH_FAILED', 'an armored TGS request needs a subkey'],
    [
      'with another armor',
      { fast: { withoutArmor: false } },
      'KDC_ERR_PREAUTH_FAILED',
      'a TGS request is its own armor',
    ],
    [
      'bound to another ticket',
      { fast: { covered: Uint8Array.of(1) } },
      'KRB_AP_ERR_MODIFIED',
      'the armored request is not what was sealed and signed',
    ],
  ])('%s is refused', async (_what, wishes, code, reason) => {
    expect((await refused(requestTicketInFast(realm, tgt, web, wishes))).message).toBe(code)
    expect(realm.exchanges.at(-1)?.reason).toBe(reason)
  })

  test('refuses critical options that it does not know', async () => {
    await expect(requestTicketInFast(realm, tgt, web, { fast: { options: [3] } })).rejects.toThrow(
      'KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS',
    )
  })
})

describe('a realm', () => {
  test('without FAST takes no notice of it', async () => {
    const off = await createAd({ fast: 'off' })
    const own = await signInWithKeytab(off, 'web')
    const error = await refused(askInFast(off, armorOf(off, own), { padata: [], reqBody: bodyFor(off, alice) }))
    expect(error.message).toBe('KDC_ERR_PREAUTH_REQUIRED')
    expect(off.exchanges.at(-1)?.armored).toBeUndefined()
    const padata = [{ padataType: PaType.REQ_ENC_PA_REP, padataValue: new Uint8Array(0) }]
    const { part } = await signIn(off, alice, await Key.fromPassword(18, 'wonderland', 'AD.TESTalice'), { padata })
    expect(types(part.encryptedPaData)).toEqual([PaType.REQ_ENC_PA_REP])
  })

  test('that requires it does so of users, and not of services', async () => {
    const strict = await createAd({ fast: 'required' })
    await expect(signInWithPassword(strict, 'alice', 'wonderland')).rejects.toThrow('KDC_ERR_PREAUTH_REQUIRED')
    expect(strict.exchanges.at(-1)?.reason).toBe('this account signs in inside of FAST')
    const own = await signInWithKeytab(strict, 'web')
    const { reply } = await signInWithFast(strict, armorOf(strict, own), alice, aliceKey)
    expect(reply.cname).toEqual(alice)
    strict.change('alice', { requireFast: false })
    expect((await signInWithPassword(strict, 'alice', 'wonderland')).reply.cname).toEqual(alice)
  })

  test('requires it of the accounts that say so, and advertises nothing else to them', async () => {
    const users = { erin: { password: 'armor', requireFast: true } }
    const one = await createAd({ users })
    const erin = await Key.fromPassword(18, 'armor', 'AD.TESTerin')
    const error = await refused(signIn(one, principal('erin'), erin))
    expect(error.message).toBe('KDC_ERR_PREAUTH_REQUIRED')
    const own = await signInWithKeytab(one, 'web')
    expect((await signInWithFast(one, armorOf(one, own), principal('erin'), erin)).reply.cname).toEqual(
      principal('erin'),
    )
  })

  test('has no other words for it than off, offered and required', async () => {
    await expect(createAd({ fast: 'always' as 'off' })).rejects.toThrow('fast must be off, offered or required')
  })
})

/** That of the request which was refused. */
function armorIn(error: KrbErrorReceived): Armor {
  if (error instanceof ArmoredErrorReceived) return error.armor
  throw error
}

/** The padata of a timestamp, as it would be sent in the open. */
async function timestampIn() {
  const sent: Uint8Array[] = []
  const listening = {
    ...realm,
    now: realm.now,
    transport: async (bytes: Uint8Array) => (sent.push(bytes), realm.transport(bytes)),
  }
  await signIn(listening, alice, aliceKey)
  return decode(AsReq, sent[0])
}

const AS_REP = 0x6b
