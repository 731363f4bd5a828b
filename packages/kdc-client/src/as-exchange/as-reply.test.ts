import {
  AsRep,
  EncAsRepPart,
  type EncKdcRepPart,
  encode,
  EtypeInfo2,
  type EtypeInfo2Entry,
  type KdcRep,
  kerberosFlags,
  Key,
  KeyUsage,
  NameType,
  type PaData,
  PaType,
  type Principal,
  sealEncryptedData,
  TicketFlag,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { openAsReply } from './as-reply.js'
import { AsSession } from './as-session.js'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { SignIn } from '../credentials/authority.js'

const NOW = Date.UTC(2026, 0, 15, 9)
const HOUR = 3_600_000
const ALICE: Principal = { name: { nameType: NameType.PRINCIPAL, nameString: ['alice'] }, realm: 'AD.TEST' }
const KRBTGT = { nameType: NameType.SRV_INST, nameString: ['krbtgt', 'AD.TEST'] }
const key = Key.random(18)
const context: KdcContext = {
  transport: async () => new Uint8Array(0),
  clock: new KdcClock(() => NOW),
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  etypes: [18, 17],
}
const etypeInfo = (...entries: readonly EtypeInfo2Entry[]): PaData => ({
  padataType: PaType.ETYPE_INFO2,
  padataValue: encode(EtypeInfo2, entries),
})

/** A sign-in whose key is always the same, and that remembers by which hints it was asked for. */
function signInWith(keys: (kvno: number | undefined) => Key = () => key, more: Partial<SignIn> = {}) {
  const asked: [info: EtypeInfo2Entry, kvno: number | undefined][] = []
  const signIn: SignIn = {
    kind: 'sign-in',
    principal: ALICE,
    etypes: [18, 17],
    keyFor: async (info, kvno) => {
      asked.push([info, kvno])
      return keys(kvno)
    },
    keysFor: async () => ({ exact: false, keys: [] }),
    ...more,
  }
  return { asked, signIn, session: new AsSession(context, signIn, {}) }
}

interface Changes {
  readonly part?: Partial<EncKdcRepPart>
  readonly reply?: Partial<KdcRep>
  readonly kvno?: number
  readonly sealedWith?: Key
}

/** An honest reply, changed, and what becomes of it. */
async function answered(session: AsSession, { part = {}, reply = {}, kvno, sealedWith = key }: Changes = {}) {
  const sent = await session.request()
  const whole: EncKdcRepPart = {
    key: Key.random(18),
    lastReq: [],
    nonce: sent.body.nonce,
    flags: kerberosFlags(TicketFlag.INITIAL),
    authtime: NOW,
    endtime: NOW + HOUR,
    srealm: 'AD.TEST',
    sname: KRBTGT,
    ...part,
  }
  const encPart = sealEncryptedData(encode(EncAsRepPart, whole), sealedWith, KeyUsage.AS_REP, undefined, kvno)
  const ticketPart = sealEncryptedData(Uint8Array.of(1), Key.random(18), KeyUsage.TICKET)
  const ticket = { realm: 'AD.TEST', sname: KRBTGT, encPart: ticketPart }
  const message: KdcRep = { crealm: 'AD.TEST', cname: ALICE.name, ticket, encPart, ...reply }
  const tgt = await openAsReply(session, sent, encode(AsRep, message))
  return { tgt, whole, ticket }
}

describe('what is kept of a reply', () => {
  test('is what stands under the seal, and the ticket', async () => {
    const times = { authtime: NOW - 1000, starttime: NOW, endtime: NOW + HOUR, renewTill: NOW + 2 * HOUR }
    const flags = kerberosFlags(TicketFlag.RENEWABLE, TicketFlag.FORWARDABLE)
    const { tgt, whole, ticket } = await answered(signInWith().session, { part: { ...times, flags } })
    expect(tgt).toStrictEqual({
      client: ALICE,
      service: { name: KRBTGT, realm: 'AD.TEST' },
      ticket: { ...ticket, encPart: { ...ticket.encPart, kvno: undefined } },
      sessionKey: whole.key,
      flags,
      authenticatedAt: NOW - 1000,
      startsAt: NOW,
      expiresAt: NOW + HOUR,
      renewableUntil: NOW + 2 * HOUR,
    })
    expect(Object.isFrozen(tgt)).toBe(true)
  })

  test('begins with the sign-in where no beginning is named, and cannot be renewed where no end of that is', async () => {
    const { tgt } = await answered(signInWith().session, { part: { authtime: NOW - 1000 } })
    expect(tgt).toMatchObject({ authenticatedAt: NOW - 1000, startsAt: NOW - 1000 })
    expect(tgt).not.toHaveProperty('renewableUntil')
  })

  test.each([
    ['offered', [{ padataType: PaType.FX_FAST, padataValue: new Uint8Array(0) }], { offer: 'sealed' }],
    ['not offered', [{ padataType: PaType.SUPPORTED_ENCTYPES, padataValue: new Uint8Array(4) }], {}],
    ['not offered, where nothing is said', undefined, {}],
  ])('tells whether FAST is %s under the seal', async (_what, encryptedPaData, fast) => {
    const { session } = signInWith()
    await answered(session, { part: { encryptedPaData } })
    expect(session.fast).toEqual(fast)
  })
})

describe('the key of a reply', () => {
  const hints = [
    { etype: 17, salt: 'of 17', s2kparams: undefined },
    { etype: 18, salt: 'of 18', s2kparams: undefined },
  ]

  test('is made as the reply itself says, of the type that sealed it', async () => {
    const { session, asked } = signInWith()
    session.info = { etype: 18, salt: 'of the error' }
    await answered(session, { reply: { padata: [etypeInfo(...hints)] } })
    // The first time it was asked for was to show it in the request.
    expect(asked.at(-1)).toEqual([hints[1], undefined])
  })

  test('is made as the error said, where the reply does not', async () => {
    const { session, asked } = signInWith()
    session.info = { etype: 18, salt: 'of the error' }
    await answered(session, { reply: { padata: [etypeInfo(hints[0])] } })
    expect(asked.at(-1)).toEqual([{ etype: 18, salt: 'of the error' }, undefined])
  })

  test('is the usual one of its type, where neither does', async () => {
    const { session, asked } = signInWith()
    await answered(session)
    expect(asked).toEqual([[{ etype: 18 }, undefined]])
    session.info = { etype: 17, salt: 'of 17' }
    await answered(session)
    expect(asked.at(-1)).toEqual([{ etype: 18 }, undefined])
  })

  test('is that of the version named, else the current one', async () => {
    const named = signInWith((kvno) => (kvno === 7 ? key : Key.random(18)))
    await answered(named.session, { kvno: 7 })
    expect(named.asked).toEqual([[{ etype: 18 }, 7]])
    const current = signInWith((kvno) => (kvno === undefined ? key : Key.random(18)))
    await answered(current.session, { kvno: 7 })
    expect(current.asked.map(([, kvno]) => kvno)).toEqual([7, undefined])
  })

  test('is another one where the keytab has one now, of the type that sealed the reply', async () => {
    let current = Key.random(18)
    const reread: (EtypeInfo2Entry | undefined)[] = []
    const { session } = signInWith(() => current, {
      reread: async (refused) => {
        reread.push(refused)
        current = key
        return true
      },
    })
    expect((await answered(session)).tgt.client).toEqual(ALICE)
    expect(reread).toEqual([{ etype: 18 }])
  })

  test('is not another one where there is none', async () => {
    const { session, asked } = signInWith(() => Key.random(18))
    await expect(answered(session)).rejects.toMatchObject({
      name: 'RejectedTokenError',
      code: 'KRB_AP_ERR_BAD_INTEGRITY',
      message:
        "AS: the KDC's reply does not open with the client’s key: it is sealed for alice@AD.TEST with aes256-cts-hmac-sha1-96, a version that it does not tell",
      hint: expect.stringMatching(
        /^The KDC wanted no pre-authentication of alice@AD\.TEST, so that a wrong key shows only here\./,
      ),
    })
    expect(asked.length).toBe(2)
  })

  test('that was made of a wrong password is told as a wrong password, so that it counts as one', async () => {
    const { session } = signInWith(() => Key.random(18), { credentials: { kind: 'password' } })
    await expect(answered(session)).rejects.toMatchObject({
      name: 'RejectedTokenError',
      code: 'KDC_ERR_PREAUTH_FAILED',
      cause: { code: 'KRB_AP_ERR_BAD_INTEGRITY' },
    })
  })

  test('that is missing is told as such', async () => {
    const missing = new Error('no such key')
    const { session } = signInWith(() => {
      throw missing
    })
    await expect(answered(session)).rejects.toBe(missing)
  })
})

test('what is refused says what to look at', async () => {
  const refused = answered(signInWith().session, { reply: { crealm: 'MALLORY.TEST' } })
  await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining('that of a KDC of this realm') })
})
