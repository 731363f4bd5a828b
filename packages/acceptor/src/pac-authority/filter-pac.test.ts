import { type ClaimsArray, type DeviceInfo, type LogonInfo, Pac, type PacContents } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { logonInfo, NOW, pacOf, SERVICE_KEY } from '../fixtures/issued-token.js'
import type { ForeignStatement } from './foreign-statements.js'
import { filterPac, type PacBelief } from './filter-pac.js'
import { withheldOf } from './withheld.js'

const [THEIRS, OURS] = ['S-1-5-21-7-7-7', 'S-1-5-21-1-2-3']
const PARTNER = 'PARTNER.TEST'
const sids = (...list: readonly string[]) => list.map((sid) => ({ sid, attributes: 7 }))
const groups = (...list: readonly number[]) => list.map((relativeId) => ({ relativeId, attributes: 7 }))
const info = (changes: Partial<LogonInfo> = {}) => logonInfo({ logonDomainId: THEIRS, userFlags: 0x220, ...changes })
const pacWith = (contents: Partial<PacContents>) => Pac.decode(pacOf('oscar', NOW, SERVICE_KEY, { pac: contents }))

const theirOwn = (sid: string): boolean => sid.startsWith(`${THEIRS}-`) || sid === 'S-1-18-1'
const EVERYTHING: readonly ForeignStatement[] = ['upn', 'claims', 'device', 'delegatedBy']
const belief = (changes: Partial<PacBelief> = {}): PacBelief => ({
  realm: PARTNER,
  maySay: theirOwn,
  maySayResource: theirOwn,
  statements: new Set(),
  ...changes,
})
const believing = (...statements: readonly ForeignStatement[]) => belief({ statements: new Set(statements) })

const upnDnsInfo = { upn: 'oscar@partner.test', dnsDomainName: PARTNER, flags: 0, extended: undefined }
const clientClaims: ClaimsArray[] = [
  { source: 1, claims: [{ id: 'department', type: 'string', values: ['Board'] }] },
  { source: 2, claims: [{ id: 'level', type: 'int64', values: [1n] }] },
]
const deviceClaims: ClaimsArray[] = [{ source: 1, claims: [{ id: 'managed', type: 'boolean', values: [true] }] }]
const deviceInfo: DeviceInfo = {
  userId: 1200,
  primaryGroupId: 515,
  accountDomainId: THEIRS,
  accountGroupIds: groups(515),
  extraSids: sids('S-1-18-1'),
  domainGroups: [{ domainId: THEIRS, groupIds: groups(1301, 1302) }],
}
const services = ['HTTP/web.ad.test@AD.TEST']
const delegationInfo = { s4u2proxyTarget: 'HTTP/data.ad.test', transitedServices: services }
const all = { logonInfo: info(), upnDnsInfo, clientClaims, deviceClaims, deviceInfo, delegationInfo }

describe('a PAC of which all is believed', () => {
  test.each<[string, Partial<PacContents>, PacBelief]>([
    ['with every statement', all, believing(...EVERYTHING)],
    ['without any', { logonInfo: info(), upnDnsInfo: undefined }, belief()],
    ['without LOGON_INFO', { logonInfo: undefined, upnDnsInfo }, believing('upn')],
    [
      'with services of its own realm',
      {
        ...all,
        deviceInfo: undefined,
        deviceClaims: undefined,
        delegationInfo: { ...delegationInfo, transitedServices: ['HTTP/a@Partner.Test'] },
      },
      believing('upn', 'claims'),
    ],
    [
      'with services that are none',
      { logonInfo: info(), upnDnsInfo: undefined, delegationInfo: { ...delegationInfo, transitedServices: [] } },
      belief(),
    ],
    [
      'with claims of a device that is not named',
      { logonInfo: info(), upnDnsInfo: undefined, deviceClaims },
      believing('device'),
    ],
    [
      'with resource groups that it may give',
      { logonInfo: info({ resourceGroupDomainSid: THEIRS, resourceGroups: groups(1120) }), upnDnsInfo: undefined },
      belief(),
    ],
  ])('stays the very same, %s', (_what, contents, judged) => {
    const pac = pacWith(contents)
    expect(filterPac(pac, judged)).toBe(pac)
    expect(withheldOf(pac)).toBeUndefined()
  })
})

