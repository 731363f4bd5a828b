import { kerberosFlags, KeyUsage, MissingKeyError, type S4uErrorCode, TicketFlag } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import {
  DOMAIN_SID,
  entryOf,
  type IssueOptions,
  issue,
  keyOf,
  keytabOf,
  oddToken,
  SERVICE_KEY,
  SPN,
} from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'
import { isKeyTrouble } from './ticket-opener.js'

const refusalOf = async (credential: IssueOptions, options: AcceptorOptions = {}) =>
  refused(await acceptorWith(options).accept(oddToken(issue(credential)))).error

describe('a ticket that no key opens is refused with what is known', () => {
  const kvno = (...list: readonly number[]) => keytabOf(...list.map((one) => entryOf(SPN, one, keyOf(one))))
  const tried = (count: number): string =>
    Array.from({ length: count }, (_, at) => `HTTP/web.ad.test@AD.TEST kvno ${9 - at}`).join(', ')

  test.each<[string, IssueOptions, AcceptorOptions, object]>([
    [
      'it is for another service',
      { service: 'HTTP/other.ad.test', key: keyOf(50) },
      {},
      {
        name: 'RejectedTokenError',
        code: 'KRB_AP_ERR_NOT_US',
        message:
          'the ticket for HTTP/other.ad.test@AD.TEST (aes256-cts-hmac-sha1-96, kvno 1) does not open with any key of the keytab; tried HTTP/web.ad.test@AD.TEST kvno 1',
        hint: 'The client asked for another service: look at the host name in the URL and at DNS aliases. Add the name to the account and its key to the keytab, and to service where that is given.',
      },
    ],
    [
      'there is no key of its type',
      { key: keyOf(1, 17) },
      {},
      {
        name: 'MissingKeyError',
        code: 'KRB_AP_ERR_NOKEY',
        message:
          'the ticket for HTTP/web.ad.test@AD.TEST (aes128-cts-hmac-sha1-96, kvno 1) does not open with any key of the keytab; tried none',
        hint: 'Export the keytab with all encryption types of the account, or set msDS-SupportedEncryptionTypes to what the keytab has.',
      },
    ],
    [
      'there is no key of its version',
      { key: keyOf(50), kvno: 9 },
      {},
      {
        name: 'MissingKeyError',
        code: 'KRB_AP_ERR_BADKEYVER',
        message:
          'the ticket for HTTP/web.ad.test@AD.TEST (aes256-cts-hmac-sha1-96, kvno 9) does not open with any key of the keytab; tried HTTP/web.ad.test@AD.TEST kvno 1',
        hint: 'The password of the service account was changed after the keytab was written: export it again. Clients keep old tickets until these end, so keep the old keys as well.',
      },
    ],
    [
      'the key of its version is another one',
      { key: keyOf(50), kvno: 9 },
      { keytab: kvno(1, 2, 3, 4, 5, 6, 7, 8, 9) },
      {
        name: 'RejectedTokenError',
        code: 'KRB_AP_ERR_BAD_INTEGRITY',
        message: `the ticket for HTTP/web.ad.test@AD.TEST (aes256-cts-hmac-sha1-96, kvno 9) does not open with any key of the keytab; tried ${tried(8)}`,
        hint: 'The usual causes: the SPN is registered on another account than the one in the keytab (setspn -Q), the password was changed without a new keytab, or a host alias leads to another account. Else the ticket was damaged on the way.',
      },
    ],
  ])('when %s', async (_when, credential, options, error) => {
    expect(await refusalOf(credential, options)).toMatchObject(error)
  })

  test('when it names no version', async () => {
    const credential = issue({ key: keyOf(50) })
    const { encPart } = credential.ticket
    const ticket = { ...credential.ticket, encPart: { etype: encPart.etype, cipher: encPart.cipher } }
    const { error } = refused(await acceptorWith().accept(oddToken({ ...credential, ticket })))
    expect(error).toMatchObject({ code: 'KRB_AP_ERR_BAD_INTEGRITY' })
    expect(error.message).toContain('(aes256-cts-hmac-sha1-96, without kvno)')
  })
})

test.each<[S4uErrorCode, boolean]>([
  ['KRB_AP_ERR_NOKEY', true],
  ['KRB_AP_ERR_BADKEYVER', true],
  ['KRB_AP_ERR_BAD_INTEGRITY', true],
  ['KRB_AP_ERR_NOT_US', true],
  ['KRB_AP_ERR_MODIFIED', false],
])('a newer keytab may help with %s: %s', (code, helps) => {
  expect(isKeyTrouble(new MissingKeyError('', { code }))).toBe(helps)
  expect(isKeyTrouble(Object.assign(new Error(''), { code }))).toBe(false)
})

