import { AdType, type ClaimsArray, type DeviceInfo, type LogonInfo, type PacContents } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import { createAcceptor } from '../create-acceptor.js'
import type { AcceptorEvent, ExchangeEvent } from '../events/events.js'
import {
  DOMAIN_SID,
  entryOf,
  HOUR,
  ifRelevant,
  issue,
  keyOf,
  keytabOf,
  logonInfo,
  NOW,
  oddToken,
  pacOf,
  SERVICE_KEY,
  SPN,
} from '../fixtures/issued-token.js'
import type { IssueOptions } from '../fixtures/issued-token.js'
import { accepted, refused } from '../fixtures/outcomes.js'
import type { ForeignStatement } from './foreign-statements.js'

const OURS = DOMAIN_SID
const THEIRS = 'S-1-5-21-7-7-7'
const THIRD = 'S-1-5-21-9-9-9'
const PARTNER = 'PARTNER.TEST'
const attributes = 7
const sids = (...list: readonly string[]) => list.map((sid) => ({ sid, attributes }))
const groups = (...list: readonly number[]) => list.map((relativeId) => ({ relativeId, attributes }))

/** What an honest KDC of PARTNER.TEST says of its user, with changes. */
function theirs(changes: Partial<LogonInfo> = {}, contents: Partial<PacContents> = {}): IssueOptions {
  const info = logonInfo({ logonDomainId: THEIRS, logonDomainName: 'PARTNER', effectiveName: 'oscar', ...changes })
  return { client: 'oscar', realm: PARTNER, pac: { logonInfo: info, ...contents } }
}

/** An acceptor, and what it says to one caller after the other. */
function service(options: AcceptorOptions = {}) {
  const events: ExchangeEvent[] = []
  const onEvent: AcceptorOptions['onEvent'] = (event) => {
    if (event.kind === 'exchange') events.push(event)
  }
  const acceptor = createAcceptor({ keytab: keytabOf(), now: () => NOW, onEvent, ...options })
  const outcome = (who: IssueOptions) => acceptor.accept(oddToken(issue(who)))
  return {
    events,
    acceptor,
    admit: async (who: IssueOptions) => accepted(await outcome(who)).identity,
    refuse: async (who: IssueOptions) => refused(await outcome(who)).error,
  }
}

/** One that has seen a user of its own realm. */
async function serviceAtHome(options: AcceptorOptions = {}) {
  const made = service(options)
  await made.admit({})
  made.events.length = 0
  return made
}

const knows = { domainSids: { 'AD.TEST': OURS } }

