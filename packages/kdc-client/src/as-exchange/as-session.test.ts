import {
  AsReq,
  decode,
  encode,
  EtypeInfo2,
  findPaData,
  KdcOption,
  kerberosFlags,
  Key,
  KRB_ERROR_CODES,
  KrbError,
  type KrbErrorName,
  MethodData,
  NameType,
  type PaData,
  PaOtpChallenge,
  parsePrincipal,
  PaType,
} from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import { AsSession, type SignInOptions } from './as-session.js'
import { createKdcClient } from '../client/create-kdc-client.js'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { FastArmor } from '../fast/fast-armor.js'
import { FastRealms } from '../fast/fast-realms.js'
import type { SignInArmor } from '../fast/sign-in-armor.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { SignIn } from '../credentials/authority.js'

test('a KDC that has no key of our encryption types is answered with the commands that give it one', async () => {
  const info = encode(EtypeInfo2, [{ etype: 23 }, { etype: 3 }])
  const eData = encode(MethodData, [{ padataType: PaType.ETYPE_INFO2, padataValue: info }])
  const refusal = encode(KrbError, {
    stime: 0,
    susec: 0,
    errorCode: KRB_ERROR_CODES.KDC_ERR_PREAUTH_REQUIRED,
    realm: 'AD.TEST',
    sname: { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] },
    eData,
  })
  const credentials = { principal: 'svc-web@AD.TEST', password: 'x' }
  const client = createKdcClient({ kdc: async () => refusal, credentials, encryptionTypes: [18, 17] })
  await expect(client.ticketFor('HTTP/api.ad.test')).rejects.toMatchObject({
    name: 'KdcError',
    code: 'KDC_ERR_ETYPE_NOSUPP',
    hint: expect.stringMatching(
      /rc4-hmac.*aes256-cts-hmac-sha1-96[^]*Set-ADUser svc-web -KerberosEncryptionType AES128,AES256\n[^]*SupportedEncryptionTypes: 24[^]*kadmin.local cpw svc-web@AD.TEST\n/,
    ),
  })
})

const NOW = Date.UTC(2026, 0, 15, 9)
const HOUR = 3_600_000
const key = Key.random(18)
const krbtgt = parsePrincipal('krbtgt/AD.TEST@AD.TEST')
const armorTicket: ServiceTicket = {
  client: parsePrincipal('web@AD.TEST'),
  service: krbtgt,
  ticket: { realm: 'AD.TEST', sname: krbtgt.name, encPart: { etype: 18, cipher: new Uint8Array(8) } },
  sessionKey: Key.random(18),
  flags: kerberosFlags(),
  ...{ authenticatedAt: NOW, startsAt: NOW, expiresAt: NOW + HOUR },
}

const armorWith = (more: Partial<SignInArmor> = {}): SignInArmor => ({
  realms: new FastRealms(),
  isRequired: false,
  mayFallBack: true,
  ticketFor: async () => armorTicket,
  inPlaceOf: async () => undefined,
  learn: () => {},
  ...more,
})
const armor = armorWith()

interface Given {
  readonly signIn?: Partial<SignIn>
  readonly context?: Partial<KdcContext>
  readonly options?: SignInOptions
}

function sessionOf({ signIn = {}, context = {}, options = {} }: Given = {}): AsSession {
  const whole: KdcContext = {
    transport: async () => new Uint8Array(0),
    clock: new KdcClock(() => NOW),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    etypes: [18, 17],
    ...context,
  }
  const web: SignIn = {
    kind: 'sign-in',
    principal: parsePrincipal('web@AD.TEST'),
    etypes: [18],
    keyFor: async () => key,
    keysFor: async () => ({ exact: false, keys: [] }),
    ...signIn,
  }
  return new AsSession(whole, web, options)
}

const errorOf = (code: KrbErrorName, more: Partial<KrbError> = {}): KrbError => ({
  ...{ stime: NOW + HOUR, susec: 0, errorCode: KRB_ERROR_CODES[code], realm: 'AD.TEST', sname: krbtgt.name },
  ...more,
})
const methods = (...padata: readonly PaData[]) => ({ eData: encode(MethodData, padata) })
const info = { padataType: PaType.ETYPE_INFO2, padataValue: encode(EtypeInfo2, [{ etype: 18, salt: 'told' }]) }
const cookie = { padataType: PaType.FX_COOKIE, padataValue: Uint8Array.of(1, 2) }
const sent = async (session: AsSession) => decode(AsReq, (await session.request()).bytes)
const typesOf = async (session: AsSession) => (await sent(session)).padata?.map(({ padataType }) => padataType)