describe('a ticket that opens is refused with the reason', () => {
  test.each<[string, IssueOptions, AcceptorOptions, object]>([
    [
      'its client is anonymous',
      { client: 'WELLKNOWN/ANONYMOUS', pac: false },
      {},
      { name: 'RejectedTokenError', code: 'KDC_ERR_POLICY', message: 'the client is anonymous' },
    ],
    [
      'it has no PAC',
      { pac: false },
      { requirePac: true },
      {
        name: 'RejectedTokenError',
        code: 'KDC_ERR_POLICY',
        message: 'the ticket of a user of AD.TEST has no PAC',
        hint: 'The client asked for a ticket without one, or the service account has NO_AUTH_DATA_REQUIRED set in userAccountControl. Tickets of that realm have one, as the option requirePac or domainSids says, or an earlier ticket showed; requirePac: false takes such users to be in no group.',
      },
    ],
    [
      'its session key is weak',
      { sessionKey: keyOf(7, 23) },
      {},
      { code: 'KDC_ERR_ETYPE_NOSUPP', message: 'the session key is of type rc4-hmac, which may not be used' },
    ],
  ])('when %s', async (_when, credential, options, error) => {
    expect(await refusalOf(credential, options)).toMatchObject(error)
  })

  test('of a client that no flag calls anonymous is no refusal', async () => {
    const flags = kerberosFlags(TicketFlag.FORWARDABLE)
    accepted(await acceptorWith().accept(oddToken(issue({ part: { flags } }))))
  })
})

describe('a ticket that was opened before', () => {
  const twice = async (options: AcceptorOptions = {}) => {
    const seen: (boolean | undefined)[] = []
    const acceptor = acceptorWith({
      ...options,
      onEvent: (event) => {
        if (event.kind === 'exchange') seen.push(event.ticketSeenBefore)
      },
    })
    return { acceptor, seen }
  }

  test('is known as such', async () => {
    const { acceptor, seen } = await twice()
    const credential = issue()
    for (let times = 0; times < 4; times++) accepted(await acceptor.accept(oddToken(credential)))
    expect(seen).toEqual([false, true, true, true])
  })

  test('is opened anew when its name or realm reads otherwise, and the first one stays', async () => {
    const { acceptor } = await twice({ serviceAliases: ['HTTP/alias.test'] })
    const credential = issue()
    const { ticket } = credential
    const shown = async (changed: Partial<typeof ticket>) => {
      const { evidence } = accepted(
        await acceptor.accept(oddToken({ ...credential, ticket: { ...ticket, ...changed } })),
      ).identity
      return evidence?.kind === 'ticket' ? evidence.ticket : undefined
    }
    for (let times = 0; times < 3; times++) await shown({})
    const sname = { nameType: 2, nameString: ['HTTP', 'alias.test'] }
    for (let times = 0; times < 3; times++) {
      expect(await shown({ sname })).toMatchObject({ sname, realm: 'AD.TEST' })
      expect(await shown({ realm: 'ad.test' })).toMatchObject({ sname: ticket.sname, realm: 'ad.test' })
      expect(await shown({})).toMatchObject({ sname: ticket.sname, realm: 'AD.TEST' })
    }
  })

  test('is evidence with the octets of the ticket alone', async () => {
    const { evidence } = accepted(await acceptorWith().accept(oddToken(issue()))).identity
    if (evidence?.kind !== 'ticket') throw new Error('no ticket')
    expect(Object.keys(evidence.ticket).toSorted()).toEqual(['encPart', 'realm', 'sname'])
    expect(evidence.ticket.encPart).toMatchObject({ etype: 18, kvno: 1 })
  })
})

test('a user whom the KDC puts no SIDs into the PAC of is in no group where an option says so', async () => {
  const of = async (options: AcceptorOptions, pac: IssueOptions['pac']) =>
    accepted(await acceptorWith(options).accept(oddToken(issue({ pac })))).identity
  expect((await of({ requirePac: false }, { logonInfo: undefined })).groupsUnknown).toBeUndefined()
  expect((await of({ requirePac: false }, {})).groups).toContain(`${DOMAIN_SID}-1110`)
  expect((await of({}, { logonInfo: undefined })).groupsUnknown).toBe('the ticket had no PAC with LOGON_INFO')
})

test('an error that no key is the reason for ends the tries', async () => {
  // A ticket that opens, and is no ticket.
  const credential = issue()
  const cipher = SERVICE_KEY.seal(KeyUsage.TICKET, Uint8Array.of(0x63, 0))
  const ticket = { ...credential.ticket, encPart: { etype: 18, kvno: 1, cipher } }
  const { error } = refused(await acceptorWith().accept(oddToken({ ...credential, ticket })))
  expect(error).toMatchObject({ name: 'MalformedTokenError' })
})
