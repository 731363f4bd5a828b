/** What an identity shows, field by field, and what it is made of. */
import { Pac } from '@s4u/krb5'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import {
  DOMAIN_SID,
  issue,
  type IssueOptions,
  logonInfo,
  NOW,
  oddToken,
  pacOf,
  SERVICE_KEY,
} from '../fixtures/issued-token.js'
import { accepted, acceptorWith } from '../fixtures/outcomes.js'
import type { TicketEvidence } from './evidence.js'
import { Identity } from './identity.js'
import type { IdentityClaims } from './identity-claims.js'
import { printableClaims, userClaimsOf } from './user-claims.js'

const bare: IdentityClaims = {
  principal: 'bob@AD.TEST',
  name: 'bob',
  realm: 'AD.TEST',
  authenticationMethod: 'asserted',
  impersonationLevel: 'impersonation',
  expiresAt: NOW,
}
const pac = Pac.decode(pacOf('alice', NOW, SERVICE_KEY))
const HINT =
  'requirePac refuses tickets without a PAC when they come; requirePac: false says that their users are in no group. For users of other realms see domainSids.'

describe('an identity', () => {
  const { ticket, ...who } = issue()
  const evidence: TicketEvidence = {
    kind: 'ticket',
    client: who.client,
    origin: 'presented',
    ticket,
    service: { name: ticket.sname, realm: ticket.realm },
    forwardable: true,
    expiresAt: NOW + 1,
  }
  const whole: Required<IdentityClaims> = {
    principal: 'alice@WEST.TEST',
    name: 'alice@WEST.TEST',
    localName: 'west-alice',
    requestedName: 'WEST\\alice',
    realm: 'WEST.TEST',
    authenticationMethod: 'certificate',
    impersonationLevel: 'delegation',
    expiresAt: NOW + 1,
    pac,
    sid: 'S-1-5-21-7-7-7-1000',
    upn: 'alice@west.test',
    groups: ['S-1-5-21-7-7-7-513'],
    groupsUnknown: 'nobody asked',
    delegatedBy: ['HTTP/a@WEST.TEST'],
    assertedBy: 'service',
    claims: { department: ['Sales'] },
    evidence,
  }

  test('shows what it was made of, before what the PAC says', () => {
    const identity = new Identity(whole)
    for (const [name, value] of Object.entries(whole))
      expect([name, Reflect.get(identity, name)]).toEqual([name, value])
    expect(identity.pac).toBe(pac)
    expect(identity.evidence).toBe(evidence)
    expect(Object.isFrozen(identity.delegatedBy)).toBe(true)
  })

  test('shows the same when it is made of another, which it does not copy', () => {
    const identity = new Identity(whole)
    const again = new Identity(identity)
    for (const name of Object.keys(whole)) expect(Reflect.get(again, name)).toEqual(Reflect.get(identity, name))
    expect(again.groups).toBe(identity.groups)
    expect(Object.isFrozen(again)).toBe(true)
  })

  test('shows what the PAC says where nothing else is said', () => {
    const identity = new Identity({ ...bare, pac })
    expect(identity).toMatchObject({ sid: `${DOMAIN_SID}-1104`, upn: 'alice@ad.test', assertedBy: 'authority' })
    expect(identity.groups).toEqual([`${DOMAIN_SID}-513`, `${DOMAIN_SID}-1110`, `${DOMAIN_SID}-1111`, 'S-1-18-1'])
    expect(identity).toMatchObject({ delegatedBy: [], groupsUnknown: undefined, withheld: undefined })
  })

  test('without a PAC shows nothing, and nothing that could be changed', () => {
    const identity = new Identity(bare)
    expect(identity).toMatchObject({ sid: undefined, upn: undefined, groups: [], delegatedBy: [], pac: undefined })
    expect(identity).toMatchObject({ assertedBy: undefined, evidence: undefined, localName: undefined })
    expect([Object.isFrozen(identity.groups), Object.isFrozen(identity.delegatedBy)]).toEqual([true, true])
    expect(Object.keys(identity.claims)).toEqual([])
  })

  test('does not follow what it was made of, whatever of it is changed', () => {
    const delegatedBy = ['HTTP/a@AD.TEST']
    const identity = new Identity({ ...bare, delegatedBy })
    delegatedBy.push('HTTP/evil@AD.TEST')
    expect(identity.delegatedBy).toEqual(['HTTP/a@AD.TEST'])
  })

  test('is frozen by itself, but one of a subclass, which is printed by its own name', () => {
    class Caller extends Identity {}
    expect(Object.isFrozen(new Caller(bare))).toBe(false)
    expect(inspect(new Caller(bare))).toBe('Caller(bob@AD.TEST, asserted, impersonation)')
    expect(`${new Identity(bare)}`).toBe('bob@AD.TEST')
  })

  test('shows an empty UPN as it is', () => {
    expect(new Identity({ ...bare, upn: '' }).upn).toBe('')
  })

  test('shows services as they are where they act nowhere, and else as codes', () => {
    const services = Object.freeze(['HTTP/a@AD.TEST', 'HTTP/b@AD.TEST'])
    expect(new Identity({ ...bare, delegatedBy: services }).delegatedBy).toEqual(services)
    expect(new Identity({ ...bare, delegatedBy: ['a', '\u202eb'] }).delegatedBy).toEqual(['a', '\\u{202e}b'])
  })
})