describe('a statement that is not believed', () => {
  const withheldFrom = (contents: Partial<PacContents>, judged: PacBelief) => {
    const excerpt = filterPac(pacWith({ logonInfo: info(), upnDnsInfo: undefined, ...contents }), judged)
    return { excerpt, withheld: withheldOf(excerpt) }
  }

  test('of a name is left out alone', () => {
    const { excerpt, withheld } = withheldFrom(all, believing('claims', 'device', 'delegatedBy'))
    expect(excerpt).toMatchObject({ upnDnsInfo: undefined, clientClaims, deviceInfo, delegationInfo })
    expect(withheld).toEqual({ realm: PARTNER, upn: 'oscar@partner.test' })
    expect(Object.keys(withheld ?? {})).toEqual(['realm', 'upn'])
  })

  test('of a name that is empty is left out and is nothing to tell', () => {
    const { excerpt, withheld } = withheldFrom({ upnDnsInfo: { ...upnDnsInfo, upn: '' } }, belief())
    expect(excerpt.upnDnsInfo).toBeUndefined()
    expect(Object.keys(withheld ?? {})).toEqual(['realm'])
  })

  test('of claims is left out alone, and told by their names', () => {
    const { excerpt, withheld } = withheldFrom(all, believing('upn', 'device', 'delegatedBy'))
    expect(excerpt).toMatchObject({ upnDnsInfo, clientClaims: undefined, deviceClaims, deviceInfo })
    expect(withheld).toEqual({ realm: PARTNER, claims: ['department', 'level'] })
    expect(Object.keys(withheld ?? {})).toEqual(['realm', 'claims'])
  })

  test('of claims without any is nothing to tell', () => {
    const { withheld } = withheldFrom({ clientClaims: [] }, belief())
    expect(Object.keys(withheld ?? {})).toEqual(['realm'])
  })

  test('of a device is left out with the claims of the device, and told by its SID', () => {
    const { excerpt, withheld } = withheldFrom(all, believing('upn', 'claims', 'delegatedBy'))
    expect(excerpt).toMatchObject({ upnDnsInfo, clientClaims, deviceClaims: undefined, deviceInfo: undefined })
    expect(withheld).toEqual({ realm: PARTNER, device: `${THEIRS}-1200` })
    expect(Object.keys(withheld ?? {})).toEqual(['realm', 'device'])
  })

  test('of the claims of a device that is not named is left out', () => {
    const { excerpt, withheld } = withheldFrom({ deviceClaims }, belief())
    expect(excerpt.deviceClaims).toBeUndefined()
    expect(withheld).toEqual({ realm: PARTNER })
  })

  test('of services is left out alone, and told', () => {
    const { excerpt, withheld } = withheldFrom(all, believing('upn', 'claims', 'device'))
    expect(excerpt).toMatchObject({ upnDnsInfo, clientClaims, deviceClaims, deviceInfo, delegationInfo: undefined })
    expect(withheld).toEqual({ realm: PARTNER, delegatedBy: services })
    expect(Object.keys(withheld ?? {})).toEqual(['realm', 'delegatedBy'])
  })

  test('and everything else, where no SID is believed, is left out but for the services', () => {
    const judged = belief({ statements: new Set(EVERYTHING), noSidsBecause: 'nobody knows' })
    const { excerpt, withheld } = withheldFrom(all, judged)
    expect(excerpt).toMatchObject({ logonInfo: undefined, upnDnsInfo: undefined, clientClaims: undefined })
    expect(excerpt).toMatchObject({ deviceInfo: undefined, deviceClaims: undefined, delegationInfo })
    expect(withheld).toEqual({
      realm: PARTNER,
      sids: [`${THEIRS}-1104`, `${THEIRS}-513`, `${THEIRS}-1110`, `${THEIRS}-1111`, 'S-1-18-1'],
      upn: 'oscar@partner.test',
      claims: ['department', 'level'],
      device: `${THEIRS}-1200`,
      because: 'nobody knows',
    })
  })
})

