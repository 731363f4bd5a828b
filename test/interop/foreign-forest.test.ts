import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import type { LogonInfo, PacContents } from '@s4u/krb5'
import { createNegotiator, delegatedByGate, type Gate, groupGate, type NegotiatorOptions } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { kinit, realmOf } from '../realms/clients.js'
import type { RealmsInfo } from '../realms/realm-info.js'
import { describeRealms } from '../realms/suite.js'
import { forgedCache } from './foreign-forest.forgery.js'
import { openWith, pacOf } from './sealed-ticket.js'

/** The forest PARTNER.TEST is trusted by CORP.TEST. Its KDC's keys are in the wrong hands. */
await describeRealms('a KDC of a trusted forest', ['CORP', 'PARTNER'], (info) => {
  const [corp, partner] = [realmOf(info, 'CORP'), realmOf(info, 'PARTNER')]
  const kdc = { [corp.name]: corp.kdc.host, [partner.name]: partner.kdc.host }

  async function ticketOf(
    user: 'oscar' | 'alice',
    rewrite: (logon: LogonInfo) => LogonInfo = (logon) => logon,
    more: Partial<PacContents> = {},
  ) {
    const { ccache } = await kinit(info, user === 'oscar' ? 'PARTNER' : 'CORP', user)
    const { everyKey } = user === 'oscar' ? partner : corp
    if (everyKey === undefined) throw new Error('there is no keytab with every key')
    const client = createKdcClient({ kdc, credentials: { ccache: forgedCache(ccache, everyKey, rewrite, more) } })
    return client.ticketFor(`${corp.services.web.spn}@${corp.name}`)
  }

  const domainOf = async (user: 'oscar' | 'alice') => {
    const logon = pacOf(openWith(corp.services.web.keytab, await ticketOf(user)))?.logonInfo
    if (logon === undefined) throw new Error('no LOGON_INFO')
    return logon.logonDomainId
  }

  function service(options: NegotiatorOptions = {}) {
    const negotiator = createNegotiator({ keytab: corp.services.web.keytab, ...options })
    return async (ticket: Awaited<ReturnType<typeof ticketOf>>) => {
      const authorization = formatAuthorization(createInitiator({ ticket, now: Date.now }).token)
      const request = { headers: { authorization } }
      const outcome = await negotiator.authenticate(request)
      if (outcome.status !== 'authenticated') {
        return { refused: outcome.status === 'challenge' ? outcome.error?.code : outcome.status }
      }
      const passes = (gate: Gate) => gate(request, outcome.identity).status === 'pass'
      return { identity: outcome.identity, passes }
    }
  }

  const groups = (domain: string) => (logon: LogonInfo) => ({
    ...logon,
    userFlags: logon.userFlags | 0x20,
    extraSids: [
      ...logon.extraSids,
      ...['512', '519', '518'].map((id) => ({ sid: `${domain}-${id}`, attributes: 7 })),
      { sid: 'S-1-5-32-544', attributes: 7 },
    ],
  })

  test('that calls its user a Domain Admin of ours is copied by our KDC, and not believed', async () => {
    const ours = await domainOf('alice')
    const forged = await ticketOf('oscar', groups(ours))
    // Samba filters nothing: the attack is real.
    expect(pacOf(openWith(corp.services.web.keytab, forged))?.sids()).toContain(`${ours}-512`)
    const options: NegotiatorOptions[] = [
      { domainSids: { [corp.name]: ours } },
      { kdc: { [corp.name]: corp.kdc.host }, delegation: { principal: corp.services.web.principal } },
      {},
    ]
    for (const [index, each] of options.entries()) {
      const show = service(each)
      if (index === 2) await show(await ticketOf('alice'))
      const { identity, passes } = await show(forged)
      for (const id of ['512', '519', '518']) {
        expect(passes?.(groupGate(`${ours}-${id}`))).toBe(false)
        expect(identity?.isInGroup(`${ours}-${id}`)).toBe(false)
        expect(identity?.accessCheck(`D:(A;;FR;;;${ours}-${id})`, 'FR')).toBe(0)
      }
      expect(identity?.accessCheck('D:(A;;FR;;;DA)(A;;FR;;;BA)', 'FR')).toBe(0)
      expect(JSON.stringify(identity)).not.toContain(ours)
      expect(identity?.groups).toContain(identity?.sid?.replace(/-\d+$/, '-513'))
      expect(identity?.withheld?.sids).toContain(`${ours}-512`)
    }
  })

  test('that calls its user our Administrator is refused, and before our domain is known its user is nobody', async () => {
    const ours = await domainOf('alice')
    const forged = await ticketOf('oscar', (logon) => ({ ...logon, logonDomainId: ours, userId: 500 }), {
      upnDnsInfo: { upn: 'Administrator@corp.test', dnsDomainName: 'CORP.TEST', flags: 1, extended: undefined },
    })
    expect(pacOf(openWith(corp.services.web.keytab, forged))?.userSid).toBe(`${ours}-500`)
    expect(await service({ domainSids: { [corp.name]: ours } })(forged)).toEqual({ refused: 'KDC_ERR_POLICY' })
    const show = service()
    const { identity, passes } = await show(forged)
    expect(identity).toMatchObject({ sid: undefined, groups: [], upn: undefined })
    expect(passes?.(groupGate(`${ours}-512`))).toBe(false)
    await show(await ticketOf('alice'))
    expect(await show(forged)).toEqual({ refused: 'KDC_ERR_POLICY' })
  })

  test('that makes up through whom its user came is copied by our KDC, and not believed', async () => {
    const front = `${corp.services.kcd.spn}@${corp.name}`
    const delegationInfo = { s4u2proxyTarget: corp.services.web.spn, transitedServices: [front] }
    const forged = await ticketOf('oscar', (logon) => logon, { delegationInfo })
    expect(pacOf(openWith(corp.services.web.keytab, forged))?.delegationInfo?.transitedServices).toEqual([front])
    const { identity, passes } = await service()(forged)
    expect(passes?.(delegatedByGate([front]))).toBe(false)
    expect(identity?.delegatedBy).toEqual([])
    const believing = await service({ foreignPac: ['delegatedBy'] })(forged)
    expect(believing.passes?.(delegatedByGate([front]))).toBe(true)
  })

  test('that is honest has its own SIDs believed', async () => {
    const [ours, theirs] = [await domainOf('alice'), await domainOf('oscar')]
    const { identity, passes } = await service({ domainSids: { [corp.name]: ours } })(await ticketOf('oscar'))
    expect(identity?.sid).toMatch(new RegExp(`^${theirs}-\\d+$`))
    expect(passes?.(groupGate(`${theirs}-513`))).toBe(true)
    const other = service({ domainSids: { [corp.name]: ours, [partner.name]: 'S-1-5-21-1-2-3' } })
    expect(await other(await ticketOf('oscar'))).toEqual({ refused: 'KDC_ERR_POLICY' })
  })
})