describe('another key, after one was of no use,', () => {
  const refused = { etype: 18 }
  const rotated = () => {
    const reread = vi.fn(async (_refused?: unknown) => false)
    const switchKey = vi.fn((_etype: number) => true)
    return { reread, switchKey }
  }

  test('is first looked for where the keys come from, once', async () => {
    const signIn = { ...rotated(), reread: vi.fn(async () => true) }
    const session = sessionOf({ signIn })
    expect(await session.tryOtherKey(refused)).toBe(true)
    expect(signIn.reread.mock.calls).toEqual([[refused]])
    expect(signIn.switchKey).not.toHaveBeenCalled()
    expect(await session.tryOtherKey(refused)).toBe(true)
    expect(signIn.reread).toHaveBeenCalledTimes(1)
    expect(signIn.switchKey.mock.calls).toEqual([[18]])
  })

  test('is the version before, and no other: after that the first one is current again', async () => {
    const signIn = rotated()
    const session = sessionOf({ signIn })
    expect(await session.tryOtherKey(refused)).toBe(true)
    expect(await session.tryOtherKey(refused)).toBe(false)
    expect(signIn.switchKey.mock.calls).toEqual([[18], [18]])
    session.abandon()
    expect(signIn.switchKey).toHaveBeenCalledTimes(2)
  })

  test('is looked for once more after both were refused, and is none that was shown', async () => {
    const keys = [1, 2, 3].map((octet) => Key.random(18, (length) => new Uint8Array(length).fill(octet)))
    let current = keys[0]
    const signIn: Partial<SignIn> = {
      keyFor: async () => current,
      reread: vi.fn(async () => false),
      switchKey: vi.fn(() => {
        current = keys[1]
        return true
      }),
    }
    const session = sessionOf({ signIn })
    await session.learnFrom(errorOf('KDC_ERR_PREAUTH_REQUIRED', methods(info)))
    for (const shown of keys.slice(0, 2)) {
      await session.request()
      expect(current).toBe(shown)
      if (shown === keys[0]) expect(await session.tryOtherKey(refused)).toBe(true)
    }
    // The file was written meanwhile, and has the first key in front again: that was refused.
    vi.mocked(signIn.reread ?? vi.fn()).mockImplementationOnce(async () => {
      current = keys[0]
      return true
    })
    expect(await session.tryOtherKey(refused)).toBe(false)
    expect(signIn.reread).toHaveBeenCalledTimes(2)
    expect(await session.tryOtherKey(refused)).toBe(false)
    expect(signIn.reread).toHaveBeenCalledTimes(2)
    expect(session.refusal(errorOf('KDC_ERR_PREAUTH_FAILED')).hint).toContain('ask again after a second')
  })

  test('is what the file has now, after both were refused', async () => {
    const signIn = { ...rotated(), reread: vi.fn(async () => false) }
    const session = sessionOf({ signIn })
    expect(await session.tryOtherKey(refused)).toBe(true)
    signIn.reread.mockResolvedValueOnce(true)
    expect(await session.tryOtherKey(refused)).toBe(true)
    // It is the newest of other keys, and there is no way back to undo.
    session.abandon()
    expect(signIn.switchKey.mock.calls).toEqual([[18]])
  })

  test('that was refused before the keytab was read again is not shown again', async () => {
    const switchKey = vi.fn(() => true)
    const session = sessionOf({ signIn: { switchKey } })
    await session.learnFrom(errorOf('KDC_ERR_PREAUTH_REQUIRED', methods(info)))
    await session.request()
    expect(await session.tryOtherKey(refused)).toBe(false)
    expect(switchKey).toHaveBeenCalledTimes(2)
  })

  test('is forgotten with a sign-in that fails, once', async () => {
    const signIn = rotated()
    const session = sessionOf({ signIn })
    await session.tryOtherKey(refused)
    session.abandon()
    session.abandon()
    expect(signIn.switchKey.mock.calls).toEqual([[18], [18]])
  })

  test('is none where a key was refused before, but for what is read anew', async () => {
    const signIn = rotated()
    expect(await sessionOf({ signIn, options: { again: true } }).tryOtherKey(refused)).toBe(false)
    expect(signIn.reread).toHaveBeenCalledTimes(1)
    expect(signIn.switchKey).not.toHaveBeenCalled()
  })

  test('is none where there is none', async () => {
    const session = sessionOf()
    expect(await session.tryOtherKey(refused)).toBe(false)
    session.abandon()
    const switchKey = vi.fn(() => false)
    const single = sessionOf({ signIn: { switchKey } })
    expect(await single.tryOtherKey(refused)).toBe(false)
    single.abandon()
    expect(switchKey).toHaveBeenCalledTimes(1)
  })

  test('is tried only for a key that was shown', async () => {
    const session = sessionOf({ signIn: rotated() })
    expect(await session.learnFrom(errorOf('KDC_ERR_PREAUTH_FAILED'))).toBe(false)
    await session.learnFrom(errorOf('KDC_ERR_PREAUTH_REQUIRED', methods(info)))
    expect(await session.learnFrom(errorOf('KDC_ERR_PREAUTH_FAILED'))).toBe(true)
  })
})