describe('a SID that is not believed', () => {
  const excerptWith = (changes: Partial<LogonInfo>, judged = belief()) =>
    filterPac(pacWith({ logonInfo: info(changes), upnDnsInfo: undefined }), judged)

  test('denies, grants nothing, and is told', () => {
    const excerpt = excerptWith({ extraSids: sids('S-1-18-1', `${OURS}-512`) })
    expect(excerpt.logonInfo?.extraSids).toEqual(sids('S-1-18-1'))
    expect(excerpt.sids()).not.toContain(`${OURS}-512`)
    expect(excerpt.denyOnlySids()).toEqual([`${OURS}-512`])
    expect(withheldOf(excerpt)).toEqual({ realm: PARTNER, sids: [`${OURS}-512`] })
    expect(Object.keys(withheldOf(excerpt) ?? {})).toEqual(['realm', 'sids'])
  })

  test('that may only deny is told as well, and denies as before', () => {
    const excerpt = excerptWith({ extraSids: [{ sid: `${OURS}-512`, attributes: 0x10 }, ...sids(`${OURS}-513`)] })
    expect(excerpt.denyOnlySids().toSorted()).toEqual([`${OURS}-512`, `${OURS}-513`])
    expect(withheldOf(excerpt)?.sids?.toSorted()).toEqual([`${OURS}-512`, `${OURS}-513`])
  })

  test('may stand among resource groups whose other ones are believed', () => {
    const mixed = { resourceGroupDomainSid: OURS, resourceGroups: groups(512, 1120) }
    const excerpt = excerptWith(mixed, belief({ maySayResource: (sid) => sid === `${OURS}-1120` }))
    expect(excerpt.logonInfo).toMatchObject({ resourceGroupDomainSid: OURS, resourceGroups: groups(1120) })
    expect(withheldOf(excerpt)).toEqual({ realm: PARTNER, sids: [`${OURS}-512`] })
  })

  test('of a domain that would then have no group takes the domain along', () => {
    const excerpt = excerptWith({ resourceGroupDomainSid: OURS, resourceGroups: groups(1120) })
    expect(excerpt.logonInfo).toMatchObject({ resourceGroupDomainSid: undefined, resourceGroups: [] })
  })

  test.each([
    [100, undefined],
    [101, 1],
    [150, 50],
  ])('is told with at most a hundred: of %s, more than those are %s', (count, moreSids) => {
    const many = Array.from({ length: count }, (_, at) => `${OURS}-${2_000 + at}`)
    const withheld = withheldOf(excerptWith({ extraSids: sids(...many) }))
    expect(withheld?.sids).toEqual(many.slice(0, 100))
    expect(withheld).toEqual({ realm: PARTNER, sids: many.slice(0, 100), ...(moreSids && { moreSids }) })
    expect(Object.keys(withheld ?? {}).includes('moreSids')).toBe(moreSids !== undefined)
  })
})

describe('a device that is believed', () => {
  const deviceWith = (changes: Partial<DeviceInfo>) =>
    filterPac(
      pacWith({ logonInfo: info(), upnDnsInfo: undefined, deviceClaims, deviceInfo: { ...deviceInfo, ...changes } }),
      believing('device'),
    )

  test('keeps of its SIDs those that the realm may give', () => {
    const excerpt = deviceWith({
      extraSids: sids('S-1-18-1', `${OURS}-512`),
      domainGroups: [
        { domainId: THEIRS, groupIds: groups(1301) },
        { domainId: OURS, groupIds: groups(1302) },
      ],
    })
    expect(excerpt.deviceInfo).toMatchObject({
      userId: 1200,
      extraSids: sids('S-1-18-1'),
      domainGroups: [
        { domainId: THEIRS, groupIds: groups(1301) },
        { domainId: OURS, groupIds: [] },
      ],
    })
    expect(excerpt.deviceClaims).toEqual(deviceClaims)
    expect(withheldOf(excerpt)).toEqual({ realm: PARTNER })
  })

  test('keeps no extra SID and no group of another domain, where one of them alone is not believed', () => {
    expect(deviceWith({ extraSids: sids(`${OURS}-512`) }).deviceInfo?.extraSids).toEqual([])
    const other = { domainGroups: [{ domainId: OURS, groupIds: groups(1302) }] }
    expect(deviceWith(other).deviceInfo?.domainGroups).toEqual([{ domainId: OURS, groupIds: [] }])
  })

  test('keeps no group of another domain, where its other SIDs are all believed', () => {
    const domainGroups = [
      { domainId: THEIRS, groupIds: groups(1301) },
      { domainId: OURS, groupIds: groups(1302) },
    ]
    expect(deviceWith({ domainGroups }).deviceInfo?.domainGroups).toEqual([
      { domainId: THEIRS, groupIds: groups(1301) },
      { domainId: OURS, groupIds: [] },
    ])
  })

  test('is not one of another domain, whose claims go with it', () => {
    const excerpt = deviceWith({ accountDomainId: OURS })
    expect(excerpt).toMatchObject({ deviceInfo: undefined, deviceClaims: undefined })
    expect(withheldOf(excerpt)).toEqual({ realm: PARTNER, device: `${OURS}-1200` })
  })
})