await describeRealms('a user of Active Directory', ['CORP'], (info: RealmsInfo) => {
  const corp = realmOf(info, 'CORP')

  test('who asks for no PAC is refused once a ticket has shown that others have one, and is in no list before', async () => {
    const negotiator = createNegotiator({ keytab: corp.services.web.keytab })
    const ticketWith = async (...flags: readonly string[]) => {
      const { ccache } = await kinit(info, 'CORP', 'alice', { flags })
      const client = createKdcClient({ kdc: { [corp.name]: corp.kdc.host }, credentials: { ccache } })
      return client.ticketFor(corp.services.web.spn)
    }
    const without = await ticketWith('--no-request-pac')
    const show = async (ticket: typeof without) =>
      negotiator.authenticate({
        headers: { authorization: formatAuthorization(createInitiator({ ticket, now: Date.now }).token) },
      })
    expect(pacOf(openWith(corp.services.web.keytab, without))).toBeUndefined()
    const first = await show(without)
    if (first.status !== 'authenticated') throw new Error('alice was not let in')
    expect(() => first.identity.isInGroup('S-1-5-21-1-2-3-512')).toThrow(/not known/)
    expect((await show(await ticketWith())).status).toBe('authenticated')
    expect(await show(without)).toMatchObject({ status: 'challenge', error: { code: 'KDC_ERR_POLICY' } })
  })
})
