import {
  encode,
  EncTicketPart,
  Key,
  kerberosFlags,
  Keytab,
  type KeytabEntry,
  KeyUsage,
  parsePrincipal,
  sealEncryptedData,
  TicketFlag,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { keytabAuthority } from '../credentials/keytab-authority.js'
import { verifyOwnTicket } from './verify-own-ticket.js'
import { passwordAuthority } from '../credentials/password-authority.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { Authority } from '../credentials/authority.js'

const REALM = 'AD.TEST'
const keyOf = (octet: number, etype = 18): Key => new Key(etype, new Uint8Array(etype === 18 ? 32 : 16).fill(octet))
const entry = (kvno: number, key: Key, name = 'web'): KeytabEntry => ({
  principal: parsePrincipal(name, { realm: REALM }),
  kvno,
  key,
  timestamp: 0,
})
const NONE = { realm: undefined, defaultRealm: undefined }
const keytabOf = (...entries: KeytabEntry[]): Authority =>
  keytabAuthority({ principal: 'web', keytab: new Keytab(entries) }, NONE, [18, 17])

const OLD = keyOf(1)
const NEW = keyOf(2)
const OTHERS = keyOf(3)
const SESSION = keyOf(9)
const alice = parsePrincipal('alice', { realm: REALM })
const flags = kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.PRE_AUTHENT, TicketFlag.RENEWABLE)
const TIMES = { authtime: 1_000, starttime: 2_000, endtime: 9_000, renewTill: 20_000 }

/** A ticket with what a KDC would say of it, and what is different in it. */
function issued(inside: Partial<EncTicketPart> = {}, { key = NEW, kvno = 2 as number | null } = {}): ServiceTicket {
  const part: EncTicketPart = {
    ...{ flags, key: SESSION, crealm: REALM, cname: alice.name, ...TIMES },
    transited: { trType: 1, contents: new Uint8Array(0) },
    ...inside,
  }
  const encPart = sealEncryptedData(encode(EncTicketPart, part), key, KeyUsage.TICKET, undefined, kvno ?? undefined)
  const service = parsePrincipal('web', { realm: REALM })
  return {
    ...{ client: alice, service, ticket: { realm: REALM, sname: service.name, encPart }, sessionKey: SESSION, flags },
    ...{ authenticatedAt: 1_000, startsAt: 2_000, expiresAt: 9_000, renewableUntil: 20_000 },
  }
}

const both = keytabOf(entry(2, NEW), entry(1, OLD))
/** Whether the KDC signed the name makes no difference where there is a key. */
const verdict = async (ticket: ServiceTicket, authority = both): Promise<unknown> => {
  const [unsigned, signed] = await Promise.all(
    [false, true].map((isSigned) =>
      verifyOwnTicket(ticket, isSigned, authority).then(
        () => 'believed',
        (error: unknown) => error,
      ),
    ),
  )
  expect(String(signed)).toBe(String(unsigned))
  return signed
}

describe('a ticket to ourselves that the KDC speaks of as it is', () => {
  test.each([
    ['by the key of its version', issued()],
    ['by an older key', issued({}, { key: OLD, kvno: 1 })],
    ['whatever its version says', issued({}, { kvno: 77 })],
    ['without a version', issued({}, { kvno: null })],
    ['without a beginning of its own', { ...issued({ starttime: undefined }), startsAt: 1_000 }],
    [
      'not renewable, whatever is left of how long it would be',
      {
        ...issued({ flags: kerberosFlags(TicketFlag.FORWARDABLE) }),
        flags: kerberosFlags(TicketFlag.FORWARDABLE),
        renewableUntil: undefined,
      },
    ],
    [
      'with a flag that is for the client alone',
      { ...issued(), flags: kerberosFlags(1, 8, 10, TicketFlag.ENC_PA_REP) },
    ],
  ])('is believed: %s', async (_how, ticket) => {
    expect(await verdict(ticket)).toBe('believed')
  })
})

