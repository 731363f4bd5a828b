import {
  changePassword,
  type ChangePasswordOptions,
  ConfigurationError,
  KDC_CHANNEL,
  KdcError,
  KdcUnreachableError,
  MalformedTokenError,
  PasswordChangeRefusedError,
  RejectedTokenError,
  S4uError,
} from '@s4u/kdc-client'
import { ChangePasswdData, decode, encode, encodeKpasswdResult, Key, KRB_ERROR_CODES as KRB, KrbPriv } from '@s4u/krb5'
import { type AccountChange, createTestRealm, type TestRealm, type TestRealmOptions } from '@s4u/test-kdc'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { userClient } from './realm-and-clients.js'
import { type ChangeLie, forgedError, framedError, LyingKpasswd, type ToldChange } from '../hostile/lying-kpasswd.js'

const OLD = 'old-Secret-1'
const NEW = 'new-Secret-2'
const NINE = Date.UTC(2026, 0, 15, 9)

interface Place {
  readonly realm: TestRealm
  readonly liar: LyingKpasswd
  /** Changes the password of alice, unless told otherwise. */
  change(options?: Partial<ChangePasswordOptions>): Promise<unknown>
  signsIn(password: string, user?: string): Promise<boolean>
}

async function place(options: Partial<TestRealmOptions> = {}, alice: AccountChange = {}): Promise<Place> {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    now: NINE,
    users: {
      alice: { password: OLD, ...alice },
      bob: { password: 'pw-bob' },
      root: { password: 'pw-root', groups: ['Domain Admins'] },
    },
    ...options,
  })
  const liar = new LyingKpasswd(realm)
  const where = { kdc: realm.transport, kpasswd: liar.transport, now: () => realm.now }
  const own = { principal: 'alice@AD.TEST', oldPassword: OLD, newPassword: NEW, ...where }
  return {
    realm,
    liar,
    change: (more = {}) => changePassword(Object.assign({ ...own }, more)),
    signsIn: (password, user = 'alice') =>
      userClient(realm, user, { credentials: { principal: `${user}@AD.TEST`, password } })
        .tgtToForward()
        .then(
          () => true,
          () => false,
        ),
  }
}

async function refusalOf(promise: Promise<unknown>): Promise<S4uError> {
  const outcome: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (S4uError.is(outcome)) return outcome
  throw new Error('it was granted, or failed otherwise', { cause: outcome })
}

const asAdministrator = (user = 'root'): Partial<ChangePasswordOptions> => ({
  oldPassword: undefined,
  credentials: { principal: `${user}@AD.TEST`, password: `pw-${user}` },
})