test('a one-time password goes to the KDC that asked for it, and to none of another realm that it names', async () => {
  const answered = vi.spyOn(FastArmor.prototype, 'answerOtp')
  const answer = { flags: kerberosFlags(), value: Uint8Array.of(1, 2, 3) }
  const session = sessionOf({
    signIn: { otp: { answer: async () => answer } },
    context: { canonicalize: true, mayFollow: async () => true },
    options: { armor },
  })
  const tokenInfo = [{ flags: kerberosFlags() }]
  const challenge = encode(PaOtpChallenge, { nonce: new Uint8Array(32), tokenInfo })
  const asked = methods({ padataType: PaType.OTP_CHALLENGE, padataValue: challenge })
  await session.request()
  expect(await session.learnFrom(errorOf('KDC_ERR_PREAUTH_REQUIRED', asked))).toBe(true)
  await session.request()
  expect(answered).toHaveBeenCalledTimes(1)
  expect(await session.learnFrom(errorOf('KDC_ERR_WRONG_REALM', { crealm: 'EVIL.TEST' }))).toBe(true)
  await session.request()
  expect([session.realm, answered.mock.calls.length]).toEqual(['EVIL.TEST', 1])
})

describe('an answer in the clear to an armored request', () => {
  test('is doubted only where there is armor', async () => {
    const session = sessionOf()
    expect(await session.doubtArmor(errorOf('KRB_AP_ERR_SKEW'))).toBe(false)
    expect(session.context.clock.now()).toBe(NOW)
  })

  test('has the request armored once more, by the clock that it tells; then all begins anew without', async () => {
    const session = sessionOf({ options: { armor } })
    await session.request()
    const first = session.armor
    expect(first).toBeDefined()
    expect(await session.doubtArmor(errorOf('KRB_AP_ERR_SKEW'))).toBe(true)
    expect(session.armor).toBeDefined()
    expect(session.armor).not.toBe(first)
    expect(session.context.clock.now()).toBe(NOW + HOUR)
    await session.learnFrom(errorOf('KDC_ERR_PREAUTH_REQUIRED', methods(info, cookie)))
    expect(await session.learnFrom(errorOf('KRB_AP_ERR_SKEW'))).toBe(true)
    expect(await session.doubtArmor(errorOf('KRB_AP_ERR_SKEW'))).toBe(true)
    expect(session.armor).toBeUndefined()
    expect(session.info).toBeUndefined()
    expect(session.context.clock.now()).toBe(NOW)
    expect(await typesOf(session)).toEqual([PaType.PAC_REQUEST, PaType.REQ_ENC_PA_REP])
    expect(await session.learnFrom(errorOf('KRB_AP_ERR_SKEW'))).toBe(true)
    expect(await session.doubtArmor(errorOf('KRB_AP_ERR_SKEW'))).toBe(false)
  })

  test('tells no time where it is about something else', async () => {
    const session = sessionOf({ options: { armor } })
    await session.request()
    expect(await session.doubtArmor(errorOf('KRB_ERR_GENERIC'))).toBe(true)
    expect(session.armor).toBeDefined()
    expect(session.context.clock.now()).toBe(NOW)
  })

  test('in an armor that is none has all begun anew at once', async () => {
    const session = sessionOf({ options: { armor } })
    await session.request()
    expect(await session.doubtArmor(errorOf('KRB_AP_ERR_SKEW'), true)).toBe(true)
    expect(session.armor).toBeUndefined()
    expect(session.context.clock.now()).toBe(NOW)
  })
})

