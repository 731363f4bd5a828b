import { ConfigurationError } from '@s4u/krb5'
import type { ClaimsArray } from '@s4u/krb5'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { DOMAIN_SID, issue, logonInfo, NOW, tokenOf } from '../fixtures/issued-token.js'
import type { IssueOptions } from '../fixtures/issued-token.js'
import { accepted, acceptorWith } from '../fixtures/outcomes.js'
import { Identity } from './identity.js'
import type { IdentityClaims } from './identity-claims.js'

const claims: IdentityClaims = {
  principal: 'bob@AD.TEST',
  name: 'bob',
  realm: 'AD.TEST',
  authenticationMethod: 'asserted',
  impersonationLevel: 'impersonation',
  expiresAt: NOW,
  // Made by hand, by a program without types.
  evidence: { kind: 'asserted', certificate: Uint8Array.of(1, 2, 3) } as never,
}

const callerOf = async (options: IssueOptions) =>
  accepted(await acceptorWith().accept(tokenOf(issue(options)))).identity

describe('an identity', () => {
  test('is frozen', () => {
    const identity = new Identity(claims)
    expect(Object.isFrozen(identity)).toBe(true)
    expect(() => Object.assign(identity, { principal: 'admin@AD.TEST' })).toThrow(TypeError)
    expect(Object.isFrozen(new Identity({ ...claims, groups: ['S-1-1-0'] }).groups)).toBe(true)
  })

  test('does not follow the claims that it was made of', () => {
    const groups = ['S-1-1-0']
    const identity = new Identity({ ...claims, groups })
    groups.push('S-1-5-32-544')
    expect(identity.groups).toEqual(['S-1-1-0'])
  })

  test('lets a subclass add its own fields, and is made from another identity', async () => {
    class Caller extends Identity {
      readonly requests: number
      constructor(from: IdentityClaims) {
        super(from)
        this.requests = 1
        Object.freeze(this)
      }
    }
    const alice = await callerOf({})
    const caller = new Caller(alice)
    expect(caller).toMatchObject({
      principal: 'alice@AD.TEST',
      sid: alice.sid,
      groups: alice.groups,
      evidence: alice.evidence,
    })
    expect(caller.pac).toBe(alice.pac)
    expect(Object.isFrozen(caller)).toBe(true)
  })

  test('prints who it is and shows no evidence', async () => {
    const alice = await callerOf({})
    expect(String(alice)).toBe('alice@AD.TEST')
    expect(inspect(alice)).toBe('Identity(alice@AD.TEST, kerberos, delegation)')
    expect(Object.keys(alice)).not.toContain('evidence')
    expect(JSON.parse(JSON.stringify(alice))).toEqual({
      principal: 'alice@AD.TEST',
      name: 'alice',
      realm: 'AD.TEST',
      sid: `${DOMAIN_SID}-1104`,
      upn: 'alice@ad.test',
      authenticationMethod: 'kerberos',
      impersonationLevel: 'delegation',
      assertedBy: 'authority',
      delegatedBy: [],
      groups: alice.groups,
      claims: {},
      expiresAt: alice.expiresAt,
    })
    expect(inspect(new Identity(claims), { showHidden: true, depth: 9 })).not.toContain('certificate')
  })
})

describe('groups', () => {
  test('are those that may grant something, without the user', async () => {
    const info = logonInfo({
      groupIds: [513, 1110].map((relativeId) => ({ relativeId, attributes: relativeId === 1110 ? 0x10 : 7 })),
    })
    const alice = await callerOf({ pac: { logonInfo: info } })
    expect(alice.groups).toEqual([`${DOMAIN_SID}-513`, 'S-1-18-1'])
    expect(alice.isInGroup(`${DOMAIN_SID}-513`)).toBe(true)
    expect(alice.isInGroup(`${DOMAIN_SID}-1110`)).toBe(false)
  })

  test('are asked for by SID, since names are not in tickets', () => {
    expect(() => new Identity(claims).isInGroup('Domain Admins')).toThrow(ConfigurationError)
  })

  test('are none without a PAC', async () => {
    const alice = await callerOf({ pac: false })
    expect(alice).toMatchObject({ groups: [], sid: undefined, upn: undefined, pac: undefined, assertedBy: undefined })
  })
})

describe('delegation', () => {
  test('names the services on the way, nearest last', async () => {
    const transitedServices = ['HTTP/web.ad.test@AD.TEST', 'HTTP/api.ad.test@AD.TEST']
    const alice = await callerOf({
      pac: { delegationInfo: { s4u2proxyTarget: 'HTTP/data.ad.test', transitedServices } },
    })
    expect(alice.delegatedBy).toEqual(transitedServices)
  })

  test('shows when a service and not a KDC vouches for the user', async () => {
    const extraSids = [{ sid: 'S-1-18-2', attributes: 7 }]
    const alice = await callerOf({ pac: { logonInfo: logonInfo({ extraSids }) } })
    expect(alice).toMatchObject({ assertedBy: 'service', authenticationMethod: 'kerberos' })
  })
})

describe('claims', () => {
  const clientClaims: ClaimsArray[] = [
    {
      source: 1,
      claims: [
        { id: 'ad://ext/department:1', type: 'string', values: ['Sales', 'Field'] },
        { id: 'ad://ext/cleared:2', type: 'boolean', values: [true] },
        { id: 'ad://ext/level:3', type: 'int64', values: [-(2n ** 60n)] },
        { id: '__proto__', type: 'uint64', values: [2n ** 63n] },
      ],
    },
    { source: 2, claims: [{ id: 'ad://ext/department:1', type: 'string', values: ['Certified'] }] },
  ]

  test('are found by their id, with their types, and frozen', async () => {
    const alice = await callerOf({ pac: { clientClaims } })
    expect(alice.claims['ad://ext/department:1']).toEqual(['Sales', 'Field', 'Certified'])
    expect(alice.claims['ad://ext/cleared:2']).toEqual([true])
    expect(alice.claims['ad://ext/level:3']).toEqual([-(2n ** 60n)])
    expect(alice.claims['__proto__']).toEqual([2n ** 63n])
    expect(alice.claims['toString']).toBeUndefined()
    expect(Object.isFrozen(alice.claims)).toBe(true)
    expect(Object.isFrozen(alice.claims['ad://ext/department:1'])).toBe(true)
    expect(alice.claims).toBe(alice.claims)
  })

  test('stand in JSON, integers as text', async () => {
    const alice = await callerOf({ pac: { clientClaims } })
    expect(JSON.parse(JSON.stringify(alice)).claims).toMatchObject({
      'ad://ext/department:1': ['Sales', 'Field', 'Certified'],
      'ad://ext/cleared:2': [true],
      'ad://ext/level:3': [String(-(2n ** 60n))],
    })
  })

  test('are none where the directory issues none', async () => {
    for (const pac of [{}, false] as const) expect(Object.keys((await callerOf({ pac })).claims)).toEqual([])
  })

  test('are copied where somebody else names them', () => {
    const values = ['Sales']
    const identity = new Identity({ ...claims, claims: { department: values } })
    values.push('Board')
    expect(identity.claims['department']).toEqual(['Sales'])
    expect(new Identity(identity).claims).toBe(identity.claims)
  })
})