describe('a user of another realm', () => {
  test('is in the groups of its own domain', async () => {
    const { admit, events } = await serviceAtHome()
    const oscar = await admit(theirs())
    expect(oscar.sid).toBe(`${THEIRS}-1104`)
    expect(oscar.groups).toEqual([`${THEIRS}-513`, `${THEIRS}-1110`, `${THEIRS}-1111`, 'S-1-18-1'])
    expect(oscar.isInGroup(`${THEIRS}-1110`)).toBe(true)
    expect(oscar.assertedBy).toBe('authority')
    expect(oscar.accessCheck(`D:(A;;FR;;;${THEIRS}-1110)`, 'FR')).not.toBe(0)
    expect(events[0].withheld).toEqual({ realm: PARTNER, upn: 'oscar@ad.test' })
  })

  test.each([
    ['the administrator of our domain', { userId: 500, logonDomainId: OURS }],
    ['anybody of our domain', { logonDomainId: OURS }],
    ['the administrator of our domain, in the place of the user', { userId: 0, extraSids: sids(`${OURS}-500`) }],
    ['a user of a third domain', { userId: 0, extraSids: sids(`${THIRD}-500`) }],
    ['Builtin\\Administrators', { userId: 0, extraSids: sids('S-1-5-32-544') }],
    ['Local System', { userId: 0, extraSids: sids('S-1-5-18') }],
    ['a user of no domain', { logonDomainId: 'S-1-5-32', userId: 544 }],
    ['a user of the domain that is none', { logonDomainId: 'S-1-5-21-0-0-0', userId: 497 }],
    [
      'nobody in Builtin\\Administrators',
      { logonDomainId: 'S-1-5-32', userId: 0, groupIds: groups(544), userFlags: 0 },
    ],
    ['nobody with valid claims', { logonDomainId: 'S-1-5-21-0-0-0', userId: 0, groupIds: groups(497), userFlags: 0 }],
  ] satisfies [string, Partial<LogonInfo>][])('who is said to be %s is refused', async (_who, changes) => {
    for (const made of [await serviceAtHome(), service(knows)]) {
      const error = await made.refuse(theirs(changes))
      expect(error).toMatchObject({ name: 'RejectedTokenError', code: 'KDC_ERR_POLICY' })
      expect(error.message).toContain(PARTNER)
    }
  })

  test.each([
    `${OURS}-512`,
    `${OURS}-519`,
    `${OURS}-1110`,
    `${THIRD}-1110`,
    'S-1-0-0',
    'S-1-1-0',
    'S-1-3-4',
    'S-1-5-2',
    'S-1-5-4',
    'S-1-5-7',
    'S-1-5-9',
    'S-1-5-10',
    'S-1-5-11',
    'S-1-5-15',
    'S-1-5-18',
    'S-1-5-19',
    'S-1-5-20',
    'S-1-5-32-544',
    'S-1-5-32-545',
    'S-1-5-65-1',
    'S-1-5-80-1-2-3',
    'S-1-5-21-0-0-0-496',
    'S-1-5-21-0-0-0-497',
    'S-1-5-21-7-7-7',
    'S-1-5-21-7-7-7-1-1110',
    'S-1-5-22-7-7-7-1110',
    'S-1-16-12288',
    'S-1-18-7',
    'S-1-22-1-0',
  ])('is not in %s because its KDC says so, and is kept out by it', async (sid) => {
    const { admit, events } = await serviceAtHome()
    const oscar = await admit(theirs({ extraSids: sids('S-1-18-1', sid) }))
    expect(oscar.groups).not.toContain(sid)
    expect(oscar.isInGroup(sid)).toBe(false)
    expect(oscar.pac?.sids()).not.toContain(sid)
    expect(oscar.pac?.logonInfo?.extraSids.map((each) => each.sid)).toEqual(['S-1-18-1'])
    expect(JSON.stringify(oscar)).not.toContain(`"${sid}"`)
    // What every caller is, the check adds by itself; OWNER RIGHTS and SELF are nobody.
    const everybody = ['S-1-1-0', 'S-1-5-2', 'S-1-5-11', 'S-1-5-15'].includes(sid)
    expect(oscar.accessCheck(`D:(A;;FR;;;${sid})`, 'FR') === 0).toBe(!everybody)
    const denied = oscar.accessCheck(`D:(D;;FR;;;${sid})(A;;FR;;;${oscar.sid})`, 'FR') === 0
    expect(denied).toBe(sid !== 'S-1-3-4')
    expect(oscar.withheld?.sids).toEqual([sid])
    expect(events[0].withheld?.sids).toEqual([sid])
    expect(oscar.groupsUnknown).toBeUndefined()
  })

  test.each(['S-1-18-1', 'S-1-18-2', 'S-1-18-3', 'S-1-18-4', 'S-1-18-5', 'S-1-18-6', 'S-1-5-1000', `${THEIRS}-512`])(
    'is in %s when its KDC says so',
    async (sid) => {
      const { admit } = await serviceAtHome()
      expect((await admit(theirs({ extraSids: sids(sid) }))).groups).toContain(sid)
    },
  )

  test('who came over a trust with selective authentication is not of this organization', async () => {
    const { admit } = await serviceAtHome()
    const oscar = await admit(theirs({ extraSids: sids('S-1-5-1000') }))
    expect(oscar.accessCheck('D:(A;;FR;;;S-1-5-15)', 'FR')).toBe(0)
    expect((await admit(theirs())).accessCheck('D:(A;;FR;;;S-1-5-15)', 'FR')).not.toBe(0)
  })

  test('whom SDDL means by Domain Admins is an administrator of this service’s domain', async () => {
    const { admit } = await serviceAtHome()
    const admin = await admit(theirs({ groupIds: groups(512, 513) }))
    expect(admin.isInGroup(`${THEIRS}-512`)).toBe(true)
    expect(admin.accessCheck('D:(A;;FR;;;DA)', 'FR')).toBe(0)
    expect(admin.accessCheck('D:(A;;FR;;;DA)', 'FR', { domainSid: THEIRS })).not.toBe(0)
    const without = service({ domainSids: { 'AD.TEST': false } })
    const other = await without.admit(theirs({ groupIds: groups(512, 513) }))
    expect(() => other.accessCheck('D:(A;;FR;;;DA)', 'FR')).toThrow(/depends on the domain, which is not known/)
  })

  test('shows no SID that UserFlags do not declare', async () => {
    const { admit } = await serviceAtHome()
    const oscar = await admit(theirs({ userFlags: 0, extraSids: sids(`${OURS}-512`), resourceGroups: groups(512) }))
    expect(oscar.pac?.logonInfo).toMatchObject({ extraSids: [], resourceGroups: [] })
    expect(oscar.withheld?.sids).toBeUndefined()
  })

  test('is told of no more than a hundred SIDs and their number', async () => {
    const { admit, events } = await serviceAtHome()
    const many = Array.from({ length: 150 }, (_, index) => `${OURS}-${2000 + index}`)
    const oscar = await admit(theirs({ extraSids: sids(...many) }))
    expect(events[0].withheld?.sids).toHaveLength(100)
    expect(events[0].withheld?.moreSids).toBe(50)
    expect(oscar.accessCheck(`D:(D;;FR;;;${many[149]})(A;;FR;;;WD)`, 'FR')).toBe(0)
  })
})