describe('why the groups of an identity are not known', () => {
  const without = Pac.decode(pacOf('alice', NOW, SERVICE_KEY, { pac: { logonInfo: undefined } }))
  const NO_PAC = 'the ticket had no PAC with LOGON_INFO'

  test.each<[string, Partial<IdentityClaims>, string | undefined]>([
    ['no PAC', {}, NO_PAC],
    ['a PAC without LOGON_INFO', { pac: without }, NO_PAC],
    ['a PAC', { pac }, undefined],
    ['groups that are named', { groups: [] }, undefined],
    ['the word of the app that there are none', { groupsUnknown: false }, undefined],
    ['the word of the app', { groupsUnknown: 'the store is down' }, 'the store is down'],
    ['the word of the app against groups', { groups: [], groupsUnknown: 'the store is down' }, 'the store is down'],
    ['an anonymous caller', { impersonationLevel: 'anonymous' }, undefined],
  ])('with %s', (_what, changes, why) => {
    expect(new Identity({ ...bare, ...changes }).groupsUnknown).toBe(why)
  })

  test('is said to whoever asks for a group or for access', () => {
    const error = expect.objectContaining({
      name: 'ConfigurationError',
      code: 'GSS_S_UNAVAILABLE',
      message: `it is not known which groups bob@AD.TEST is in: ${NO_PAC}`,
      hint: HINT,
    })
    expect(() => new Identity(bare).isInGroup('S-1-5-32-544')).toThrow(error)
    expect(() => new Identity({ ...bare, sid: 'S-1-5-21-1-2-3-4' }).accessCheck('D:', 'FR')).toThrow(error)
    expect(() => new Identity(bare).accessCheck('D:', 'FR')).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        code: 'GSS_S_UNAVAILABLE',
        message: `there is no security identifier of bob@AD.TEST, so no access can be checked: ${NO_PAC}`,
        hint: 'The ticket had no PAC with LOGON_INFO. Directories without SIDs have no use for security descriptors; see requirePac, and domainSids for users of other realms.',
      }),
    )
    expect(() => new Identity({ ...bare, groups: [] }).accessCheck('D:', 'FR')).toThrow(
      expect.objectContaining({
        message: 'there is no security identifier of bob@AD.TEST, so no access can be checked',
      }),
    )
  })
})

describe('a group', () => {
  const GROUP = 'S-1-5-21-1-2-3-513'
  const identity = new Identity({ ...bare, groups: [GROUP] })

  test('is the same however its SID is written', () => {
    expect(identity.isInGroup(GROUP)).toBe(true)
    expect(identity.isInGroup('S-1-5-21-1-2-3-514')).toBe(false)
    expect(identity.isInGroup('S-1-5-21-01-2-3-513')).toBe(true)
    expect(identity.isInGroup('S-1-5-21-01-2-3-514')).toBe(false)
    expect(() => identity.isInGroup('Domain Users')).toThrow(/security identifier/)
  })

  test('that is named is one also where the others are not known', () => {
    const partly = new Identity({ ...bare, groups: [GROUP], groupsUnknown: 'half' })
    expect(partly.isInGroup(GROUP)).toBe(true)
    expect(() => partly.isInGroup('S-1-5-21-01-2-3-513')).toThrow('half')
  })
})

test.each<[string, readonly string[], string | undefined]>([
  ['a KDC that saw a credential', ['S-1-18-1'], 'authority'],
  ['a service', ['S-1-18-2'], 'service'],
  ['a service, where both are said', ['S-1-18-1', 'S-1-18-2'], 'service'],
  ['nobody', ['S-1-18-3'], undefined],
])('an identity is asserted by %s', (_who, groups, assertedBy) => {
  expect(new Identity({ ...bare, groups }).assertedBy).toBe(assertedBy)
})

describe('an identity of a ticket', () => {
  const identityOf = async (options: IssueOptions) =>
    accepted(await acceptorWith().accept(oddToken(issue(options)))).identity

  test('has the user among its SIDs and not among its groups', async () => {
    const alice = await identityOf({ pac: { logonInfo: logonInfo({ userId: 1104 }) } })
    expect(alice.groups).not.toContain(`${DOMAIN_SID}-1104`)
    expect(alice.pac?.sids()).toContain(`${DOMAIN_SID}-1104`)
  })

  test('has evidence that says what it is', async () => {
    const { evidence, expiresAt } = await identityOf({})
    if (evidence?.kind !== 'ticket') throw new Error('no ticket')
    const { ticket: _ticket, ...rest } = evidence
    expect(rest).toEqual({
      kind: 'ticket',
      client: { name: { nameType: 1, nameString: ['alice'] }, realm: 'AD.TEST' },
      origin: 'presented',
      service: expect.objectContaining({ realm: 'AD.TEST' }),
      forwardable: true,
      expiresAt,
      forwardedTgt: undefined,
    })
  })
})

test('claims are those of all sources, as text, booleans and integers, and in JSON integers are text', () => {
  const clientClaims = [
    { source: 1, claims: [{ id: 'a', type: 'int64', values: [5n] } as const] },
    {
      source: 2,
      claims: [
        { id: 'a', type: 'int64', values: [6n] } as const,
        { id: 'b', type: 'boolean', values: [false] } as const,
      ],
    },
  ]
  const withClaims = Pac.decode(pacOf('alice', NOW, SERVICE_KEY, { pac: { clientClaims } }))
  const claims = userClaimsOf(withClaims)
  expect({ ...claims }).toEqual({ a: [5n, 6n], b: [false] })
  expect(userClaimsOf(withClaims)).toBe(claims)
  expect(printableClaims(claims)).toEqual({ a: ['5', '6'], b: [false] })
  expect(userClaimsOf(undefined)).toBe(userClaimsOf(pac))
})