describe('a password', () => {
  test('is changed by its owner, with the old one, in the first version of the protocol', async () => {
    const { change, signsIn, liar } = await place()
    expect(await change()).toEqual({ principal: 'alice@AD.TEST' })
    expect([await signsIn(NEW), await signsIn(OLD)]).toEqual([true, false])
    expect(liar.asked.map(({ version, userData }) => [version, Buffer.from(userData).toString()])).toEqual([[1, NEW]])
  })

  test('is changed when it has expired, and only then a ticket is to be had', async () => {
    const { change, signsIn } = await place({}, { mustChangePassword: true })
    expect(await signsIn(OLD)).toBe(false)
    await change()
    expect(await signsIn(NEW)).toBe(true)
  })

  test('of another is set by an administrator, whose target the request names', async () => {
    const { change, signsIn, liar } = await place()
    expect(await change(asAdministrator())).toEqual({ principal: 'alice@AD.TEST' })
    expect(await signsIn(NEW)).toBe(true)
    const [{ version, userData }] = liar.asked
    const data = decode(ChangePasswdData, userData)
    expect([version, data.targname?.nameString, data.targrealm]).toEqual([0xff80, ['alice'], 'AD.TEST'])
  })

  test('of another is not set by just anybody', async () => {
    const { change, signsIn } = await place()
    const error = await refusalOf(change(asAdministrator('bob')))
    expect(error).toBeInstanceOf(PasswordChangeRefusedError)
    expect(error).toMatchObject({
      code: 'KRB5_KPASSWD_ACCESSDENIED',
      status: 403,
      text: 'Not permitted to change password',
      message:
        'the password of alice@AD.TEST was not changed by bob@AD.TEST: KRB5_KPASSWD_ACCESSDENIED ("Not permitted to change password")',
    })
    expect(error.hint).toMatch(/^bob@AD\.TEST may not set the password of alice@AD\.TEST\./)
    expect(await signsIn(OLD)).toBe(true)
  })

  test('that the policy refuses is refused with its rules, as numbers and as sentences', async () => {
    const { change, signsIn } = await place({
      passwordPolicy: { minimumLength: 8, historyLength: 2, complexity: true },
    })
    const error = await refusalOf(change({ newPassword: 'short' }))
    expect(error).toMatchObject({
      code: 'KRB5_KPASSWD_SOFTERROR',
      status: 400,
      unconfirmed: false,
      policy: { minimumLength: 8, historyLength: 2, properties: 1, complexity: true, maximumAge: 0, minimumAge: 0 },
      text: 'The password must have at least 8 characters. It must have characters of three kinds (capital and small letters, digits, others), and no part of the user’s name. It must be none of the last 2 passwords.',
    })
    expect(await signsIn(OLD)).toBe(true)
    // What the error says is enough to go on with.
    await change()
    expect(await refusalOf(change({ oldPassword: NEW, newPassword: OLD }))).toMatchObject({
      code: 'KRB5_KPASSWD_SOFTERROR',
    })
  })

  test('is not changed by who does not know the old one, and that is the user’s to mend', async () => {
    const { change, liar } = await place()
    const error = await refusalOf(change({ oldPassword: 'guessed' }))
    expect(error).toBeInstanceOf(KdcError)
    expect(error).toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED', status: 401, answer: { target: 'kadmin/changepw' } })
    expect(liar.asked).toEqual([])
  })

  test('is armored at sign-in where the caller has something to armor it with', async () => {
    const { change, realm, signsIn } = await place({ services: { web: { spns: ['HTTP/web.ad.test'] } } })
    await change({ armor: { keytab: realm.keytabFor('web') }, fast: 'require' })
    const last = realm.exchanges.findLast(({ service }) => service === 'kadmin/changepw')
    expect(last).toMatchObject({ client: 'alice@AD.TEST', outcome: 'issued', armored: true })
    expect(await signsIn(NEW)).toBe(true)
  })

  test('is changed when the clock here is off: the KDC’s counts', async () => {
    const { change, realm } = await place()
    await change({ now: () => realm.now - 3_600_000 })
  })
})