describe('groups of our own domain that stand among the resource groups of a foreign user', () => {
  const member = theirs({
    userFlags: 0x220,
    resourceGroupDomainSid: OURS,
    resourceGroups: groups(512, 571, 1000, 1120),
  })

  test('do not count, since a KDC that filters nothing passes on what the other one wrote', async () => {
    const { admit } = await serviceAtHome()
    const oscar = await admit(member)
    expect(oscar.groups.filter((sid) => sid.startsWith(OURS))).toEqual([])
    expect(oscar.withheld?.sids).toEqual([512, 571, 1000, 1120].map((id) => `${OURS}-${id}`))
    expect(oscar.pac?.logonInfo).toMatchObject({ resourceGroups: [], resourceGroupDomainSid: undefined })
    expect(oscar.accessCheck(`D:(D;;FR;;;${OURS}-1120)(A;;FR;;;WD)`, 'FR')).toBe(0)
  })

  test.each<[string, AcceptorOptions['foreignPac']]>([
    ['of all realms', ['resourceGroups']],
    ['of that realm', { 'partner.test': ['resourceGroups'] }],
  ])('count where an option says so %s, but for those that are the domain’s own', async (_of, foreignPac) => {
    const { admit } = await serviceAtHome({ foreignPac })
    const oscar = await admit(member)
    expect(oscar.groups.filter((sid) => sid.startsWith(OURS))).toEqual([`${OURS}-1000`, `${OURS}-1120`])
    const forged = await admit(theirs({ extraSids: sids(`${OURS}-1120`) }))
    expect(forged.isInGroup(`${OURS}-1120`)).toBe(false)
    const other = await admit(theirs({ userFlags: 0x220, resourceGroupDomainSid: THIRD, resourceGroups: groups(1120) }))
    expect(other.isInGroup(`${THIRD}-1120`)).toBe(false)
  })

  test('do not count where the option is about another realm', async () => {
    const { admit } = await serviceAtHome({ foreignPac: { 'OTHER.TEST': ['resourceGroups'] } })
    expect((await admit(member)).isInGroup(`${OURS}-1120`)).toBe(false)
  })
})

