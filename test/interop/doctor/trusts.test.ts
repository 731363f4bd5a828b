import type { DiagnoseOptions } from '@s4u/doctor'
import { openDirectory } from '@s4u/directory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { dnsOf } from '../controllers-in-dns.js'
import { Administrator } from '../diagnosis/administrator.js'
import { ExaminedService, troubleIn } from './examined-service.js'
import { expectCause } from './expect-named.js'

/** A forest trust in both directions, of which an attribute is changed. */
await describeRealms('the doctor, at a service whose users come from a trusted forest', ['CORP', 'PARTNER'], (info) => {
  const [corp, partner] = [realmOf(info, 'CORP'), realmOf(info, 'PARTNER')]
  const at = new ExaminedService(info, 'CORP', 61)
  const administrator = new Administrator(info, 'CORP')
  const kdc = Object.fromEntries(
    [corp, partner].map(({ name, kdc: { host, port } }) => [name, `${host}:${port}`] as const),
  )
  const dns = dnsOf({ 'dc1.corp.test': corp, 'dc2.partner.test': partner })
  const oscar: Partial<DiagnoseOptions> = {
    kdc,
    as: 'oscar@PARTNER.TEST',
    directory: (client) => openDirectory({ client, dns }),
  }

  const setTrust = (attribute: string, value: number) =>
    administrator.run(
      `ldbedit -H /var/lib/samba/private/sam.ldb -e "sed -i 's/^${attribute}: .*/${attribute}: ${value}/'" '(trustPartner=partner.test)'`,
    )
  const FOREST = 8
  const BOTH_WAYS = 3

  beforeAll(async () => {
    await at.makeAccounts()
    await at.nameIt(administrator)
  })
  afterAll(async () => {
    await setTrust('trustAttributes', FOREST)
    await setTrust('trustDirection', BOTH_WAYS)
  })

  const trustsOf = async (options: Partial<DiagnoseOptions> = oscar) => {
    const { findings } = await at.diagnose(options)
    return findings
      .filter(({ check }) => check === 'trusts')
      .map(({ status, found, subject }) => [status, found, subject])
  }

  /** Samba vouches for no user of another forest (S4U2Self): that stays. */
  const troubleWithOscar = async () => {
    const { findings } = await at.diagnose(oscar)
    const red = findings.filter(({ status }) => status === 'failed' || status === 'warning')
    return red.filter(({ check, code }) => check !== 's4u2self' || code !== 'KDC_ERR_C_PRINCIPAL_UNKNOWN')
  }

  test('finds nothing wrong with a healthy trust', async () => {
    expect(await troubleWithOscar()).toEqual([])
    expect(await trustsOf()).toEqual([
      [
        'ok',
        'Users of partner.test, a trusted forest, may come to every service; SIDs of other domains are left out of their tickets.',
        'partner.test',
      ],
    ])
  })

  describe('names selective authentication', () => {
    beforeAll(() => setTrust('trustAttributes', FOREST | 0x10))

    test('where the user who is looked at may be refused for it, and its command mends it', async () => {
      const cause = expectCause(await at.diagnose(oscar), {
        cause: 'trusts',
        found: /^Users of partner\.test may use only services that list them \(selective authentication\)\.$/,
      })
      expect(cause.settings[0]?.activeDirectory).toBe('netdom trust corp.test /domain:partner.test /SelectiveAUTH:No')
      expect(cause.risk).toMatch(/^The administrators have set it so/)
      await administrator.obey(cause.settings[0])
      expect(await troubleWithOscar()).toEqual([])
    })

    test('and as a fact where no such user is looked at', async () => {
      await setTrust('trustAttributes', FOREST | 0x10)
      expect(await trustsOf({})).toEqual([
        [
          'ok',
          'Users of partner.test, a trusted forest, may come where a service lists them (selective authentication); SIDs of other domains are left out of their tickets.',
          'partner.test',
        ],
      ])
    })
  })

  test.each([
    ['a forest whose SIDs count as they are', FOREST | 0x40, '/EnableSIDHistory:No'],
    ['an external domain that is not quarantined', 0, '/quarantine:Yes'],
  ])('names %s, and its command mends it', async (_what, attributes, option) => {
    await setTrust('trustAttributes', attributes)
    const cause = expectCause(await at.diagnose(), {
      cause: 'trusts',
      status: 'warning',
      found: /^SIDs in tickets of partner\.test are not filtered\.$/,
    })
    expect(cause.settings[0]?.activeDirectory).toBe(`netdom trust corp.test /domain:partner.test ${option}`)
    await administrator.obey(cause.settings[0])
    expect(troubleIn(await at.diagnose())).toBe('')
  })

  test.each([
    ['that is switched off', 0, 'The trust with partner.test is switched off.'],
    [
      'that goes the other way only',
      1,
      'The trust with partner.test goes one way: its users may not come to corp.test.',
    ],
  ])('names a trust %s, and nothing else', async (_what, direction, found) => {
    await setTrust('trustAttributes', FOREST)
    await setTrust('trustDirection', direction)
    const cause = expectCause(await at.diagnose(oscar), { cause: 'trusts', found: /./ })
    expect(cause.found).toBe(found)
    // For who looks at no user of that forest it is a fact.
    expect(await trustsOf({})).toEqual([['ok', found, 'partner.test']])
    await setTrust('trustDirection', BOTH_WAYS)
    expect(await troubleWithOscar()).toEqual([])
  })
})