describe('a ticket to ourselves is not believed, signed name or not, when', () => {
  test.each([
    ['its session key is another', issued({ key: keyOf(10) }), /another session key/],
    ['its session key is of another type', issued({ key: keyOf(9, 17) }), /another session key/],
    [
      'it names another user',
      issued({ cname: parsePrincipal('mallory', { realm: REALM }).name }),
      /names mallory@AD.TEST/,
    ],
    ['it names a user of another realm', issued({ crealm: 'EVIL.TEST' }), /names alice@EVIL.TEST/],
    [
      'it is not forwardable',
      issued({ flags: kerberosFlags(TicketFlag.PRE_AUTHENT, TicketFlag.RENEWABLE) }),
      /forwardable/,
    ],
    ['it has a flag more', issued({ flags: kerberosFlags(1, 8, 10, TicketFlag.INITIAL) }), /other flags/],
    ['it has a flag less', issued({ flags: kerberosFlags(1, 8) }), /other flags/],
    ['it was authenticated at another time', issued({ authtime: 0 }), /other times/],
    ['it begins at another time', issued({ starttime: 3_000 }), /other times/],
    ['it ends at another time', issued({ endtime: 90_000 }), /other times/],
    ['it can be renewed for longer', issued({ renewTill: 90_000 }), /other times/],
  ])('%s', async (_what, ticket, message) => {
    expect(await verdict(ticket)).toMatchObject({
      code: 'KRB_AP_ERR_BADMATCH',
      message: expect.stringMatching(message),
    })
  })

  test('the key of its version does not open it', async () => {
    expect(await verdict(issued({}, { key: OTHERS }))).toMatchObject({
      name: 'RejectedTokenError',
      code: 'KRB_AP_ERR_BAD_INTEGRITY',
    })
  })

  test.each([
    ['version', issued({}, { key: OTHERS, kvno: 3 })],
    ['type', issued({}, { key: keyOf(1, 17), kvno: 2 })],
  ])('there is no key of its %s', async (_what, ticket) => {
    expect(await verdict(ticket)).toMatchObject({ name: 'MissingKeyError', code: 'KRB_AP_ERR_NOKEY' })
  })

  test('it opens with the key of another principal in the keytab', async () => {
    const shared = keytabOf(entry(2, NEW), entry(3, OTHERS, 'HTTP/intranet.ad.test'))
    expect(await verdict(issued({}, { key: OTHERS, kvno: 3 }), shared)).toMatchObject({ name: 'MissingKeyError' })
  })
})

describe('the keytab is read again before a ticket is refused', () => {
  const rotated = (before: KeytabEntry[], after: KeytabEntry[]) => {
    let reads = 0
    const reload = (): Keytab => (reads++, new Keytab(after))
    const authority = keytabAuthority({ principal: 'web', keytab: new Keytab(before), reload }, NONE, [18])
    return { authority, reads: () => reads }
  }

  test.each([
    ['a new version', [entry(1, OLD)], [entry(2, NEW), entry(1, OLD)]],
    ['another key of the same version', [entry(2, OLD)], [entry(2, NEW)]],
  ])('for %s', async (_what, before, after) => {
    const { authority, reads } = rotated(before, after)
    await expect(verifyOwnTicket(issued(), true, authority)).resolves.toBeUndefined()
    expect(reads()).toBe(1)
  })

  test('and not before one is believed', async () => {
    const { authority, reads } = rotated([entry(2, NEW)], [])
    await verifyOwnTicket(issued(), false, authority)
    expect(reads()).toBe(0)
  })

  test('once', async () => {
    const { authority, reads } = rotated([entry(1, OLD)], [entry(1, OLD)])
    await expect(verifyOwnTicket(issued(), true, authority)).rejects.toMatchObject({ name: 'MissingKeyError' })
    expect(reads()).toBe(1)
  })
})