describe('what else a foreign PAC says', () => {
  const clientClaims: ClaimsArray[] = [
    { source: 1, claims: [{ id: 'ad://ext/department:1', type: 'string', values: ['Board'] }] },
  ]
  const deviceClaims: ClaimsArray[] = [{ source: 1, claims: [{ id: 'managed', type: 'boolean', values: [true] }] }]
  const deviceInfo: DeviceInfo = {
    userId: 1200,
    primaryGroupId: 515,
    accountDomainId: THEIRS,
    accountGroupIds: groups(515),
    extraSids: sids(`${OURS}-1300`, 'S-1-18-1'),
    domainGroups: [{ domainId: OURS, groupIds: groups(1301) }],
  }
  const services = ['HTTP/web.ad.test@AD.TEST']
  const delegationInfo = { s4u2proxyTarget: SPN, transitedServices: services }
  const all = theirs({}, { clientClaims, deviceClaims, deviceInfo, delegationInfo })

  test('does not count, and is told', async () => {
    const { admit, events } = await serviceAtHome()
    const oscar = await admit(all)
    expect(oscar).toMatchObject({ upn: undefined, delegatedBy: [], claims: {} })
    expect(Object.keys(oscar.claims)).toEqual([])
    const { pac } = oscar
    expect(pac).toMatchObject({ upnDnsInfo: undefined, clientClaims: undefined, deviceClaims: undefined })
    expect(pac).toMatchObject({ deviceInfo: undefined, delegationInfo: undefined })
    expect(pac?.buffers.map(({ type }) => type)).toEqual([1, 10, 6, 7])
    expect(oscar.accessCheck('D:(XA;;FR;;;WD;(@User.department == "Board"))', 'FR')).toBe(0)
    expect(oscar.accessCheck('D:(XA;;FR;;;WD;(@Device.managed))', 'FR')).toBe(0)
    expect(oscar.accessCheck(`D:(XA;;FR;;;WD;(Device_Member_of {SID(${THEIRS}-515)}))`, 'FR')).toBe(0)
    expect(events[0]).toMatchObject({ delegatedBy: [] })
    expect(events[0].withheld).toEqual({
      realm: PARTNER,
      upn: 'oscar@ad.test',
      claims: ['ad://ext/department:1'],
      device: `${THEIRS}-1200`,
      delegatedBy: services,
    })
  })

  test.each<[ForeignStatement, object]>([
    ['upn', { upn: 'oscar@ad.test' }],
    ['delegatedBy', { delegatedBy: services }],
    ['claims', { claims: { 'ad://ext/department:1': ['Board'] } }],
  ])('counts where foreignPac names %s, and nothing besides', async (statement, shown) => {
    const nothing = { upn: undefined, delegatedBy: [], claims: {} }
    const { admit } = await serviceAtHome({ foreignPac: [statement] })
    expect(await admit(all)).toMatchObject({ ...nothing, ...shown })
  })

  test('of services of its own realm is shown, and told whose word it is', async () => {
    const { admit } = await serviceAtHome()
    const through = (...transitedServices: readonly string[]) =>
      theirs({}, { delegationInfo: { s4u2proxyTarget: SPN, transitedServices } })
    const front = 'HTTP/front.partner.test@partner.test'
    expect(await admit(through(front))).toMatchObject({ delegatedBy: [front], delegationToldBy: PARTNER })
    for (const list of [[front, services[0]], [services[0], front], ['front'], ['front@EVILPARTNER.TEST']]) {
      const oscar = await admit(through(...list))
      expect(oscar).toMatchObject({ delegatedBy: [], delegationToldBy: PARTNER, withheld: { delegatedBy: list } })
    }
    expect((await admit({ pac: { delegationInfo } })).delegationToldBy).toBeUndefined()
    const { admit: believing } = await serviceAtHome({ foreignPac: ['delegatedBy'] })
    expect(await believing(all)).toMatchObject({ delegatedBy: services, delegationToldBy: undefined })
  })

  test('of a device counts as far as it is of the user’s domain', async () => {
    const { admit } = await serviceAtHome({ foreignPac: ['device'] })
    const { pac, ...oscar } = { pac: (await admit(all)).pac, accessCheck: await admit(all) }
    expect(pac?.deviceInfo).toMatchObject({ accountDomainId: THEIRS, domainGroups: [{ domainId: OURS, groupIds: [] }] })
    expect(pac?.deviceInfo?.extraSids.map(({ sid }) => sid)).toEqual(['S-1-18-1'])
    expect(oscar.accessCheck.accessCheck('D:(XA;;FR;;;WD;(@Device.managed))', 'FR')).not.toBe(0)
    const ours = theirs({}, { deviceClaims, deviceInfo: { ...deviceInfo, accountDomainId: OURS } })
    const forged = await admit(ours)
    expect(forged.pac).toMatchObject({ deviceInfo: undefined, deviceClaims: undefined })
    expect(forged.withheld?.device).toBe(`${OURS}-1200`)
  })

  test.each<[ForeignStatement, string, boolean]>([
    ['otherDomains', `${THIRD}-1110`, true],
    ['otherDomains', `${OURS}-512`, false],
    ['ownDomain', `${OURS}-512`, true],
    ['ownDomain', `${THIRD}-1110`, false],
    ['ownDomain', 'S-1-5-32-544', false],
    ['otherDomains', 'S-1-5-18', false],
    ['claims', 'S-1-5-21-0-0-0-497', true],
    ['device', 'S-1-5-21-0-0-0-496', true],
    ['ownDomain', 'S-1-5-21-0-0-0-497', false],
  ])('with foreignPac %s: %s is believed: %s', async (statement, sid, believed) => {
    const { admit } = await serviceAtHome({ foreignPac: [statement] })
    expect((await admit(theirs({ extraSids: sids(sid) }))).isInGroup(sid)).toBe(believed)
  })

  test('does not count before our own domain is known, whatever an option says, but for the services that acted', async () => {
    const { admit } = service({ foreignPac: ['upn', 'claims', 'device', 'ownDomain', 'delegatedBy'] })
    const oscar = await admit(all)
    expect(oscar).toMatchObject({ upn: undefined, sid: undefined, delegatedBy: services, delegationToldBy: undefined })
    expect(Object.keys(oscar.claims)).toEqual([])
    expect(oscar.pac).toMatchObject({ deviceInfo: undefined, deviceClaims: undefined, clientClaims: undefined })
  })

  test('never makes the user one of ours', async () => {
    const { refuse } = await serviceAtHome({ foreignPac: ['ownDomain', 'otherDomains', 'resourceGroups'] })
    expect((await refuse(theirs({ logonDomainId: OURS, userId: 500 }))).code).toBe('KDC_ERR_POLICY')
    expect((await refuse(theirs({ userId: 0, extraSids: sids(`${OURS}-500`) }))).code).toBe('KDC_ERR_POLICY')
  })

  test('without LOGON_INFO counts no more than with it', async () => {
    const { admit } = await serviceAtHome()
    const oscar = await admit({ ...all, pac: { logonInfo: undefined, clientClaims, delegationInfo } })
    expect(oscar).toMatchObject({ upn: undefined, delegatedBy: [], sid: undefined })
    expect(oscar.groupsUnknown).toContain('no PAC with LOGON_INFO')
    expect(oscar.withheld).toMatchObject({ delegatedBy: services })
  })
})

