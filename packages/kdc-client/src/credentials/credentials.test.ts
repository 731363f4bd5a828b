import { type ForwardedTicket, kerberosFlags, Key, parsePrincipal, type PrincipalName, TicketFlag } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { openCredentialCache } from '../credential-caches/open-credential-cache.js'
import { authorityOf } from './credentials.js'
import { grantingTicketOf } from '../tickets/forwarded-ticket.js'

const KRBTGT = { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] }
const NONE = { realm: undefined, defaultRealm: undefined }

function forwarded(more: Partial<ForwardedTicket> = {}, sname: PrincipalName = KRBTGT, realm = 'AD.TEST') {
  return {
    client: parsePrincipal('alice@AD.TEST'),
    ticket: { realm, sname, encPart: { etype: 18, cipher: new Uint8Array(8) } },
    sessionKey: Key.random(18),
    flags: kerberosFlags(TicketFlag.FORWARDED),
    expiresAt: 9_000,
    ...more,
  }
}

describe('a forwarded ticket-granting ticket', () => {
  test.each([
    [{ authenticatedAt: 1_000, startsAt: 2_000, renewableUntil: 20_000 }],
    [{ authtime: 1_000, starttime: 2_000, renewTill: 20_000 }],
    [{ authtime: 1, starttime: 2, renewTill: 3, authenticatedAt: 1_000, startsAt: 2_000, renewableUntil: 20_000 }],
  ])('is kept with all that its holder must know, its times given as %j', (times) => {
    const given = forwarded(times)
    const tgt = grantingTicketOf(given)
    expect(tgt).toStrictEqual({
      client: given.client,
      service: { name: KRBTGT, realm: 'AD.TEST' },
      ticket: given.ticket,
      sessionKey: given.sessionKey,
      flags: given.flags,
      authenticatedAt: 1_000,
      startsAt: 2_000,
      expiresAt: 9_000,
      renewableUntil: 20_000,
    })
    expect(Object.isFrozen(tgt)).toBe(true)
  })

  test.each([
    [{}, { authenticatedAt: 0, startsAt: 0 }],
    [{ authenticatedAt: 1_000 }, { authenticatedAt: 1_000, startsAt: 1_000 }],
    [{ startsAt: 2_000 }, { authenticatedAt: 2_000, startsAt: 2_000 }],
  ])('with the times %j begins at %j, and cannot be renewed', (given, times) => {
    const tgt = grantingTicketOf(forwarded(given))
    expect(tgt).toMatchObject(times)
    expect(tgt).not.toHaveProperty('renewableUntil')
  })

  const HINT =
    'A client forwards a ticket-granting ticket of its own realm. Whoever wrote another one there wants this service to ask a KDC of his.'
  const name = (...nameString: string[]): PrincipalName => ({ nameType: 2, nameString })

  test.each<[string, ForwardedTicket, string | undefined, string]>([
    ['of a service', forwarded({}, name('HTTP', 'AD.TEST')), undefined, 'HTTP/AD.TEST@AD.TEST'],
    ['of one component', forwarded({}, name('krbtgt')), undefined, 'krbtgt@AD.TEST'],
    ['of three', forwarded({}, name('krbtgt', 'AD.TEST', 'x')), undefined, 'krbtgt/AD.TEST/x@AD.TEST'],
  ])('%s is none', (_what, given, realm, found) => {
    expect(() => grantingTicketOf(given, realm)).toThrow(
      expect.objectContaining({
        ...{ name: 'RejectedTokenError', code: 'KRB_AP_ERR_BADMATCH', status: 403, hint: HINT },
        message: `the ticket that alice@AD.TEST forwarded cannot be used: ${found} is no ticket-granting service`,
      }),
    )
  })

  test.each<[string, ForwardedTicket, string | undefined, string]>([
    ['for the KDC of', forwarded({}, name('krbtgt', 'MALLORY.TEST')), undefined, 'AD.TEST'],
    ['given by', forwarded({}, KRBTGT, 'MALLORY.TEST'), undefined, 'AD.TEST'],
    ['given by', forwarded({}, KRBTGT, 'MALLORY.TEST'), 'WEST.TEST', 'AD.TEST and WEST.TEST'],
  ])('%s another realm is none', (_what, given, realm, known) => {
    expect(() => grantingTicketOf(given, realm)).toThrow(
      expect.objectContaining({
        ...{ code: 'KRB_AP_ERR_BADMATCH', status: 403, hint: HINT },
        message: `the ticket that alice@AD.TEST forwarded cannot be used: it is one for the KDC of MALLORY.TEST, and only ${known} may be asked with it`,
      }),
    )
  })

  test('may be for the KDC of the realm that was given, in any case of its letters', () => {
    expect(grantingTicketOf(forwarded({}, name('krbtgt', 'west.test'), 'ad.test'), 'WEST.TEST').service).toEqual({
      name: name('krbtgt', 'west.test'),
      realm: 'ad.test',
    })
  })
})

describe('what credentials are', () => {
  test('is a ticket that is ready, of whoever forwarded it', async () => {
    const tgt = forwarded()
    const authority = authorityOf({ tgt }, NONE)
    expect(authority).toMatchObject({ kind: 'ready-ticket', principal: tgt.client })
    if (authority.kind !== 'ready-ticket') throw new Error('it is none')
    expect(authority.tgt()).toBe(authority.tgt())
    expect((await authority.tgt()).ticket).toBe(tgt.ticket)
    const elsewhere = forwarded({}, KRBTGT, 'MALLORY.TEST')
    expect(() => authorityOf({ tgt: elsewhere }, NONE)).toThrow('only AD.TEST may be asked with it')
    expect(authorityOf({ tgt: elsewhere }, { realm: 'MALLORY.TEST', defaultRealm: undefined }).kind).toBe(
      'ready-ticket',
    )
  })

  test.each([
    [{ realm: 'A.TEST', defaultRealm: 'B.TEST' }, 'A.TEST'],
    [{ realm: undefined, defaultRealm: 'B.TEST' }, 'B.TEST'],
  ])('is a password of the realm, with %j', (realms, realm) => {
    expect(authorityOf({ principal: 'web', password: 'x' }, realms).principal.realm).toBe(realm)
  })

  test('is a credential cache, which says whose it is', () => {
    expect(() => authorityOf({ ccache: openCredentialCache('/nowhere/ccache') }, NONE)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'KRB5_FCC_NOFILE' }),
    )
  })

  test('has the default encryption types where none are named', () => {
    const types = (etypes?: readonly number[]) => {
      const authority = authorityOf({ principal: 'web@AD.TEST', password: 'x' }, NONE, etypes)
      return authority.kind === 'sign-in' && authority.etypes
    }
    expect(types()).toContain(18)
    expect(types()).not.toContain(23)
    expect(types([23])).toEqual([23])
  })
})

describe('a one-time password', () => {
  test('is one of the credentials, with or without what goes beside it', () => {
    const given = { principal: 'otto@AD.TEST', otp: '755224' }
    expect(authorityOf(given, NONE)).toMatchObject({ kind: 'sign-in', isGuessable: true, otp: expect.anything() })
    expect(authorityOf({ ...given, password: 'pin' }, NONE)).toMatchObject({ kind: 'sign-in', otp: expect.anything() })
  })

  test('is nobody’s without a principal', () => {
    // @ts-expect-error there is no principal
    expect(() => authorityOf({ otp: '755224' }, NONE)).toThrow('credentials have a one-time password, and no principal')
  })
})
