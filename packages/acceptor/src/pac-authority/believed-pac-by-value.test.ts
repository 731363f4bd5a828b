/** What is said of a PAC that is refused or not believed, and when it is judged again. */
import { type DeviceInfo, type LogonInfo, openTicket, Pac, type PacContents } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import { checkOptions } from '../options/acceptor-settings.js'
import { DOMAIN_SID, issue, type IssueOptions, logonInfo, NOW, pacOf, SERVICE_KEY } from '../fixtures/issued-token.js'
import { believePac } from './believed-pac.js'
import { foreignFactsOf, withheldOf } from './withheld.js'

const [OURS, THEIRS, THIRD] = [DOMAIN_SID, 'S-1-5-21-7-7-7', 'S-1-5-21-9-9-9']
const PARTNER = 'PARTNER.TEST'
const HINT =
  'No KDC that keeps to its own domain issues this. Ask who runs the KDC of that realm, and let the trust filter SIDs: netdom trust /quarantine:yes.'
const WITHOUT =
  'and without it nobody can tell which SIDs another realm may give; set domainSids (false for a realm without SIDs)'
const sids = (...list: readonly string[]) => list.map((sid) => ({ sid, attributes: 7 }))
const service = { serviceRealm: 'AD.TEST', ownRealms: ['AD.TEST'] }
const known = { domainSids: { 'AD.TEST': OURS } }

function judge(
  who: Omit<IssueOptions, 'pac'> & { readonly pac?: Partial<PacContents>; readonly info?: Partial<LogonInfo> | false },
  settings = checkOptions(known),
  at = service,
) {
  const { info = {}, ...rest } = who
  const contents = { logonInfo: info === false ? undefined : logonInfo(info), ...rest.pac }
  const { ticket } = issue({ ...rest, pac: false })
  const { encTicketPart } = openTicket(ticket, SERVICE_KEY)
  const pac = Pac.decode(pacOf(rest.client ?? 'alice', NOW, SERVICE_KEY, { pac: contents }))
  return { received: pac, ...believePac(pac, encTicketPart, at, settings) }
}

const theirs = (info: Partial<LogonInfo> | false = {}) => ({
  client: 'oscar',
  realm: PARTNER,
  info: info && { logonDomainId: THEIRS, ...info },
})
const settingsOf = (options: AcceptorOptions) => checkOptions(options)

describe('a foreign PAC is refused with the reason', () => {
  test.each<[string, Partial<LogonInfo>, string]>([
    [
      'its domain is none',
      { logonDomainId: 'S-1-5-32' },
      `the PAC of a user of ${PARTNER} has the logon domain S-1-5-32, which is no domain`,
    ],
    [
      'its user is of another domain',
      { userId: 0, extraSids: sids(`${OURS}-500`) },
      `the PAC of a user of ${PARTNER} has the user SID ${OURS}-500, which is not of that realm`,
    ],
    [
      'its user is of no domain',
      { userId: 0, extraSids: sids('S-1-5-18') },
      `the PAC of a user of ${PARTNER} has the user SID S-1-5-18, which is not of that realm`,
    ],
  ])('%s', (_what, info, message) => {
    expect(() => judge(theirs(info))).toThrow(
      expect.objectContaining({ name: 'RejectedTokenError', code: 'KDC_ERR_POLICY', message, hint: HINT }),
    )
  })
})

describe('a foreign PAC that is not believed says why', () => {
  const because = (settings: AcceptorOptions, ownRealms = service.ownRealms) => {
    const { pac, provisional } = judge(theirs(), settingsOf(settings), { ...service, ownRealms })
    return { because: withheldOf(pac)?.because, provisional, shown: pac.logonInfo }
  }

  test('of one realm whose domain is not known', () => {
    expect(because({})).toEqual({
      because: `the domain SID of AD.TEST is not known yet, ${WITHOUT}, or let a user of AD.TEST sign in first`,
      provisional: true,
      shown: undefined,
    })
  })

  test('of several, of which the first five are named', () => {
    const ownRealms = ['AD.TEST', 'B.TEST', 'C.TEST', 'D.TEST', 'E.TEST', 'F.TEST', 'G.TEST']
    const five = 'B.TEST, C.TEST, D.TEST, E.TEST, F.TEST'
    expect(because(known, ownRealms).because).toBe(
      `the domain SID of ${five} is not known yet, ${WITHOUT}, or let a user of ${five} sign in first`,
    )
  })

  test('of too many realms', () => {
    const many = Array.from({ length: 999 }, (_, at) => [`R${at}.TEST`, `S-1-5-21-5-5-${at}`])
    const settings = { domainSids: { ...Object.fromEntries(many), 'AD.TEST': OURS } }
    expect(because(settings)).toEqual({
      because: `the domain SIDs of so many realms have been learned that ${PARTNER} is not remembered any more; name it in domainSids`,
      provisional: true,
      shown: undefined,
    })
    // One that is known already, or named, needs no more room.
    expect(because({ domainSids: { ...settings.domainSids, [PARTNER]: THEIRS } }).because).toBeUndefined()
    const { [`R998.TEST`]: _one, ...room } = settings.domainSids
    const learning = settingsOf({ domainSids: room })
    for (let times = 0; times < 2; times++) expect(withheldOf(judge(theirs(), learning).pac)?.because).toBeUndefined()
  })
})