describe('of a password', () => {
  const authority = passwordAuthority({ principal: 'web', password: 'secret' }, REALM, [18, 17])

  test('the key is derived and tried', async () => {
    const key = await Key.fromPassword(18, 'secret', `${REALM}web`)
    await expect(verifyOwnTicket(issued({}, { key }), false, authority)).resolves.toBeUndefined()
    expect(await verdict(issued({}, { key: OTHERS }), authority)).toMatchObject({ name: 'MissingKeyError' })
  })

  test('the key is derived with the salt and parameters that the KDC told for the type of the ticket', async () => {
    const s2kparams = Uint8Array.of(0, 0, 0x20, 0)
    const key = await Key.fromPassword(18, 'secret', 'renamed', s2kparams)
    const salted = passwordAuthority({ principal: 'web', password: 'secret' }, REALM, [18, 17])
    await salted.keyFor({ etype: 17, salt: 'of another type' })
    expect(await verdict(issued({}, { key }), salted)).toMatchObject({ name: 'MissingKeyError' })
    const told = passwordAuthority({ principal: 'web', password: 'secret' }, REALM, [18, 17])
    told.learn?.([
      { etype: 18, salt: 'renamed', s2kparams },
      { etype: 17, salt: 'of another type' },
    ])
    await told.keyFor({ etype: 17, salt: 'of another type' })
    expect(await verdict(issued({}, { key }), told)).toBe('believed')
  })
})

test('without any key, the name must be signed', async () => {
  const authority: Authority = {
    kind: 'ready-ticket',
    principal: parsePrincipal('web', { realm: REALM }),
    tgt: () => expect.unreachable(),
  }
  await expect(verifyOwnTicket(issued(), true, authority)).resolves.toBeUndefined()
  await expect(verifyOwnTicket(issued(), false, authority)).rejects.toMatchObject({
    name: 'MissingKeyError',
    code: 'KRB_AP_ERR_NOKEY',
  })
})

test('no error shows a key', async () => {
  const error = await verdict(issued({ key: keyOf(10) }))
  expect(JSON.stringify(error) + String(error)).not.toMatch(/0a0a|0909|CgoK|CQkJ/)
})

describe('the errors say what was found, and what to do', () => {
  const AES = 'aes256-cts-hmac-sha1-96'
  const UP_TO_DATE =
    'Bring the keytab or password of web@AD.TEST up to date. If it is, the ticket is not the one that the KDC has sent.'
  const CHANGED = 'The reply was changed on the way from the KDC, or the KDC does not support S4U2Self.'
  const forwardable = kerberosFlags(TicketFlag.FORWARDABLE)

  test.each<[string, ServiceTicket, string, string]>([
    [
      'of a version that is not there',
      issued({}, { key: OTHERS, kvno: 3 }),
      `S4U2Self: no key of web@AD.TEST opens the ticket for alice@AD.TEST (encryption type ${AES}, version 3)`,
      UP_TO_DATE,
    ],
    [
      'without a version',
      issued({}, { key: OTHERS, kvno: null }),
      `S4U2Self: no key of web@AD.TEST opens the ticket for alice@AD.TEST (encryption type ${AES})`,
      UP_TO_DATE,
    ],
    [
      'that is less than was said',
      { ...issued({ flags: kerberosFlags() }), flags: forwardable },
      'S4U2Self: the reply says that its ticket is forwardable, and the ticket says otherwise',
      CHANGED,
    ],
    [
      'that is more than was said',
      { ...issued({ flags: forwardable }), flags: kerberosFlags() },
      'S4U2Self: the reply says that its ticket is not forwardable, and the ticket says otherwise',
      CHANGED,
    ],
  ])('of a ticket %s', async (_what, ticket, message, hint) => {
    expect(await verdict(ticket)).toMatchObject({ message, hint })
  })

  test('where there is no key at all', async () => {
    const principal = parsePrincipal('web', { realm: REALM })
    const authority: Authority = { kind: 'ready-ticket', principal, tgt: () => expect.unreachable() }
    await expect(verifyOwnTicket(issued(), false, authority)).rejects.toMatchObject({
      message: `S4U2Self: nothing proves that the ticket is for alice@AD.TEST: the KDC has neither signed it nor armored its reply, and there is no key to open it with (encryption type ${AES}, version 2)`,
      hint: 'Sign in with a keytab or a password: this KDC does not support S4U2Self by a credential cache safely.',
    })
  })
})