describe('a password server that lies', () => {
  const success = { code: 0, text: new Uint8Array(0) }
  const untrusted = (what: string) => ({
    error: RejectedTokenError,
    code: 'KRB_AP_ERR_MODIFIED',
    message: `password change: the server's reply ${what}`,
  })
  const lies: [string, ChangeLie, { error: unknown; code: string; message: string }][] = [
    [
      'another time of the authenticator',
      (told) => ({ ...told, apRep: { ...told.apRep, ctime: told.apRep.ctime + 1000 } }),
      untrusted('answers another request (ctime)'),
    ],
    [
      'another fraction of it',
      (told) => ({ ...told, apRep: { ...told.apRep, cusec: told.apRep.cusec ^ 1 } }),
      untrusted('answers another request (ctime)'),
    ],
    [
      'an AP-REP under another key',
      (told) => ({ ...told, apKey: Key.random(told.apKey.etype) }),
      {
        ...untrusted('does not open with the session key of the ticket'),
        code: 'KRB_AP_ERR_BAD_INTEGRITY',
      },
    ],
    [
      'a KRB-PRIV under another key',
      (told) => ({ ...told, privKey: Key.random(told.privKey.etype) }),
      { ...untrusted('does not open with the key that was made for it'), code: 'KRB_AP_ERR_BAD_INTEGRITY' },
    ],
    [
      'a KRB-PRIV under the session key, which was good for other requests',
      (told) => ({ ...told, privKey: told.apKey }),
      { ...untrusted('does not open with the key that was made for it'), code: 'KRB_AP_ERR_BAD_INTEGRITY' },
    ],
    [
      'a KRB-PRIV under the subkey of the AP-REP',
      (told) => ({ ...told, privKey: told.apRep.subkey ?? told.apKey }),
      { ...untrusted('does not open with the key that was made for it'), code: 'KRB_AP_ERR_BAD_INTEGRITY' },
    ],
    [
      'another number than the AP-REP announces',
      (told) => ({ ...told, priv: { ...told.priv, seqNumber: 4711 } }),
      untrusted('has another number than it announces (seq-number)'),
    ],
    [
      'no number where one is announced',
      ({ priv: { seqNumber: _, ...priv }, ...told }) => ({ ...told, priv }),
      untrusted('has another number than it announces (seq-number)'),
    ],
    [
      'another version',
      (told) => ({ ...told, version: 2 }),
      {
        error: MalformedTokenError,
        code: 'GSS_S_DEFECTIVE_TOKEN',
        message: 'KPASSWD.version: expected 1 or 0xff80, found 2',
      },
    ],
  ]

  test.each(lies)('is not believed: %s', async (_what, lie, { error: type, code, message }) => {
    const { change, liar } = await place()
    liar.lie = (told, asked) => lie({ ...told, result: success }, asked)
    const error = await refusalOf(change())
    expect(error).toBeInstanceOf(type)
    expect([error.code, error.message]).toEqual([code, message])
  })

  test('is believed when it answers by the other version, which is no lie', async () => {
    const { change, liar } = await place()
    liar.lie = (told) => ({ ...told, version: 0xff80 })
    await change()
  })

  const backs: [string, (krbPriv: Uint8Array) => Uint8Array][] = [
    ['as it was', (krbPriv) => krbPriv],
    [
      'with another version of the key around its seal',
      (krbPriv) => encode(KrbPriv, { encPart: { ...decode(KrbPriv, krbPriv).encPart, kvno: 7 } }),
    ],
  ]

  test.each(backs)('cannot send the request back as its answer, %s', async (_how, back) => {
    const { change, liar } = await place()
    // A password whose first octets would read as success is refused before anything is sent.
    expect(await refusalOf(change({ newPassword: '\0\0yes' }))).toBeInstanceOf(ConfigurationError)
    liar.instead = ({ krbPriv }, honest) => {
      const apLength = (honest[4] << 8) | honest[5]
      const answer = Uint8Array.of(...honest.subarray(0, 6 + apLength), ...back(krbPriv))
      answer.set([answer.length >> 8, answer.length & 0xff])
      return answer
    }
    expect(await refusalOf(change())).toMatchObject({
      code: 'KRB_AP_ERR_MODIFIED',
      message: "password change: the server's reply is the request itself, sent back",
      status: 502,
    })
  })
})

describe('what a password server says of the new password', () => {
  const sayings: [string, string, string, string][] = [
    ['at the end of what is shown', NEW, `${'.'.repeat(990)}${NEW}`, `${'.'.repeat(990)}…`],
    ['with characters that are shown otherwise', 'new\u202eSecret\u0007-2', 'not new\u202eSecret\u0007-2', 'not …'],
    ['with a line break in it', 'new\nSecret-2', 'not new\nSecret-2', 'not …'],
  ]

  test.each(sayings)('is not repeated, %s', async (_where, newPassword, said, text) => {
    const { change, liar } = await place()
    const result = { code: 4, text: new TextEncoder().encode(said) }
    liar.lie = (told) => ({ ...told, result })
    expect(await refusalOf(change({ newPassword }))).toMatchObject({ text, code: 'KRB5_KPASSWD_SOFTERROR' })
  })
})

