import { ApOption, kerberosFlags, Krb5Conf, TicketFlag } from '@s4u/krb5'
import type { ApReq, Authenticator, EncTicketPart } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import {
  refuseUserToUser,
  requireClock,
  requireSameClient,
  requirePermittedKey,
  requireTicketTime,
} from './ap-req-checks.js'
import { etypePermissionOf } from '../options/krb5-conf-settings.js'
import { issue, keyOf, NOW } from '../fixtures/issued-token.js'

const SKEW = 300_000
const none = Krb5Conf.merge([])
const refusal = (code: string, message: string, hint?: string) =>
  expect.objectContaining({ name: 'RejectedTokenError', code, message, hint })

const alice = { nameType: 1, nameString: ['alice'] }
const ticketOf = (changes: Partial<EncTicketPart> = {}): EncTicketPart => ({
  flags: kerberosFlags(),
  key: keyOf(7),
  crealm: 'AD.TEST',
  cname: alice,
  transited: { trType: 1, contents: new Uint8Array(0) },
  authtime: NOW - 1_000,
  endtime: NOW + 1_000,
  ...changes,
})
const authenticatorOf = (changes: Partial<Authenticator> = {}): Authenticator => ({
  crealm: 'AD.TEST',
  cname: alice,
  ctime: NOW,
  cusec: 0,
  ...changes,
})

test('a client that asks for user-to-user authentication is refused', () => {
  const { ticket } = issue()
  const apReq = (...options: readonly number[]): ApReq => ({
    apOptions: kerberosFlags(...options),
    ticket,
    authenticator: ticket.encPart,
  })
  expect(() => refuseUserToUser(apReq(ApOption.USE_SESSION_KEY))).toThrow(
    refusal(
      'KRB_AP_ERR_NO_TGT',
      'the client asks for user-to-user authentication, and a service has no TGT to be asked for',
      'The SPN belongs to an account for which the KDC demands user-to-user: give the service an account with a key.',
    ),
  )
  expect(() => refuseUserToUser(apReq())).not.toThrow()
  expect(() => refuseUserToUser(apReq(ApOption.MUTUAL_REQUIRED))).not.toThrow()
})

describe('the client of the authenticator', () => {
  test.each<[string, Partial<Authenticator>]>([
    ['name', { cname: { nameType: 1, nameString: ['bob'] } }],
    ['longer name', { cname: { nameType: 1, nameString: ['alice', 'admin'] } }],
    ['realm', { crealm: 'EVIL.TEST' }],
    ['letter case of the realm', { crealm: 'ad.test' }],
  ])('is not one of another %s', (_what, changes) => {
    expect(() => requireSameClient(authenticatorOf(changes), ticketOf())).toThrow(
      refusal('KRB_AP_ERR_BADMATCH', 'the authenticator is in the name of another client than the ticket'),
    )
  })

  test('is that of the ticket, whatever type its name has', () => {
    expect(() => requireSameClient(authenticatorOf(), ticketOf())).not.toThrow()
    const enterprise = { nameType: 10, nameString: ['alice'] }
    expect(() => requireSameClient(authenticatorOf({ cname: enterprise }), ticketOf())).not.toThrow()
  })
})

describe('the clock of the client', () => {
  test.each([
    [SKEW, 0],
    [-SKEW, 0],
    [SKEW - 1_000, 1_000_000 - 1],
    [SKEW, 999],
    [-SKEW - 1, 1_000],
  ])('may be %s ms and %s µs apart', (apart, cusec) => {
    expect(() => requireClock(authenticatorOf({ ctime: NOW + apart, cusec }), NOW, SKEW)).not.toThrow()
  })

  test.each([
    [SKEW, 1_000, 'client clock 00:05:00 ahead'],
    [SKEW + 1, 0, 'client clock 00:05:00 ahead'],
    [-SKEW - 1, 0, 'client clock 00:05:00 behind'],
    [3_723_000, 0, 'client clock 01:02:03 ahead'],
    [-45_296_000, 0, 'client clock 12:34:56 behind'],
    [360_000_000, 0, 'client clock 100:00:00 ahead'],
  ])('is refused at %s ms and %s µs: %s', (apart, cusec, message) => {
    expect(() => requireClock(authenticatorOf({ ctime: NOW + apart, cusec }), NOW, SKEW)).toThrow(
      refusal(
        'KRB_AP_ERR_SKEW',
        message,
        'Synchronise the clocks of client and server; 00:05:00 are tolerated. A token that somebody kept and sent later gives the same error.',
      ),
    )
  })
})