describe('a foreign PAC that is believed', () => {
  test('is judged for good, and its domain is learned', () => {
    const settings = settingsOf(known)
    const { pac, provisional } = judge(theirs({ extraSids: sids('S-1-18-1', `${OURS}-512`, `${THIRD}-512`) }), settings)
    expect(provisional).toBe(false)
    expect(settings.domainSids.of(PARTNER)).toBe(THEIRS)
    expect(pac.sids()).toEqual([`${THEIRS}-1104`, `${THEIRS}-513`, `${THEIRS}-1110`, `${THEIRS}-1111`, 'S-1-18-1'])
    expect(withheldOf(pac)).toMatchObject({ realm: PARTNER, sids: [`${OURS}-512`, `${THIRD}-512`] })
  })

  test('is so without any knowledge of ours where an option names its realm, and teaches nothing', () => {
    const settings = settingsOf({ domainSids: { [PARTNER]: THEIRS } })
    const { pac, provisional } = judge(theirs(), settings)
    expect([pac.userSid, provisional, settings.domainSids.version]).toEqual([`${THEIRS}-1104`, false, 0])
  })

  test('comes with what our domain is and who told of the services', () => {
    expect(foreignFactsOf(judge(theirs()).pac)).toEqual({ serviceDomain: OURS, delegationToldBy: PARTNER })
    const { pac } = judge(theirs(), settingsOf({ ...known, foreignPac: ['delegatedBy'] }))
    const facts = foreignFactsOf(pac)
    expect(facts).toEqual({ serviceDomain: OURS })
    expect(Object.keys(facts ?? {})).toEqual(['serviceDomain'])
    const unknown = judge(theirs(), settingsOf({ domainSids: { [PARTNER]: THEIRS } }))
    expect(foreignFactsOf(unknown.pac)?.serviceDomain).toBe(false)
    const none = judge(theirs(), settingsOf({ domainSids: { 'AD.TEST': false } }))
    expect(foreignFactsOf(none.pac)?.serviceDomain).toBe(false)
  })

  test('shows no statement without LOGON_INFO either, but for those that an option believes', () => {
    expect(judge(theirs(false)).pac.upnDnsInfo).toBeUndefined()
    expect(judge(theirs(false), settingsOf({ ...known, foreignPac: ['upn'] })).pac.upnDnsInfo?.upn).toBe(
      'oscar@ad.test',
    )
  })
})

describe('a foreign PAC that names nobody', () => {
  test('is one of nobody', () => {
    const { pac } = judge(theirs({ userId: 0, extraSids: [], userFlags: 0 }))
    expect([pac.userSid, pac.logonInfo?.logonDomainId]).toEqual([undefined, THEIRS])
  })

  test('has no device either, whatever an option believes', () => {
    const settings = settingsOf({ ...known, foreignPac: ['device'] })
    const { pac } = judge({ ...theirs(false), pac: { deviceInfo } }, settings)
    expect(pac.deviceInfo).toBeUndefined()
    expect(withheldOf(pac)?.device).toBe(`${THEIRS}-1200`)
    expect(judge({ ...theirs(), pac: { deviceInfo } }, settings).pac.deviceInfo).toEqual(deviceInfo)
  })
})

const deviceInfo: DeviceInfo = {
  userId: 1200,
  primaryGroupId: 515,
  accountDomainId: THEIRS,
  accountGroupIds: [{ relativeId: 515, attributes: 7 }],
  extraSids: [],
  domainGroups: [],
}