describe('before the domain of our own realm is known', () => {
  test('nobody is in a group because a foreign KDC says so, though it may sign in', async () => {
    const { admit, events } = service()
    for (const changes of [{}, { logonDomainId: OURS, userId: 500, groupIds: groups(512, 513) }]) {
      const oscar = await admit(theirs(changes))
      expect(oscar).toMatchObject({ principal: 'oscar@PARTNER.TEST', sid: undefined, groups: [], upn: undefined })
      expect(oscar.groupsUnknown).toContain('the domain SID of AD.TEST is not known yet')
      expect(() => oscar.isInGroup(`${OURS}-512`)).toThrow(/not known which groups oscar@PARTNER.TEST is in/)
      expect(() => oscar.accessCheck('D:(A;;FR;;;WD)', 'FR')).toThrow(/domain SID of AD.TEST is not known/)
    }
    expect(events[0].withheld).toMatchObject({ realm: PARTNER, because: expect.stringContaining('domainSids') })
  })

  test('a foreign KDC teaches nothing: who comes as one of ours first is not believed later', async () => {
    const { admit, refuse } = service()
    await admit(theirs({ logonDomainId: OURS, userId: 500 }))
    expect((await admit({})).isInGroup(`${OURS}-1110`)).toBe(true)
    const error = await refuse(theirs({ logonDomainId: OURS, userId: 500 }))
    expect(error.message).toMatch(/PARTNER\.TEST .*S-1-5-21-1-2-3.*AD\.TEST/)
  })

  test('the same ticket is judged again when it is known', async () => {
    const { acceptor, admit } = service()
    const credential = issue(theirs())
    for (let times = 0; times < 3; times++) {
      const { identity } = accepted(await acceptor.accept(oddToken(credential)))
      expect(identity.sid).toBeUndefined()
    }
    await admit({})
    const { identity } = accepted(await acceptor.accept(oddToken(credential)))
    expect(identity.sid).toBe(`${THEIRS}-1104`)
    expect(identity.isInGroup(`${OURS}-512`)).toBe(false)
  })

  test('a realm that an option names may speak for its domain', async () => {
    const { admit, refuse } = service({ domainSids: { 'partner.test': THEIRS } })
    const oscar = await admit(theirs({ extraSids: sids(`${OURS}-512`) }))
    expect(oscar.sid).toBe(`${THEIRS}-1104`)
    expect(oscar.isInGroup(`${OURS}-512`)).toBe(false)
    expect((await refuse(theirs({ logonDomainId: OURS }))).message).toContain(`the domain of ${PARTNER} is ${THEIRS}`)
  })

  test('a realm that has none lets others speak for theirs', async () => {
    const { admit } = service({ domainSids: { 'AD.TEST': false } })
    expect((await admit(theirs())).isInGroup(`${THEIRS}-1110`)).toBe(true)
  })

  test('a ticket of one of ours that came through another realm teaches nothing', async () => {
    const hop = { delegationInfo: { s4u2proxyTarget: SPN, transitedServices: ['HTTP/front@PARTNER.TEST'] } }
    for (const detour of [
      { pac: hop },
      { part: { transited: { trType: 1, contents: new TextEncoder().encode(PARTNER) } } },
    ]) {
      const { admit } = service()
      expect((await admit(detour)).isInGroup(`${OURS}-1110`)).toBe(true)
      expect((await admit(theirs())).groupsUnknown).toContain('AD.TEST')
    }
  })
})

describe('a realm has one domain, and a domain one realm', () => {
  test('that it changes is refused, with realm and SIDs', async () => {
    const { admit, refuse } = await serviceAtHome()
    await admit(theirs())
    const error = await refuse(theirs({ logonDomainId: THIRD }))
    expect(error.message).toBe(
      `the PAC of a user of ${PARTNER} speaks of the domain ${THIRD}, but the domain of ${PARTNER} is ${THEIRS}, said the first ticket of its users`,
    )
    expect(error.hint).toContain('domainSids')
    await admit({ ...theirs({}), realm: 'partner.test' })
  })

  test('that another realm claims it is refused', async () => {
    const { admit, refuse } = await serviceAtHome()
    await admit(theirs())
    expect((await refuse({ ...theirs(), realm: 'THIRD.TEST' })).message).toContain(`that of ${PARTNER}`)
    await admit({ ...theirs({ logonDomainId: THIRD }), realm: 'THIRD.TEST' })
  })

  test('what an option says is not changed by whoever comes', async () => {
    const { refuse } = service({ domainSids: { 'AD.TEST': THIRD } })
    expect((await refuse({})).message).toContain('says domainSids')
    expect((await service({ domainSids: { 'AD.TEST': false } }).refuse({})).message).toContain('is none')
  })

  test('more realms than are remembered are not believed, and those that an option names are', async () => {
    // With our own realm, these are all but ten of a thousand.
    const named = Array.from({ length: 988 }, (_, index) => [`NAMED${index}.TEST`, `S-1-5-21-6-6-${index}`])
    const { admit } = await serviceAtHome({ domainSids: { 'KEPT.TEST': THIRD, ...Object.fromEntries(named) } })
    const of = (number: number) => ({
      ...theirs({ logonDomainId: `S-1-5-21-5-5-${number}` }),
      realm: `R${number}.TEST`,
    })
    for (let number = 989; number <= 998; number++) await admit(of(number))
    expect((await admit(of(999))).groupsUnknown).toContain('R999.TEST')
    expect((await admit(of(998))).sid).toBe('S-1-5-21-5-5-998-1104')
    expect((await admit({ ...theirs({ logonDomainId: THIRD }), realm: 'KEPT.TEST' })).sid).toBe(`${THIRD}-1104`)
  })
})