describe('the times of the ticket', () => {
  test.each<[string, Partial<EncTicketPart>]>([
    ['begins as late as the skew allows', { starttime: NOW + SKEW }],
    ['ended as early as the skew allows', { endtime: NOW - SKEW }],
    ['began, though its user signed in later', { starttime: NOW, authtime: NOW + SKEW + 1 }],
    ['has no start, and its user signed in', { authtime: NOW + SKEW }],
  ])('are good when it %s', (_when, changes) => {
    expect(() => requireTicketTime(ticketOf(changes), NOW, SKEW)).not.toThrow()
  })

  const NOT_YET = 'The clock of this server is behind that of the KDC, or the ticket is postdated.'
  const OVER = 'The client must get a new ticket. If it has a fresh one, the clock of this server is ahead.'
  test.each<[Partial<EncTicketPart>, string, string, string | undefined]>([
    [
      { flags: kerberosFlags(TicketFlag.INVALID) },
      'KRB_AP_ERR_TKT_NYV',
      'the ticket is postdated and was not validated',
      undefined,
    ],
    [{ starttime: NOW + SKEW + 1 }, 'KRB_AP_ERR_TKT_NYV', 'the ticket becomes valid in 00:05:00', NOT_YET],
    [{ starttime: NOW + 3_661_000 }, 'KRB_AP_ERR_TKT_NYV', 'the ticket becomes valid in 01:01:01', NOT_YET],
    [{ authtime: NOW + 600_000 }, 'KRB_AP_ERR_TKT_NYV', 'the ticket becomes valid in 00:10:00', NOT_YET],
    [{ endtime: NOW - SKEW - 1 }, 'KRB_AP_ERR_TKT_EXPIRED', 'the ticket expired 00:05:00 ago', OVER],
    [{ endtime: NOW - 3_661_000 }, 'KRB_AP_ERR_TKT_EXPIRED', 'the ticket expired 01:01:01 ago', OVER],
  ])('%#: are refused', (changes, code, message, hint) => {
    expect(() => requireTicketTime(ticketOf(changes), NOW, SKEW)).toThrow(refusal(code, message, hint))
  })
})

describe('a key that a context is made of', () => {
  const hint =
    'Let the KDC issue AES session keys (msDS-SupportedEncryptionTypes of the service account), or set allowWeakEncryption for rc4-hmac.'

  test.each([
    [18, false, true],
    [17, false, true],
    [20, false, true],
    [23, true, true],
    [23, false, false],
    [3, false, false],
    [3, true, false],
    [4711, true, false],
  ])('of type %s, weak ones allowed: %s, is taken: %s', (etype, allowWeak, taken) => {
    const check = () =>
      requirePermittedKey(keyOf(1, etype), 'subkey', etypePermissionOf({ allowWeakEncryption: allowWeak }, none))
    if (taken) expect(check).not.toThrow()
    else expect(check).toThrow(expect.objectContaining({ code: 'KDC_ERR_ETYPE_NOSUPP', hint }))
  })

  test('is refused with its part and its type', () => {
    expect(() => requirePermittedKey(keyOf(1, 23), 'session key', etypePermissionOf({}, none))).toThrow(
      refusal('KDC_ERR_ETYPE_NOSUPP', 'the session key is of type rc4-hmac, which may not be used', hint),
    )
  })
})