describe('somebody on the way, who has no key,', () => {
  const forgeries: [string, (eData: Uint8Array | undefined) => Uint8Array][] = [
    ['in the frame of an answer', (eData) => framedError(forgedError(KRB.KRB_ERR_GENERIC, eData))],
    ['bare', (eData) => forgedError(KRB.KRB_ERR_GENERIC, eData)],
  ]

  test.each(forgeries)('cannot say that the password is changed, %s', async (_how, forged) => {
    const { change, liar } = await place()
    liar.instead = () => forged(encodeKpasswdResult({ code: 0, text: new Uint8Array(0) }))
    const error = await refusalOf(change())
    expect(error).toBeInstanceOf(RejectedTokenError)
    expect([error.code, error.message]).toEqual([
      'KRB_AP_ERR_MODIFIED',
      "password change: the server's reply says in an error that nobody has signed that the password is changed",
    ])
    expect(error.hint).toMatch(/^It is not known whether the password was changed: sign in with the new one to see\./)
  })

  test.each(forgeries)('can say no, and it is told as what nobody has signed, %s', async (_how, forged) => {
    const { change, liar } = await place()
    liar.instead = () => forged(encodeKpasswdResult({ code: 4, text: new TextEncoder().encode('too easy') }))
    expect(await refusalOf(change())).toMatchObject({
      name: 'PasswordChangeRefusedError',
      code: 'KRB5_KPASSWD_SOFTERROR',
      unconfirmed: true,
      text: 'too easy',
      message:
        'the password of alice@AD.TEST was not changed: KRB5_KPASSWD_SOFTERROR ("too easy", unconfirmed: nobody has signed it)',
      hint: 'Choose another new password: the server says "too easy" Nobody has signed this answer: if it was forged, the password may have been changed all the same. Sign in with the new one to see.',
    })
  })

  test.each([
    [KRB.KRB_AP_ERR_SKEW, 'KRB_AP_ERR_SKEW', /^The clock of the password server is another than that of the KDC/],
    [KRB.KRB_AP_ERR_REPEAT, 'KRB_AP_ERR_REPEAT', /^The server has seen this request before/],
    [KRB.KRB_AP_ERR_MODIFIED, 'KRB_AP_ERR_MODIFIED', /^The log of the password server/],
  ])('is told by the name of its error where there is no result (%d)', async (number, code, hint) => {
    const { change, liar } = await place()
    liar.instead = () => framedError(forgedError(number, undefined, 'because'))
    const error = await refusalOf(change())
    expect(error).toMatchObject({ code, unconfirmed: true, text: 'because', status: 502 })
    expect(error.hint).toMatch(hint)
  })

  test.each([
    ['nothing', new Uint8Array(0), 'KPASSWD.length'],
    ['a length that is not its own', Uint8Array.of(0, 9, 0, 1, 0, 0), 'KPASSWD.length'],
    ['no KRB-ERROR where one must be', Uint8Array.of(0, 8, 0, 1, 0, 0, 0x30, 0), 'KRB-ERROR'],
    ['an AP-REP that is none', Uint8Array.of(0, 9, 0, 1, 0, 2, 0x30, 0, 0x75), 'AP-REP'],
  ])('gains nothing by %s', async (_what, octets, path) => {
    const { change, liar } = await place()
    liar.instead = () => octets
    const error = await refusalOf(change())
    expect(error).toBeInstanceOf(MalformedTokenError)
    expect(error).toMatchObject({ path, status: 502 })
  })

  test('cannot answer with what another request was answered with', async () => {
    const { change, liar } = await place()
    let before: Uint8Array | undefined
    liar.instead = (_asked, honest) => (before ??= honest)
    await change()
    expect(await refusalOf(change({ oldPassword: NEW, newPassword: OLD }))).toMatchObject({
      code: 'KRB_AP_ERR_BAD_INTEGRITY',
    })
  })
})