describe('an acceptor with keys of two realms', () => {
  const WEST_KEY = keyOf(5)
  const keytab = keytabOf(entryOf(SPN, 1, keyOf(1)), entryOf(SPN, 1, WEST_KEY, 'WEST.TEST'))
  const ofWest = (changes: Partial<LogonInfo> = {}): IssueOptions => ({
    ...theirs(changes),
    realm: 'WEST.TEST',
    key: WEST_KEY,
  })

  test('believes nobody’s groups before it knows both domains', async () => {
    const { admit } = service({ keytab })
    const alice = await admit({})
    expect(alice.groupsUnknown).toContain('WEST.TEST')
    expect((await admit(ofWest())).isInGroup(`${THEIRS}-1110`)).toBe(true)
    expect((await admit({})).isInGroup(`${OURS}-1110`)).toBe(true)
  })

  test('lets the KDC of one say nothing about the domain of the other', async () => {
    const { admit, refuse } = service({ keytab, domainSids: { 'AD.TEST': OURS, 'WEST.TEST': THEIRS } })
    const forged = await admit(ofWest({ extraSids: sids(`${OURS}-512`, `${THIRD}-1110`, 'S-1-5-32-544') }))
    expect(forged.isInGroup(`${OURS}-512`)).toBe(false)
    expect(forged.isInGroup(`${THIRD}-1110`)).toBe(true)
    expect(forged.upn).toBe('oscar@ad.test')
    expect((await refuse(ofWest({ logonDomainId: OURS, userId: 500 }))).code).toBe('KDC_ERR_POLICY')
    expect((await refuse(ofWest({ userId: 0, extraSids: sids(`${OURS}-500`) }))).code).toBe('KDC_ERR_POLICY')
  })

  test('lets the KDC that comes first not take the domain of the other', async () => {
    const { admit, refuse } = service({ keytab })
    const mallory = await admit(ofWest({ logonDomainId: OURS, userId: 500 }))
    expect(() => mallory.isInGroup(`${OURS}-512`)).toThrow(/not known/)
    expect((await refuse({})).message).toContain('WEST.TEST')
    expect(() => mallory.isInGroup(`${OURS}-512`)).toThrow(/not known/)
  })

  test('believes a realm that an option names, of others only what is not a domain’s', async () => {
    const { admit } = service({ keytab, ...knows })
    const alice = await admit({ pac: { logonInfo: logonInfo({ extraSids: sids(`${THEIRS}-512`, 'S-1-18-1') }) } })
    expect(alice.groups).toEqual([`${OURS}-513`, `${OURS}-1110`, `${OURS}-1111`, 'S-1-18-1'])
  })

  test('judges a ticket again when it has come to know the other domain', async () => {
    const { acceptor, admit } = service({ keytab, ...knows })
    const credential = issue({ pac: { logonInfo: logonInfo({ extraSids: sids(`${THIRD}-512`) }) } })
    const show = async () => accepted(await acceptor.accept(oddToken(credential))).identity
    for (let times = 0; times < 3; times++) expect((await show()).isInGroup(`${THIRD}-512`)).toBe(false)
    await admit(ofWest())
    expect((await show()).isInGroup(`${THIRD}-512`)).toBe(true)
  })

  test('refuses users of one whom the KDC of the other names', async () => {
    for (const pac of [false, {}] as const) {
      const { refuse } = service({ keytab, trustedRealms: ['AD.TEST', 'WEST.TEST'] })
      const error = await refuse({ key: WEST_KEY, pac })
      expect(error).toMatchObject({ code: 'KRB_AP_PATH_NOT_ACCEPTED', hint: expect.stringContaining('mayVouchFor') })
      expect(error.message).toContain('a user of AD.TEST has a ticket of the KDC of WEST.TEST')
      expect((await refuse({ key: WEST_KEY, pac, realm: 'ad.test' })).code).toBe('KRB_AP_PATH_NOT_ACCEPTED')
    }
  })

  test('refuses them from the moment when it has the second key', async () => {
    let keys = keytabOf(entryOf(SPN, 1, WEST_KEY, 'WEST.TEST'))
    let now = NOW
    const acceptor = createAcceptor({ keytab: async () => keys, now: () => now })
    await acceptor.ready()
    const issued = issue({ key: WEST_KEY, pac: false })
    const credential = { ...issued, ticket: { ...issued.ticket, realm: 'WEST.TEST' } }
    const show = () => acceptor.accept(oddToken(credential, { authenticator: { ctime: now } }))
    for (let times = 0; times < 3; times++) accepted(await show())
    keys = keytab
    now += 61_000
    await show()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(refused(await show()).error.code).toBe('KRB_AP_PATH_NOT_ACCEPTED')
  })

  test('accepts them where an option says so, in one direction', async () => {
    const { admit, refuse } = service({ keytab, mayVouchFor: { 'west.test': ['ad.test'] } })
    expect((await admit({ key: WEST_KEY, pac: false })).principal).toBe('alice@AD.TEST')
    expect((await refuse({ realm: 'WEST.TEST', pac: false })).code).toBe('KRB_AP_PATH_NOT_ACCEPTED')
    await admit({ realm: 'PARTNER.TEST', key: WEST_KEY, pac: false })
  })
})

