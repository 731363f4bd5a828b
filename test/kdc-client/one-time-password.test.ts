import { createKdcClient, type KdcClientOptions, type KdcTransport, type OneTimePassword } from '@s4u/kdc-client'
import {
  AsReq,
  decode,
  findPaData,
  formatPrincipal,
  kerberosFlags,
  OtpFlag,
  OtpFormat,
  type OtpTokenInfo,
  PaType,
} from '@s4u/krb5'
import type { Misbehaviour, TestOtp, TestRealm } from '@s4u/test-kdc'
import { describe, expect, test, vi } from 'vitest'
import { adTest, refusalOf } from './realm-and-clients.js'

const API = 'HTTP/api.ad.test'
const VALUE = '755224'

/** A realm in which `otto` has a token, and what its KDC was told of him. */
async function realmWith(otp: Partial<TestOtp> = {}) {
  const accepts = vi.fn((value: string, pin: string | undefined) => value === VALUE && pin === undefined)
  const realm = await adTest({ users: { otto: { password: 'pw-otto', otp: { accepts, ...otp } } } })
  return { realm, accepts }
}

interface Given extends Partial<Omit<KdcClientOptions, 'credentials'>> {
  readonly otp?: OneTimePassword
  readonly password?: string
}

function clientFor(realm: TestRealm, { otp = VALUE, password, ...options }: Given = {}) {
  const credentials = { principal: 'otto@AD.TEST', otp, ...(password !== undefined && { password }) }
  const armor = { keytab: realm.keytabFor('kcd') }
  return createKdcClient({ kdc: realm.transport, credentials, armor, now: () => realm.now, ...options })
}

const tokens = (...list: readonly Partial<OtpTokenInfo>[]) => list
const flags = (...bits: readonly number[]) => ({ flags: kerberosFlags(...bits) })
const text = (value: string) => new TextEncoder().encode(value)

describe('a one-time password', () => {
  test('signs in, is shown within the armor alone, and seals the reply with nothing of its own', async () => {
    const { realm, accepts } = await realmWith()
    const seen: Uint8Array[] = []
    const kdc: KdcTransport = (request, context) => (seen.push(request), realm.transport(request, context))
    expect(formatPrincipal((await clientFor(realm, { kdc }).ticketFor(API)).client)).toBe('otto@AD.TEST')
    expect(accepts.mock.calls).toEqual([[VALUE, undefined]])
    for (const request of seen) expect(Buffer.from(request).includes(VALUE)).toBe(false)
    const ofOtto = realm.exchanges.filter(({ kind, client }) => kind === 'AS' && client === 'otto@AD.TEST')
    expect(ofOtto.map(({ armored }) => armored)).toEqual([true, true])
  })

  test('that is wrong is told as that, and not tried again', async () => {
    const { realm, accepts } = await realmWith()
    const client = clientFor(realm, { otp: '000000' })
    expect(await refusalOf(client.ticketFor(API))).toMatchObject({ name: 'KdcError', code: 'KDC_ERR_PREAUTH_FAILED' })
    realm.now += 3_600_000
    expect(await refusalOf(client.ticketFor(API))).toMatchObject({
      name: 'ConfigurationError',
      code: 'KDC_ERR_PREAUTH_FAILED',
      message: 'the one-time password of otto@AD.TEST has been used for a sign-in, and is good for one',
    })
    expect(accepts).toHaveBeenCalledTimes(1)
  })

  test('is got anew for each sign-in where it is a function', async () => {
    const { realm, accepts } = await realmWith()
    const otp = vi.fn(() => VALUE)
    const client = clientFor(realm, { otp })
    await client.ticketFor(API)
    realm.now += 11 * 3_600_000
    await client.ticketFor(API)
    expect(otp).toHaveBeenCalledTimes(2)
    expect(accepts).toHaveBeenCalledTimes(2)
  })

  test.each<[what: string, otp: unknown]>([
    ['nothing', () => ''],
    ['no text', () => 755_224],
  ])('of which a function gives %s is none', async (_what, otp) => {
    const { realm, accepts } = await realmWith()
    expect(await refusalOf(clientFor(realm, { otp: otp as OneTimePassword }).ticketFor(API))).toMatchObject({
      name: 'ConfigurationError',
      message: 'the function otp has given no value',
    })
    expect(accepts).not.toHaveBeenCalled()
  })

  test('is no text of an empty field, nor nothing at all', async () => {
    const { realm } = await realmWith()
    for (const otp of ['', null, 755_224])
      expect(() => clientFor(realm, { otp: otp as unknown as string })).toThrow(/one-time password must be a text/)
  })

  test.each<[what: string, options: Given]>([
    ['armor', { armor: undefined }],
    ['FAST', { armor: undefined, fast: 'off' }],
  ])('is refused at the start without %s', async (_what, options) => {
    const { realm } = await realmWith()
    expect(() => clientFor(realm, options)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'KRB5_ERR_FAST_REQUIRED' }),
    )
  })
})