describe('a clock that an error tells', () => {
  test('is that of the next request, and of its armor', async () => {
    const session = sessionOf({ options: { armor } })
    await session.request()
    const first = session.armor
    expect(await session.learnFrom(errorOf('KRB_AP_ERR_SKEW'))).toBe(true)
    expect((await sent(session)).reqBody.till).toBe(NOW + 25 * HOUR)
    expect(session.armor).toBeDefined()
    expect(session.armor).not.toBe(first)
  })

  test('makes no armor where there was none', async () => {
    const session = sessionOf()
    await session.learnFrom(errorOf('KRB_AP_ERR_SKEW'))
    expect(session.armor).toBeUndefined()
  })
})

describe('a ticket that cannot be forwarded', () => {
  const isForwardable = async (session: AsSession) =>
    (await sent(session)).reqBody.kdcOptions[0] === kerberosFlags(KdcOption.FORWARDABLE, KdcOption.RENEWABLE_OK)[0]

  test('is asked for because of an error that nobody has signed: it is less than was wanted', async () => {
    const session = sessionOf()
    expect([session.isReduced, await isForwardable(session)]).toEqual([false, true])
    expect(await session.learnFrom(errorOf('KDC_ERR_POLICY'))).toBe(true)
    expect([session.isReduced, await isForwardable(session)]).toEqual([true, false])
    expect(await session.learnFrom(errorOf('KDC_ERR_POLICY'))).toBe(false)
  })

  test('is all that there is, where the error was armored', async () => {
    const session = sessionOf({ options: { armor } })
    await session.request()
    expect(session.isReduced).toBe(false)
    await session.learnFrom(errorOf('KDC_ERR_POLICY'))
    expect(session.isReduced).toBe(false)
  })
})

describe('another realm, to which an error sends the name,', () => {
  const WEST = errorOf('KDC_ERR_WRONG_REALM', { crealm: 'WEST.TEST' })
  const mayFollow = () => vi.fn(async (_realm: string, _options: unknown) => true)
  const canonicalize = true

  test('is asked where somebody else leads there, and without what was learned here', async () => {
    const may = mayFollow()
    const session = sessionOf({ context: { canonicalize, mayFollow: may } })
    session.info = { etype: 18 }
    expect(await session.learnFrom(WEST)).toBe(true)
    expect(may.mock.calls).toEqual([['WEST.TEST', {}]])
    expect(session.realm).toBe('WEST.TEST')
    expect(session.info).toBeUndefined()
    expect((await sent(session)).reqBody).toMatchObject({
      realm: 'WEST.TEST',
      sname: { nameString: ['krbtgt', 'WEST.TEST'] },
    })
    expect(await session.learnFrom(WEST)).toBe(false)
    expect(await session.learnFrom(errorOf('KDC_ERR_WRONG_REALM', { crealm: 'AD.TEST' }))).toBe(false)
  })

  test('is asked for a name that is to be resolved', async () => {
    const { signal } = new AbortController()
    const principal = parsePrincipal('web@corp.example', { realm: 'AD.TEST', nameType: NameType.ENTERPRISE })
    const may = mayFollow()
    const session = sessionOf({ signIn: { principal }, context: { mayFollow: may, signal } })
    expect(session.canonicalizes).toBe(true)
    expect(await session.learnFrom(WEST)).toBe(true)
    expect(may.mock.calls).toEqual([['WEST.TEST', { signal }]])
  })

  test.each<[what: string, given: Given, error?: KrbError]>([
    ['it does not name one', { context: { canonicalize, mayFollow: mayFollow() } }, errorOf('KDC_ERR_WRONG_REALM')],
    ['the name is none to be resolved', { context: { mayFollow: mayFollow() } }],
    ['nobody leads anywhere', { context: { canonicalize } }],
    ['nobody leads there', { context: { canonicalize, mayFollow: async () => false } }],
  ])('is not asked where %s', async (_what, given, error = WEST) => {
    const session = sessionOf(given)
    expect(await session.learnFrom(error)).toBe(false)
    expect(session.realm).toBe('AD.TEST')
  })
})