describe('a ticket without a PAC', () => {
  test('of a realm whose tickets have one is refused', async () => {
    const { refuse, admit } = await serviceAtHome()
    expect(await refuse({ pac: false })).toMatchObject({
      code: 'KDC_ERR_POLICY',
      hint: expect.stringContaining('requirePac'),
    })
    await admit({ realm: PARTNER, pac: false })
    await admit(theirs())
    expect((await refuse({ realm: PARTNER, pac: false })).code).toBe('KDC_ERR_POLICY')
  })

  test('is not the same as one that the KDC puts no SIDs into, which no user can ask for', async () => {
    const { admit } = await serviceAtHome()
    const host = await admit({ pac: { logonInfo: undefined } })
    expect(() => host.isInGroup(`${OURS}-1110`)).toThrow(/not known/)
  })

  test('of a realm that an option says to have SIDs is refused', async () => {
    const { refuse, admit } = service({ domainSids: { 'ad.test': OURS, [PARTNER]: false } })
    expect((await refuse({ pac: false })).code).toBe('KDC_ERR_POLICY')
    await admit({ realm: PARTNER, pac: false })
  })

  test('that was accepted before is refused then, too', async () => {
    const { acceptor, admit } = service()
    const credential = issue({ pac: false })
    for (let times = 0; times < 3; times++) accepted(await acceptor.accept(oddToken(credential)))
    await admit({})
    expect(refused(await acceptor.accept(oddToken(credential))).error.code).toBe('KDC_ERR_POLICY')
  })

  test('of a realm without SIDs is accepted, and whoever asks for the groups is told that nobody knows', async () => {
    const alice = await service().admit({ pac: false })
    expect(alice).toMatchObject({ groups: [], groupsUnknown: 'the ticket had no PAC with LOGON_INFO' })
    const ask = () => alice.isInGroup(`${OURS}-1110`)
    expect(ask).toThrow(expect.objectContaining({ name: 'ConfigurationError', code: 'GSS_S_UNAVAILABLE' }))
    expect(() => alice.accessCheck('D:(A;;FR;;;WD)', 'FR')).toThrow(/no PAC with LOGON_INFO/)
    const other = await service().admit({ pac: { logonInfo: undefined } })
    expect(() => other.isInGroup(`${OURS}-1110`)).toThrow(/not known/)
  })

  test('means no groups where an option says so', async () => {
    const { admit } = await serviceAtHome({ requirePac: false })
    for (const pac of [false, { logonInfo: undefined }] as const) {
      const alice = await admit({ pac })
      expect(alice.groupsUnknown).toBeUndefined()
      expect(alice.isInGroup(`${OURS}-1110`)).toBe(false)
    }
  })

  test('is another thing than a PAC that is not believed, of which no option says that it means no groups', async () => {
    const oscar = await service({ requirePac: false }).admit(theirs())
    expect(() => oscar.isInGroup(`${OURS}-512`)).toThrow(/not known/)
  })

  test('of a realm that a list leaves out is accepted whatever was seen, and its groups are unknown', async () => {
    const { admit, refuse } = await serviceAtHome({ requirePac: ['OTHER.TEST'] })
    expect((await admit({ pac: false })).groupsUnknown).toBeDefined()
    expect((await refuse({ realm: 'OTHER.TEST', pac: false })).code).toBe('KDC_ERR_POLICY')
  })

  test('of an anonymous user means no groups', async () => {
    const { admit } = service({ allowAnonymous: true })
    expect((await admit({ client: 'WELLKNOWN/ANONYMOUS', pac: false })).isInGroup(`${OURS}-1110`)).toBe(false)
  })
})

test('a realm whose name differs from ours in letter case is not ours when it came through another', async () => {
  const transited = { trType: 1, contents: new TextEncoder().encode(PARTNER) }
  const { admit, refuse } = service({ trustedRealms: [] })
  expect((await admit({ realm: 'ad.test', pac: false })).principal).toBe('alice@ad.test')
  expect((await refuse({ realm: 'ad.test', part: { transited } })).code).toBe('KRB_AP_PATH_NOT_ACCEPTED')
})

test('the UPN of somebody else makes a PAC one that no KDC issues', async () => {
  const upnDnsInfo = { upn: 'a@ad.test', dnsDomainName: 'AD.TEST', flags: 2 }
  const named = (sid: string) => ({ pac: { upnDnsInfo: { ...upnDnsInfo, extended: { samAccountName: 'a', sid } } } })
  expect((await service().refuse(named(`${OURS}-500`))).code).toBe('KRB_AP_ERR_MODIFIED')
  expect((await service().admit(named(`${OURS}-1104`))).upn).toBe('a@ad.test')
})