test('no password is in what goes wrong, though the server says it', async () => {
  const { change, liar } = await place()
  const heard: unknown[] = []
  const listener = (event: unknown): void => void heard.push(event)
  subscribe(KDC_CHANNEL, listener)
  const says =
    (text: string): ((told: ToldChange) => ToldChange) =>
    (told) => ({
      ...told,
      result: { code: 4, text: new TextEncoder().encode(text) },
    })
  liar.lie = says(`'${NEW}' is in the dictionary\n\u001b[2J`)
  const error = await refusalOf(change())
  unsubscribe(KDC_CHANNEL, listener)
  expect(error).toMatchObject({ text: "'…' is in the dictionary \\u{1b}[2J" })
  const shown = [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), inspect(heard, { depth: 9 })]
  expect(shown.join()).not.toMatch(new RegExp(`${NEW}|${OLD}`))
  expect(heard).toContainEqual({
    kind: 'notice',
    level: 'info',
    code: 'KRB5_KPASSWD_SOFTERROR',
    message: error.message,
  })
  liar.lie = says('x'.repeat(60_000))
  expect((await refusalOf(change({ oldPassword: NEW }))).message.length).toBeLessThan(1_200)
})

test('each change is told, to whoever reads along and on the channel', async () => {
  const { change } = await place()
  const heard: unknown[] = []
  const lines: string[] = []
  const listener = (event: unknown): void => void heard.push(event)
  const line = (text: string): void => void lines.push(text)
  subscribe(KDC_CHANNEL, listener)
  await change({ logger: { debug: line, info: line, warn: line, error: line } })
  await change(asAdministrator())
  unsubscribe(KDC_CHANNEL, listener)
  const notice = (by: string) => ({
    kind: 'notice',
    level: 'info',
    code: 'KRB5_KPASSWD_SUCCESS',
    message: `the password of alice@AD.TEST was changed by ${by}`,
  })
  expect(heard).toContainEqual(notice('its owner'))
  expect(heard).toContainEqual(notice('root@AD.TEST'))
  expect(heard).toContainEqual(
    expect.objectContaining({ kind: 'exchange', step: 'AS', serviceName: 'kadmin/changepw' }),
  )
  expect(lines).toContain('KRB5_KPASSWD_SUCCESS: the password of alice@AD.TEST was changed by its owner')
})

describe('options of a change', () => {
  const bad: [string, object, string][] = [
    ['neither the old password nor credentials', { oldPassword: undefined }, 'one of oldPassword and credentials'],
    ['both of them', { credentials: { principal: 'root', password: 'pw-root' } }, 'one of oldPassword and credentials'],
    ['no principal', { principal: undefined }, 'principal is to be a text'],
    ['an old password that is null', { oldPassword: null }, 'password must be a text'],
    ['no new password', { newPassword: undefined }, 'the new password must be a text that is not empty'],
    ['a name that is no option', { password: NEW }, '"password" is not an option'],
  ]
  test.each(bad)('are refused: %s', async (_what, options, words) => {
    const { change, liar } = await place()
    const error = await refusalOf(change(options))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toContain(words)
    expect(inspect(error)).not.toMatch(new RegExp(`${NEW}|${OLD}`))
    expect(liar.asked).toEqual([])
  })

  test('may end it: nothing is sent then', async () => {
    const { change, liar } = await place()
    await expect(change({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone')
    expect(liar.asked).toEqual([])
  })

  test('may name a transport that does not answer', async () => {
    const { change } = await place()
    const error = await refusalOf(change({ kpasswd: () => new Promise(() => {}), timeLimit: 200 }))
    expect(error).toBeInstanceOf(KdcUnreachableError)
    expect(error.code).toBe('KRB5_KPASSWD_OUTCOME_UNKNOWN')
  })
})
