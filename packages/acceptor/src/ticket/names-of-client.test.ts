import { filetimeOfMilliseconds, NameType } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createAcceptor } from '../create-acceptor.js'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import {
  DOMAIN_SID,
  HOUR,
  type IssueOptions,
  issue,
  keytabOf,
  logonInfo,
  NOW,
  REALM,
} from '../fixtures/issued-token.js'
import type { ExpectedTicket } from './expected-ticket.js'

/** The identity in a ticket in the name `client`, whose PAC has the account `account`. */
async function identified(
  client: string,
  account: string | undefined,
  expected: ExpectedTicket = {},
  options: AcceptorOptions = {},
  more: IssueOptions = {},
) {
  const acceptor = createAcceptor({ keytab: keytabOf(), now: () => NOW, replayCache: false, ...options })
  const pac = account === undefined ? (false as const) : { logonInfo: logonInfo({ effectiveName: account }) }
  return acceptor.identify(issue({ client, pac, ...more }).ticket, 'asserted', expected)
}

describe('whom the service has vouched for', () => {
  test.each([
    ['ALICE', 'alice', 'alice@AD.TEST', 'alice'],
    ['alice', 'alice', 'alice@AD.TEST', 'alice'],
    ['web', 'WEB$', 'WEB$@AD.TEST', 'WEB$'],
    ['alice', '', 'alice@AD.TEST', 'alice'],
    ['ALICE', undefined, 'ALICE@AD.TEST', 'ALICE'],
    ['eve', 'a@b/c', 'a\\@b\\/c@AD.TEST', 'a\\@b\\/c'],
  ])('in a ticket of %s with the account %s is known as %s', async (client, account, principal, name) => {
    const identity = await identified(client, account, {}, { requirePac: false })
    expect([identity.principal, identity.name, identity.realm]).toEqual([principal, name, REALM])
    expect(identity.localName).toBe(name.includes('\\') ? undefined : name)
  })

  test('by an enterprise name that the KDC has left in the ticket is known by the account, also to programs with local names', async () => {
    const name = 'erin.example@corp.example'
    const cname = { nameType: NameType.ENTERPRISE, nameString: [name] }
    const clientInfo = { clientId: filetimeOfMilliseconds(NOW - HOUR), name }
    const pac = { clientInfo, logonInfo: logonInfo({ effectiveName: 'erin' }) }
    const identity = await identified('erin', 'erin', {}, {}, { pac, part: { cname } })
    expect(identity).toMatchObject({ principal: 'erin@AD.TEST', name: 'erin', localName: 'erin' })
    expect(identity.requestedName).toBe('erin.example@corp.example@AD.TEST')
  })

  test('by an enterprise name that is the account’s own is known by it without a realm', async () => {
    const cname = { nameType: NameType.ENTERPRISE, nameString: ['erin'] }
    const identity = await identified('erin', 'erin', {}, {}, { part: { cname } })
    expect(identity).toMatchObject({ principal: 'erin@AD.TEST', name: 'erin', localName: 'erin' })
  })

  test('by a KDC of another realm keeps the name in the ticket, whatever account the PAC of that realm names', async () => {
    const account = logonInfo({ effectiveName: 'administrator', logonDomainId: 'S-1-5-21-9-9-9' })
    const more = { realm: 'OTHER.TEST', pac: { logonInfo: account } }
    const domainSids = { 'AD.TEST': DOMAIN_SID, 'OTHER.TEST': 'S-1-5-21-9-9-9' }
    const identity = await identified('bob', undefined, {}, { domainSids }, more)
    expect(identity).toMatchObject({ principal: 'bob@OTHER.TEST', name: 'bob@OTHER.TEST' })
  })

  test('in a ticket whose PAC says nothing of the logon keeps the name in it', async () => {
    const identity = await identified('ALICE', undefined, {}, {}, { pac: { logonInfo: undefined } })
    expect(identity).toMatchObject({ principal: 'ALICE@AD.TEST', name: 'ALICE' })
  })

  test('is shown to a KDC by the name in the ticket, by which that goes', async () => {
    const { evidence } = await identified('ALICE', 'alice')
    expect(evidence).toMatchObject({ client: { name: { nameString: ['ALICE'] }, realm: REALM }, origin: 's4u2self' })
  })

  test('must be whom the reply named, whatever the account is called', async () => {
    await expect(identified('ALICE', 'alice', { client: 'ALICE@AD.TEST' })).resolves.toMatchObject({ name: 'alice' })
    await expect(identified('ALICE', 'alice', { client: 'alice@AD.TEST' })).rejects.toMatchObject({
      code: 'KRB_AP_ERR_BADMATCH',
    })
  })
})

describe('the name that was asked for', () => {
  test.each([
    ['ALICE', 'alice', undefined, 'ALICE@AD.TEST'],
    ['ALICE', 'alice', 'AD\\alice', 'AD\\alice'],
    ['ALICE', 'alice', 'alice', undefined],
    ['ALICE', 'alice', 'alice@AD.TEST', undefined],
    ['alice', 'alice', undefined, undefined],
    ['alice', 'alice', 'ali\u202ece', 'ali\\u{202e}ce'],
  ])('in a ticket of %s with the account %s, by %s, is kept as %s', async (client, account, requestedName, kept) => {
    const identity = await identified(client, account, requestedName === undefined ? {} : { requestedName })
    expect(identity.requestedName).toBe(kept)
    expect(JSON.parse(JSON.stringify(identity)).requestedName).toBe(kept)
  })
})

test('who has presented a ticket keeps the name in it', async () => {
  const identity = await identified('ALICE', 'alice', { origin: 'presented' })
  expect(identity).toMatchObject({ principal: 'ALICE@AD.TEST', name: 'ALICE', requestedName: undefined })
})
