import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import type { LogonInfo, PacContents } from '@s4u/krb5'
import {
  type CallerIdentity,
  createNegotiator,
  delegatedByGate,
  type Gate,
  groupGate,
  type NegotiatorOptions,
  writeAuditTo,
} from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { Writable } from 'node:stream'
import { beforeAll, describe, expect, test } from 'vitest'

/**
 * Who runs the KDC of a realm that ours trusts writes what it likes into the PACs of its users, and
 * our own KDC copies it (as Samba does, and Windows within a forest). The user is
 * mallory@PARTNER.TEST; what she wants is ours.
 */
const WEB = 'HTTP/web.ad.test'
const API = 'HTTP/api.ad.test'
const everything = ['resourceGroups', 'ownDomain', 'otherDomains', 'upn', 'claims', 'device', 'delegatedBy'] as const

interface Realms {
  readonly ad: TestRealm
  readonly partner: TestRealm
  /** What the KDC of PARTNER.TEST writes from now on. */
  lie: (contents: PacContents) => PacContents
}

async function realms(
  { sidFiltering }: { readonly sidFiltering?: boolean } = { sidFiltering: false },
): Promise<Realms> {
  const ad = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'pw', groups: ['Sales'] } },
    services: {
      web: { spns: [WEB], trustedToAuthForDelegation: true, allowedToDelegateTo: [API] },
      api: { spns: [API] },
    },
  })
  const made: { ad: TestRealm; partner?: TestRealm; lie: Realms['lie'] } = { ad, lie: (contents) => contents }
  const partner = await createTestRealm({
    realm: 'PARTNER.TEST',
    users: { mallory: { password: 'pw', groups: ['Buyers'] } },
    trusts: [{ realm: ad, ...(sidFiltering !== undefined && { sidFiltering }) }],
    writePac: (contents) => made.lie(contents),
  })
  return Object.assign(made, { partner })
}

const saying =
  (changes: Partial<LogonInfo>, more: Partial<PacContents> = {}) =>
  (contents: PacContents) => ({
    ...contents,
    ...(contents.logonInfo && { logonInfo: { ...contents.logonInfo, ...changes } }),
    upnDnsInfo: undefined,
    ...more,
  })
const sids = (...list: readonly string[]) => list.map((sid) => ({ sid, attributes: 7 }))

let all: Realms
beforeAll(async () => {
  all = await realms()
})

const ours = (id: number) => `${all.ad.domainSid}-${id}`
const theirs = (id: number) => `${all.partner.domainSid}-${id}`

async function authorizationOf(user: string, spn = WEB, { ad, partner } = all): Promise<string> {
  const realm = user === 'alice' ? ad : partner
  const credentials = { principal: `${user}@${realm.realm}`, password: 'pw' }
  const client = createKdcClient({ realm: realm.realm, kdc: realm.transport, credentials })
  return formatAuthorization(createInitiator({ ticket: await client.ticketFor(`${spn}@AD.TEST`), now: Date.now }).token)
}

function serviceOf(name: 'web' | 'api', options: NegotiatorOptions = {}) {
  const negotiator = createNegotiator({ keytab: all.ad.keytabFor(name), ...options })
  const outcomeOf = async (user: string) => {
    const request = { headers: { authorization: await authorizationOf(user, name === 'web' ? WEB : API) } }
    return { request, outcome: await negotiator.authenticate(request) }
  }
  return {
    negotiator,
    outcomeOf,
    async admit(user: string) {
      const { request, outcome } = await outcomeOf(user)
      if (outcome.status !== 'authenticated') throw new Error(`${user} was not let in`)
      const through = (gate: Gate) => {
        const verdict = gate(request, outcome.identity)
        return verdict.status === 'pass' ? 'passed' : (verdict.error?.message ?? verdict.statusCode)
      }
      return { identity: outcome.identity, headers: outcome.headers, through }
    },
    [Symbol.dispose]: () => negotiator[Symbol.dispose](),
  }
}

const delegation = { principal: 'web', protocolTransition: true }
const withKdc = () => ({ kdc: all.ad.transport, delegation })

/** Everything that an app can ask. */
function expectNothingOfOurs(identity: CallerIdentity, through: (gate: Gate) => unknown): void {
  const { groups, sid, pac } = identity
  for (const id of [500, 512, 518, 519, 1104]) {
    expect(groups).not.toContain(ours(id))
    expect(identity.isInGroup(ours(id))).toBe(false)
    expect(identity.accessCheck(`D:(A;;FR;;;${ours(id)})`, 'FR')).toBe(0)
    expect(through(groupGate(ours(id)))).toContain('is in none of the groups')
  }
  expect(identity.accessCheck('D:(A;;FR;;;DA)(A;;FR;;;BA)(A;;FR;;;SY)(A;;FR;;;EA)', 'FR')).toBe(0)
  expect(sid).toBe(theirs(1104))
  expect(JSON.stringify([identity, pac?.logonInfo, pac?.sids()], bigintAsText)).not.toContain(all.ad.domainSid)
}