describe('what an error tells of methods', () => {
  test('is how the key is made, and for all types that were offered', async () => {
    const learn = vi.fn()
    const offered = [{ etype: 23 }, { etype: 17, salt: 'a' }, { etype: 18, salt: 'b' }]
    const padata = { padataType: PaType.ETYPE_INFO2, padataValue: encode(EtypeInfo2, offered) }
    const session = sessionOf({ signIn: { learn } })
    expect(await session.learnFrom(errorOf('KDC_ERR_PREAUTH_REQUIRED', methods(padata)))).toBe(true)
    expect(session.info).toMatchObject({ etype: 18, salt: 'b' })
    expect(learn.mock.calls[0][0]).toMatchObject(offered.slice(1))
    expect(learn.mock.calls[0][0]).toHaveLength(2)
    expect(await session.learnFrom(errorOf('KDC_ERR_PREAUTH_REQUIRED', methods(padata)))).toBe(false)
  })

  test('is whether there is FAST, which who armors knows', async () => {
    const session = sessionOf()
    await session.learnFrom(errorOf('KRB_ERR_GENERIC', methods(cookie)))
    expect(session.fast).toEqual({})
    await session.learnFrom(errorOf('KRB_ERR_GENERIC', methods({ padataType: PaType.FX_FAST, padataValue: none })))
    expect(session.fast).toEqual({ offer: 'said' })
    const armored = sessionOf({ options: { armor } })
    await armored.request()
    expect(armored.fast).toEqual({})
    await armored.learnFrom(errorOf('KRB_ERR_GENERIC'))
    expect(armored.fast).toEqual({ offer: 'said' })
  })

  test('is a cookie, which goes back until another error has none', async () => {
    const session = sessionOf()
    await session.learnFrom(errorOf('KDC_ERR_PREAUTH_REQUIRED', methods(info, cookie)))
    const { padata = [] } = await sent(session)
    expect(padata.map(({ padataType }) => padataType)).toEqual([
      PaType.PAC_REQUEST,
      PaType.FX_COOKIE,
      PaType.ENC_TIMESTAMP,
      PaType.REQ_ENC_PA_REP,
    ])
    expect(findPaData(padata, PaType.FX_COOKIE)).toEqual(cookie.padataValue)
    await session.learnFrom(errorOf('KRB_AP_ERR_SKEW'))
    expect(await typesOf(session)).not.toContain(PaType.FX_COOKIE)
  })
})

describe('an error that nothing mends', () => {
  test('ends the sign-in', async () => {
    expect(await sessionOf().learnFrom(errorOf('KRB_ERR_GENERIC'))).toBe(false)
    const session = sessionOf()
    expect(await session.learnFrom(errorOf('KRB_AP_ERR_SKEW'))).toBe(true)
    expect(await session.learnFrom(errorOf('KRB_AP_ERR_SKEW'))).toBe(false)
  })

  test('is told as one of the sign-in', () => {
    const refusal = sessionOf().refusal(errorOf('KDC_ERR_CLIENT_REVOKED'))
    expect(refusal).toMatchObject({ code: 'KDC_ERR_CLIENT_REVOKED', answer: { step: 'AS', account: 'web@AD.TEST' } })
    expect(refusal.answer.target).toBe('krbtgt')
    expect(refusal.message).toMatch(/^AS: sign-in of web@AD.TEST: KDC_ERR_CLIENT_REVOKED/)
  })

  test('is one that wants proof and says nothing of keys', async () => {
    await expect(sessionOf().learnFrom(errorOf('KDC_ERR_PREAUTH_REQUIRED'))).rejects.toMatchObject({
      code: 'KDC_ERR_ETYPE_NOSUPP',
      answer: { step: 'AS', account: 'web@AD.TEST', target: 'krbtgt' },
      hint: expect.stringContaining('of the encryption types none, and we have aes256-cts-hmac-sha1-96:'),
    })
  })
})

test('a request offers the types that there are keys of, and has the name resolved only where that is wanted', async () => {
  const { CANONICALIZE, FORWARDABLE, RENEWABLE_OK } = KdcOption
  const { reqBody } = await sent(sessionOf())
  expect(reqBody.etype).toEqual([18])
  expect(reqBody.kdcOptions).toEqual(kerberosFlags(FORWARDABLE, RENEWABLE_OK))
  const resolved = await sent(sessionOf({ context: { canonicalize: true } }))
  expect(resolved.reqBody.kdcOptions).toEqual(kerberosFlags(FORWARDABLE, RENEWABLE_OK, CANONICALIZE))
})

test('an armored request has nothing outside of its armor', async () => {
  expect(await typesOf(sessionOf({ options: { armor } }))).toEqual([PaType.FX_FAST])
})

test('whoever wants to know is told of each key before it is shown', async () => {
  const onProof = vi.fn()
  const session = sessionOf({ options: { onProof } })
  await session.request()
  expect(onProof).not.toHaveBeenCalled()
  session.info = { etype: 18 }
  await session.request()
  expect(onProof.mock.calls).toEqual([[key]])
})

const none = new Uint8Array(0)