describe('somebody who wants to see a one-time password, or to have it left out,', () => {
  test('does not have it shown by answering in the clear', async () => {
    const { realm, accepts } = await realmWith()
    realm.misbehave.fastPlainErrors = true
    expect(await refusalOf(clientFor(realm).ticketFor(API))).toMatchObject({ code: 'KRB5_ERR_FAST_REQUIRED' })
    expect(accepts).not.toHaveBeenCalled()
  })

  test('does not have the password taken alone: a KDC that asks for no token is shown nothing', async () => {
    const realm = await adTest({ users: { otto: { password: 'pw-otto' } } })
    const client = clientFor(realm, { password: 'pw-otto' })
    expect(await refusalOf(client.ticketFor(API))).toMatchObject({ code: 'KDC_ERR_PADATA_TYPE_NOSUPP' })
    expect(realm.exchanges.filter(({ client: asker }) => asker === 'otto@AD.TEST').length).toBe(1)
  })

  test.each<[lie: keyof Misbehaviour, message: string]>([
    ['fastStripped', 'is not armored, although the request was'],
    ['fastNoFinished', 'has no `finished`: nothing binds the ticket to the armor'],
    ['fastWrongChecksum', 'carries another ticket than its armor says'],
    ['fastWrongClient', 'names another client than its armor'],
    ['fastUnusedStrengthenKey', 'does not open with the client’s key'],
  ])('is not believed with a reply of his own (%s)', async (lie, message) => {
    const { realm } = await realmWith()
    const kdc: KdcTransport = (request, context) => {
      const isAnswer = realm.exchanges.at(-1)?.armored === true && request[0] === AS_REQ
      Object.assign(realm.misbehave, { [lie]: isAnswer })
      return realm.transport(request, context)
    }
    expect(await refusalOf(clientFor(realm, { kdc }).ticketFor(API))).toMatchObject({
      name: 'RejectedTokenError',
      message: `AS: the KDC's reply ${message}`,
    })
  })
})

describe('a challenge', () => {
  const outOfBounds = (what: string) => ({
    name: 'RejectedTokenError',
    code: 'KRB_ERR_FIELD_TOOLONG',
    message: `AS: the KDC's challenge for a one-time password ${what}`,
  })
  const unsupported = { name: 'ConfigurationError', code: 'KDC_ERR_PADATA_TYPE_NOSUPP' }

  test.each<[what: string, otp: Partial<TestOtp>, refusal: object]>([
    ['whose nonce is short', { nonceLength: 15 }, outOfBounds('has a nonce of 15 octets, not of 16 to 256')],
    ['whose nonce is long', { nonceLength: 257 }, outOfBounds('has a nonce of 257 octets, not of 16 to 256')],
    [
      'of more tokens than anybody has',
      { tokens: Array.from({ length: 33 }, () => ({})) },
      outOfBounds('names 33 tokens, more than 32'),
    ],
    ['of hashed values', { tokens: tokens({ iterationCount: 1 }) }, unsupported],
    ['of values that are hashed by a list', { tokens: tokens({ supportedHashAlg: [] }) }, unsupported],
    ['of values that seal the nonce', { tokens: tokens(flags(OtpFlag.MUST_ENCRYPT_NONCE)) }, unsupported],
    ['of values that are to be combined', { tokens: tokens(flags(OtpFlag.COMBINE)) }, unsupported],
    ['of octets', { tokens: tokens({ format: OtpFormat.BINARY }) }, unsupported],
    ['of base64', { tokens: tokens({ format: OtpFormat.BASE64 }) }, unsupported],
    ['of a format that nobody knows', { tokens: tokens({ format: 99 }) }, unsupported],
  ])('%s gets no value', async (_what, otp, refusal) => {
    const { realm, accepts } = await realmWith(otp)
    expect(await refusalOf(clientFor(realm).ticketFor(API))).toMatchObject(refusal)
    expect(accepts).not.toHaveBeenCalled()
  })

  test('of several tokens is answered for the first that shows such values', async () => {
    const described = tokens(
      { iterationCount: 5 },
      { length: 8 },
      { format: OtpFormat.HEXADECIMAL, length: 7 },
      { format: OtpFormat.DECIMAL, length: 6, vendor: 'Right', tokenId: text('id') },
      {},
    )
    const { realm } = await realmWith({ tokens: described })
    const seen: OtpTokenInfo[] = []
    await clientFor(realm).ticketFor(API)
    const otp = vi.fn((token: object) => (seen.push(token as OtpTokenInfo), VALUE))
    await clientFor(realm, { otp }).ticketFor(API)
    // A function is told of the first one that can be answered at all.
    expect(seen).toEqual([{ length: 8, next: false }])
  })

  test.each([
    ['too short', '12345'],
    ['of letters', '12345a'],
  ])('is not answered with a value that is %s for each token', async (_what, otp) => {
    const { realm, accepts } = await realmWith({ tokens: tokens({ format: OtpFormat.DECIMAL, length: 6 }) })
    expect(await refusalOf(clientFor(realm, { otp }).ticketFor(API))).toMatchObject({
      name: 'ConfigurationError',
      code: 'KDC_ERR_PREAUTH_FAILED',
      status: 401,
      message: 'the one-time password is not one that a token of this account shows',
    })
    expect(accepts).not.toHaveBeenCalled()
  })

  test('is told to the function that answers it, in text that is fit for people', async () => {
    const token = { vendor: 'A\u202eB', challenge: text('12\n34'), length: 6, format: OtpFormat.DECIMAL }
    const { realm } = await realmWith({ tokens: tokens({ ...token, ...flags(OtpFlag.NEXT_OTP) }) })
    const otp = vi.fn((_token: object) => VALUE)
    await clientFor(realm, { otp }).ticketFor(API)
    expect(otp.mock.calls).toEqual([
      [
        {
          vendor: String.raw`A\u{202e}B`,
          challenge: expect.stringMatching(/^12\\.*34$/),
          length: 6,
          format: 'decimal',
          next: true,
        },
      ],
    ])
  })
})