const bigintAsText = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)

describe('a KDC of a trusted realm that calls its user a member of our groups', () => {
  const forged = () =>
    saying({
      extraSids: sids('S-1-18-1', ours(512), ours(518), ours(519), 'S-1-5-32-544', 'S-1-5-18'),
      userFlags: 0x220,
      resourceGroupDomainSid: all.ad.domainSid,
      resourceGroups: [{ relativeId: 1104, attributes: 7 }],
    })

  test.each<[string, () => NegotiatorOptions]>([
    ['after one of our own users', () => ({})],
    ['with the SID of our domain written down', () => ({ domainSids: { 'AD.TEST': all.ad.domainSid } })],
    ['first of all, where there is a KDC to ask', withKdc],
  ])('gets nothing, %s', async (_when, options) => {
    all.lie = forged()
    using web = serviceOf('web', options())
    if (_when.startsWith('after')) await web.admit('alice')
    const { identity, through } = await web.admit('mallory')
    expectNothingOfOurs(identity, through)
    expect(through(groupGate(ours(512)))).toMatch(/a PAC of PARTNER\.TEST has no authority to say/)
    expect(through(groupGate(all.partner.sidOf('Buyers')))).toBe('passed')
  })

  test('gets nothing first of all, where there is no KDC to ask: nobody knows the groups, and the route says why', async () => {
    all.lie = forged()
    using web = serviceOf('web')
    const { identity, through } = await web.admit('mallory')
    expect(through(groupGate(ours(512)))).toContain('the domain SID of AD.TEST is not known yet')
    expect(through(groupGate(all.partner.sidOf('Buyers')))).toContain('domainSids')
    expect(() => identity.isInGroup(ours(512))).toThrow(/not known/)
    expect(() => identity.accessCheck('D:(A;;FR;;;WD)', 'FR')).toThrow(/not known/)
    expect(JSON.stringify(identity)).not.toContain('S-1-5-21')
  })

  test('gets nothing by a password, by protocol transition, or from a session', async () => {
    all.lie = forged()
    using web = serviceOf('web', { ...withKdc(), session: 'cookie' })
    const { negotiator } = web
    const subjects = [{ user: 'mallory@PARTNER.TEST', password: 'pw' }, 'mallory@PARTNER.TEST']
    for (const subject of subjects) {
      const identity = await negotiator.identityFor(subject)
      const request = { headers: {} }
      await negotiator.authenticate(request)
      expectNothingOfOurs(identity, (gate) => {
        const verdict = gate(request, identity)
        return verdict.status === 'pass' ? 'passed' : verdict.error?.message
      })
      expect(identity.withheld?.sids).toContain(ours(512))
    }
    const { headers } = await web.admit('mallory')
    const cookie = [headers['Set-Cookie'] ?? []].flat().map((line) => line.split(';')[0])
    expect(cookie).not.toEqual([])
    const again = await negotiator.authenticate({ headers: { cookie: cookie.join('; ') } })
    if (again.status !== 'authenticated') throw new Error('the session was not taken')
    expect(again.by).toBe('session')
    expect(again.identity.isInGroup(ours(512))).toBe(false)
    expect(again.identity.accessCheck(`D:(A;;FR;;;${ours(512)})`, 'FR')).toBe(0)
    expect(again.identity.withheld?.sids).toContain(ours(512))
  })

  test('is told to the audit, and by whom', async () => {
    all.lie = forged()
    const lines: string[] = []
    const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) })
    using web = serviceOf('web', { domainSids: { 'AD.TEST': all.ad.domainSid } })
    {
      using _audit = writeAuditTo(stream)
      await web.admit('mallory')
      await web.admit('alice')
    }
    const [hers, his] = lines.map((line) => JSON.parse(line)).filter(({ channel }) => channel === 's4u:accept')
    expect(hers).toMatchObject({ kind: 'exchange', outcome: 'accepted', client: 'mallory@PARTNER.TEST' })
    expect(hers.withheld).toEqual({
      realm: 'PARTNER.TEST',
      sids: [512, 518, 519].map(ours).concat('S-1-5-32-544', 'S-1-5-18', ours(1104)),
    })
    expect(his).not.toHaveProperty('withheld')
  })
})