test.each<[string, AcceptorOptions]>([
  ['domainSids', { domainSids: { 'AD.TEST': `${OURS}-513` } }],
  ['domainSids', { domainSids: { 'AD.TEST': 'S-1-5-32' } }],
  ['domainSids', { domainSids: { 'AD.TEST': 'S-1-5-21-0-0-0' } }],
  ['domainSids', { domainSids: { 'AD.TEST': 'S-1-5-21-01-2-3' } }],
  ['domainSids', { domainSids: { 'AD.TEST': true as unknown as false } }],
  ['domainSids', { domainSids: { 'AD.TEST': OURS, [PARTNER]: OURS } }],
  ['domainSids', { domainSids: { 'AD.TEST': OURS, 'ad.test': THEIRS } }],
  ['foreignPac', { foreignPac: ['groups' as ForeignStatement] }],
  ['foreignPac', { foreignPac: { [PARTNER]: ['UPN' as ForeignStatement] } }],
  ['foreignPac', { foreignPac: { [PARTNER]: 'upn' as unknown as ForeignStatement[] } }],
  ['mayVouchFor', { mayVouchFor: { 'WEST.TEST': 'AD.TEST' as unknown as string[] } }],
])('an option %s of %j is refused at the start', (name, options) => {
  expect(() => service(options)).toThrow(new RegExp(`^${name}`))
})

test('the PAC in the authenticator, where the client can put any, teaches nothing', async () => {
  const { acceptor, admit } = service()
  const adData = pacOf('alice', NOW - HOUR, SERVICE_KEY)
  const authorizationData = ifRelevant({ adType: AdType.WIN2K_PAC, adData })
  const token = oddToken(issue({ pac: false }), { authenticator: { authorizationData } })
  expect(accepted(await acceptor.accept(token)).identity.groupsUnknown).toBeDefined()
  expect((await admit(theirs())).groupsUnknown).toContain('AD.TEST')
  await admit({ pac: false })
})

describe('a ticket of our own', () => {
  const selfTicket = () => issue({ client: 'svc-web' }).ticket

  test('teaches which domain is ours, once for all who wait', async () => {
    const ownTicket = vi.fn(async () => selfTicket())
    const { admit } = service({ ownTicket })
    const [first, second] = await Promise.all([admit(theirs()), admit(theirs({ extraSids: sids(`${OURS}-512`) }))])
    expect(first.isInGroup(`${THEIRS}-1110`)).toBe(true)
    expect(second.isInGroup(`${OURS}-512`)).toBe(false)
    expect(ownTicket).toHaveBeenCalledTimes(1)
    await admit(theirs())
    expect(ownTicket).toHaveBeenCalledTimes(1)
  })

  test('is not asked for when nobody foreign comes', async () => {
    const ownTicket = vi.fn(async () => selfTicket())
    await service({ ownTicket }).admit({})
    await service({ ownTicket, ...knows }).admit(theirs())
    await service({ ownTicket }).admit({ ...theirs(), pac: false })
    expect(ownTicket).not.toHaveBeenCalled()
  })

  test('that cannot be had is asked for again after a minute, and is told', async () => {
    let now = NOW
    const failures: AcceptorEvent[] = []
    const ownTicket = vi.fn(() => Promise.reject(new Error('no KDC')))
    const onEvent: AcceptorOptions['onEvent'] = (event) =>
      void (event.kind === 'own-ticket-failed' && failures.push(event))
    const { admit } = service({ ownTicket, now: () => now, onEvent })
    for (const [later, asked] of [
      [0, 1],
      [59_000, 1],
      [60_000, 2],
      [0, 3],
    ] as const) {
      now = NOW + later
      const oscar = await admit(theirs())
      expect(() => oscar.isInGroup(`${OURS}-512`)).toThrow(/not known/)
      expect(ownTicket).toHaveBeenCalledTimes(asked)
    }
    expect(failures[0]).toEqual({ kind: 'own-ticket-failed', code: 'S4U_OWN_TICKET', message: 'no KDC' })
  })

  test('that is one of a foreign user teaches nothing', async () => {
    const { admit } = service({ ownTicket: async () => issue(theirs({ logonDomainId: OURS })).ticket })
    expect((await admit(theirs())).groupsUnknown).toContain('AD.TEST')
  })

  test('is not waited for longer than five seconds', async () => {
    vi.useFakeTimers()
    try {
      let aborted: AbortSignal | undefined
      const ownTicket = (signal: AbortSignal) => {
        aborted = signal
        return new Promise<never>(() => {})
      }
      const oscar = service({ ownTicket }).admit(theirs())
      await vi.advanceTimersByTimeAsync(5_000)
      expect((await oscar).groupsUnknown).toContain('AD.TEST')
      expect(aborted?.aborted).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })
})