describe('a PIN', () => {
  const { COLLECT_PIN, DO_NOT_COLLECT_PIN, SEPARATE_PIN_REQUIRED } = OtpFlag

  test.each<[what: string, bits: readonly number[], value: string, pin: string | undefined]>([
    ['before the value where nothing is said', [], `4711${VALUE}`, undefined],
    ['before the value where it is collected', [COLLECT_PIN], `4711${VALUE}`, undefined],
    ['beside the value where it is to be separate', [COLLECT_PIN, SEPARATE_PIN_REQUIRED], VALUE, '4711'],
    ['nowhere where none is wanted', [DO_NOT_COLLECT_PIN], VALUE, undefined],
  ])('goes %s', async (_what, bits, value, pin) => {
    const accepts = vi.fn(() => true)
    const { realm } = await realmWith({ accepts, tokens: tokens(flags(...bits)) })
    await clientFor(realm, { password: '4711' }).ticketFor(API)
    expect(accepts.mock.calls).toEqual([[value, pin]])
  })

  test('that is missing is asked for', async () => {
    const { realm, accepts } = await realmWith({ tokens: tokens(flags(SEPARATE_PIN_REQUIRED)) })
    expect(await refusalOf(clientFor(realm).ticketFor(API))).toMatchObject({
      name: 'ConfigurationError',
      message: 'the KDC wants a PIN beside the one-time password',
      hint: expect.stringContaining('password'),
    })
    expect(accepts).not.toHaveBeenCalled()
  })
})

test('no error holds the value or the PIN', async () => {
  const { realm } = await realmWith()
  const error = await refusalOf(clientFor(realm, { otp: '918273', password: 'pin-4711' }).ticketFor(API))
  const shown = JSON.stringify([error, error.message, error.hint, error.stack])
  expect(shown).not.toContain('918273')
  expect(shown).not.toContain('4711')
})

test('a nonce comes back once: what was recorded is of no use', async () => {
  const { realm, accepts } = await realmWith()
  const sent: Uint8Array[] = []
  const kdc: KdcTransport = (request, context) => (sent.push(request), realm.transport(request, context))
  await clientFor(realm, { kdc }).ticketFor(API)
  const answer = sent.findLast((request) => request[0] === AS_REQ && isOf('otto', request)) ?? new Uint8Array(0)
  const again = await realm.transport(answer)
  expect(again[0]).toBe(0x7e)
  expect(accepts).toHaveBeenCalledTimes(1)
})

const AS_REQ = 0x6a

function isOf(name: string, request: Uint8Array): boolean {
  const { reqBody, padata } = decode(AsReq, request)
  return reqBody.cname?.nameString[0] === name && findPaData(padata, PaType.FX_FAST) !== undefined
}