describe('a KDC of a trusted realm that calls its user one of ours', () => {
  test.each<[string, () => Partial<LogonInfo>]>([
    ['our administrator', () => ({ logonDomainId: all.ad.domainSid, userId: 500 })],
    ['alice', () => ({ logonDomainId: all.ad.domainSid, userId: 1104 })],
    ['our administrator beside a name of its own', () => ({ userId: 0, extraSids: sids(ours(500)) })],
    ['Local System', () => ({ userId: 0, extraSids: sids('S-1-5-18') })],
  ])('%s: is refused, before and after one of ours has come', async (_who, changes) => {
    all.lie = saying(changes())
    using unknowing = serviceOf('web')
    using web = serviceOf('web', withKdc())
    const first = await unknowing.outcomeOf('mallory')
    // Before our domain is known it may sign in, as nobody whose groups or SID anybody knows.
    if (first.outcome.status === 'authenticated') {
      const { identity } = first.outcome
      expect([identity.sid, identity.groups]).toEqual([undefined, []])
      expect(() => identity.isInGroup(ours(512))).toThrow(/not known/)
    }
    await unknowing.admit('alice')
    for (const service of [unknowing, web]) {
      const { outcome } = await service.outcomeOf('mallory')
      expect(outcome).toMatchObject({ status: 'challenge', statusCode: 401, error: { code: 'KDC_ERR_POLICY' } })
      expect(outcome.status === 'challenge' && outcome.error?.message).toContain('PARTNER.TEST')
    }
    await expect(web.negotiator.identityFor('mallory@PARTNER.TEST')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
  })

  test('is refused whatever an option lets it say', async () => {
    all.lie = saying({ logonDomainId: all.ad.domainSid, userId: 500 })
    using web = serviceOf('web', { ...withKdc(), foreignPac: everything })
    expect((await web.outcomeOf('mallory')).outcome.status).toBe('challenge')
  })
})

describe('a KDC of a trusted realm that makes up through whom its user came', () => {
  const through = (...transitedServices: readonly string[]) =>
    saying({}, { delegationInfo: { s4u2proxyTarget: API, transitedServices } })

  test.each([[[`${WEB}@AD.TEST`]], [['HTTP/front.partner.test@PARTNER.TEST']]])('%j: passes no route', async (list) => {
    all.lie = through(...list)
    using api = serviceOf('api')
    const { identity, through: pass } = await api.admit('mallory')
    const told = pass(delegatedByGate([...list, 'web']))
    expect(told).toContain(`is said to have come through ${list[0]}`)
    expect(told).toContain('a KDC of PARTNER.TEST may have made up')
    expect(identity.delegatedBy).not.toContain(`${WEB}@AD.TEST`)
  })

  test('passes where an option believes it', async () => {
    all.lie = through(`${WEB}@AD.TEST`)
    using api = serviceOf('api', { foreignPac: { 'PARTNER.TEST': ['delegatedBy'] } })
    expect((await api.admit('mallory')).through(delegatedByGate([`${WEB}@AD.TEST`]))).toBe('passed')
  })

  test('hides that she came through a service of ours, and so passes no route either', async () => {
    all.lie = through()
    using api = serviceOf('api')
    expect((await api.admit('mallory')).through(delegatedByGate(['web']))).toContain('came directly')
  })
})

describe('a KDC of a trusted realm that says of its user what our policies ask for', () => {
  test('is believed neither claims, nor a name of ours', async () => {
    const clientClaims = [
      { source: 1, claims: [{ id: 'ad://ext/department:1', type: 'string', values: ['Board'] } as const] },
    ]
    const upnDnsInfo = { upn: 'alice@ad.test', dnsDomainName: 'ad.test', flags: 0, extended: undefined }
    all.lie = saying({}, { clientClaims, upnDnsInfo })
    using web = serviceOf('web', withKdc())
    const { identity } = await web.admit('mallory')
    expect(identity.upn).toBeUndefined()
    expect(Object.keys(identity.claims)).toEqual([])
    expect(identity.accessCheck('D:(XA;;FR;;;WD;(@User.ad://ext/department:1 == "Board"))', 'FR')).toBe(0)
    expect(JSON.stringify(identity)).not.toContain('alice')
    expect(identity.withheld).toMatchObject({ upn: 'alice@ad.test', claims: ['ad://ext/department:1'] })
  })
})

describe('our own KDC, where it filters as Active Directory does', () => {
  test('lets no SID of ours and no claim over the trust, and no user who is said to be ours', async () => {
    const before = all
    all = await realms({})
    try {
      const clientClaims = [{ source: 1, claims: [{ id: 'a', type: 'string', values: ['b'] } as const] }]
      all.lie = saying({ extraSids: sids('S-1-18-1', ours(512), 'S-1-5-32-544') }, { clientClaims })
      using web = serviceOf('web', { ...withKdc(), foreignPac: everything })
      const { identity } = await web.admit('mallory')
      expect(identity.groups).toEqual([theirs(513), all.partner.sidOf('Buyers'), 'S-1-18-1'])
      expect(identity.withheld).toBeUndefined()
      for (const lie of [{ logonDomainId: all.ad.domainSid }, { userId: 0, extraSids: sids(ours(500)) }]) {
        all.lie = saying(lie)
        await expect(web.outcomeOf('mallory')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
      }
    } finally {
      all = before
    }
  })
})