describe('a PAC of our own realm', () => {
  test('is believed as it is, and teaches our domain', () => {
    const settings = settingsOf({})
    const { received, pac, provisional } = judge({ info: { extraSids: sids(`${THIRD}-512`) } }, settings)
    expect(pac).toBe(received)
    expect(provisional).toBe(false)
    expect(settings.domainSids.of('AD.TEST')).toBe(OURS)
    expect(foreignFactsOf(pac)).toBeUndefined()
  })

  test('written in another letter case is ours', () => {
    const settings = settingsOf({})
    const { received, pac } = judge({ realm: 'ad.test' }, settings)
    expect([pac === received, settings.domainSids.of('AD.TEST')]).toEqual([true, OURS])
  })

  test('without LOGON_INFO, or of no domain, is believed and teaches nothing', () => {
    for (const info of [false, { logonDomainId: 'S-1-5-32' }, { logonDomainId: 'S-1-5-21-0-0-0' }] as const) {
      const settings = settingsOf({})
      const { received, pac } = judge({ info }, settings)
      expect([pac === received, settings.domainSids.of('AD.TEST')]).toEqual([true, undefined])
    }
  })

  test.each<[string, Parameters<typeof judge>[0], boolean]>([
    [
      'services of our realm',
      { pac: { delegationInfo: { s4u2proxyTarget: 'x', transitedServices: ['a@AD.TEST', 'b@ad.test'] } } },
      true,
    ],
    [
      'a service of another one',
      { pac: { delegationInfo: { s4u2proxyTarget: 'x', transitedServices: ['a@AD.TEST', `b@${PARTNER}`] } } },
      false,
    ],
    ['another realm on its path', { part: { transited: { trType: 1, contents: Uint8Array.of(65) } } }, false],
  ])('with %s teaches: %s', (_what, who, teaches) => {
    const settings = settingsOf({})
    judge(who, settings)
    expect(settings.domainSids.of('AD.TEST')).toBe(teaches ? OURS : undefined)
  })
})

describe('a PAC of one of two realms of ours', () => {
  const both = { ...service, ownRealms: ['AD.TEST', 'WEST.TEST'] }
  const ofBoth = { domainSids: { 'AD.TEST': OURS, 'WEST.TEST': THEIRS } }
  const of = (info: Partial<LogonInfo>, options: AcceptorOptions) => judge({ info }, settingsOf(options), both)

  test('says nothing of the domain of the other, and is believed else', () => {
    const info = { extraSids: sids(`${THEIRS}-512`, `${THIRD}-512`, 'S-1-5-32-544'), userFlags: 0x220 }
    const resource = { resourceGroupDomainSid: THEIRS, resourceGroups: [{ relativeId: 1120, attributes: 7 }] }
    const { pac, provisional } = of({ ...info, ...resource }, ofBoth)
    expect(pac.logonInfo?.extraSids).toEqual(sids(`${THIRD}-512`, 'S-1-5-32-544'))
    expect(pac.logonInfo?.resourceGroups).toEqual([])
    expect(pac.upnDnsInfo?.upn).toBe('alice@ad.test')
    expect(provisional).toBe(false)
    expect(withheldOf(pac)).toEqual({ realm: 'AD.TEST', sids: [`${THEIRS}-512`, `${THEIRS}-1120`] })
  })

  test('is judged again when more is known, where an option names its own domain alone', () => {
    const { pac, provisional } = of({ extraSids: sids(`${THIRD}-512`, 'S-1-5-32-544') }, known)
    expect(pac.logonInfo?.extraSids).toEqual(sids('S-1-5-32-544'))
    expect(provisional).toBe(true)
  })

  test('is not believed at all while the other domain is not known, though its statements stay', () => {
    const { pac, provisional } = of({}, {})
    expect([pac.logonInfo, provisional]).toEqual([undefined, true])
    expect(withheldOf(pac)?.because).toMatch(/^the domain SID of WEST\.TEST is not known yet/)
    const delegationInfo = { s4u2proxyTarget: 'x', transitedServices: ['a@WEST.TEST'] }
    expect(judge({ pac: { delegationInfo } }, settingsOf({}), both).pac.delegationInfo).toEqual(delegationInfo)
  })

  test.each<[string, Partial<LogonInfo>, string]>([
    ['of the other', { userId: 0, extraSids: sids(`${THEIRS}-500`) }, `${THEIRS}-500`],
  ])('whose user is %s is refused', (_who, info, sid) => {
    expect(() => of(info, ofBoth)).toThrow(
      expect.objectContaining({
        name: 'RejectedTokenError',
        code: 'KDC_ERR_POLICY',
        message: `the PAC of a user of AD.TEST has the user SID ${sid}, which is not of that realm`,
        hint: HINT,
      }),
    )
  })

  test('says what it likes of names, claims, devices and services', () => {
    const clientClaims = [{ source: 1, claims: [{ id: 'a', type: 'int64', values: [1n] } as const] }]
    const device = { ...deviceInfo, accountDomainId: OURS }
    const delegationInfo = { s4u2proxyTarget: 'x', transitedServices: ['a@WEST.TEST'] }
    const said = { clientClaims, deviceClaims: clientClaims, deviceInfo: device, delegationInfo }
    const { received, pac } = judge({ pac: said }, settingsOf(ofBoth), both)
    expect(pac).toBe(received)
    expect(pac).toMatchObject(said)
  })

  test('may have a user of a third domain, which is nobody of ours', () => {
    expect(of({ userId: 0, extraSids: sids(`${THIRD}-500`) }, ofBoth).pac.userSid).toBe(`${THIRD}-500`)
  })
})
