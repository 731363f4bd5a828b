import { describe, expect, test, vi } from 'vitest'
import { acceptorWith } from '../fixtures/outcomes.js'
import { domainOf, DomainSids, isDomainSid } from './domain-sids.js'

const [AD, WEST] = ['S-1-5-21-11-22-33', 'S-1-5-21-44-55-66']

describe('the domain of a SID', () => {
  test.each([
    [`${AD}-1104`, AD],
    ['S-1-5-21-0-0-1-497', 'S-1-5-21-0-0-1'],
    ['S-1-5-21-0-0-0-497', undefined],
    [AD, undefined],
    [`${AD}-1104-7`, undefined],
    [`${AD}-1104x`, undefined],
    [`x${AD}-1104`, undefined],
    [`${AD}-x`, undefined],
    ['S-1-5-21-11-22-x-1104', undefined],
    ['S-1-5-32-544', undefined],
    ['S-1-18-1', undefined],
    ['', undefined],
  ])('%s is %s', (sid, domain) => {
    expect(domainOf(sid)).toBe(domain)
  })

  test.each([
    [AD, true],
    ['S-1-5-21-0-0-1', true],
    ['S-1-5-21-4294967295-1234567890-9', true],
    ['S-1-5-21-0-0-0', false],
    ['S-1-5-21-01-2-3', false],
    ['S-1-5-21-12345678901-2-3', false],
    ['S-1-5-21-1x-2-3', false],
    ['S-1-5-21-1-2', false],
    [`${AD}-513`, false],
    [`${AD} `, false],
    [` ${AD}`, false],
    ['S-1-5-21---', false],
    ['S-1-5-32-544', false],
  ])('%s is itself one of a domain: %s', (sid, isOne) => {
    expect(isDomainSid(sid)).toBe(isOne)
  })
})

describe('the option domainSids', () => {
  test.each<[unknown]>([[`${AD}-513`], ['S-1-5-21-0-0-0'], [''], [true], [undefined], [7], [[AD]]])(
    'takes no %j',
    (sid) => {
      expect(() => new DomainSids({ 'AD.TEST': sid as string })).toThrow(
        expect.objectContaining({
          name: 'ConfigurationError',
          message: 'domainSids: what stands at "AD.TEST" is not the SID of a domain',
          hint: "Write { 'CORP.TEST': 'S-1-5-21-1-2-3' }, the SID of any user without its last number, or false for a realm without SIDs. On Windows: (Get-ADDomain).DomainSID, on Samba: net getdomainsid.",
        }),
      )
    },
  )

  test.each<[Record<string, string | false>, string]>([
    [{ 'AD.TEST': AD, 'ad.test': WEST }, 'domainSids: ad.test and AD.TEST are one realm, or have one SID'],
    [{ 'AD.TEST': false, 'ad.test': WEST }, 'domainSids: ad.test and AD.TEST are one realm, or have one SID'],
    [{ 'AD.TEST': AD, 'WEST.TEST': AD }, 'domainSids: WEST.TEST and AD.TEST are one realm, or have one SID'],
  ])('takes no realm and no SID twice: %j', (option, message) => {
    expect(() => new DomainSids(option)).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message,
        hint: 'A realm has one domain SID, and a domain SID belongs to one realm.',
      }),
    )
  })

  test('names realms in any letter case, and several that have none', () => {
    const sids = new DomainSids({ 'Ad.Test': AD, 'MIT.TEST': false, 'HEIMDAL.TEST': false })
    expect([sids.of('AD.TEST'), sids.of('mit.test'), sids.of('HEIMDAL.TEST')]).toEqual([AD, false, false])
    expect(sids.of('WEST.TEST')).toBeUndefined()
    expect([sids.isConfigured('ad.test'), sids.isConfigured('MIT.TEST')]).toEqual([true, true])
    expect(sids.isConfigured('WEST.TEST')).toBe(false)
    expect(sids.version).toBe(0)
  })
})

describe('names that stand for nothing in domainSids', () => {
  test.each(['', 'AD,TEST', '@AD.TEST', 'alice@AD.TEST', 'http://ad.test', 'AD.TEST\n'])(
    '%j is no realm, and refused',
    (realm) => {
      expect(() => new DomainSids({ [realm]: 'S-1-5-21-1-2-3' })).toThrow(/^domainSids: .+ is no realm$/)
    },
  )

  test('names of X.500 and of other styles are realms', () => {
    expect(() => new DomainSids({ 'C=US/O=OSF': false, 'NAMETYPE:rest/of.name': false })).not.toThrow()
  })

  test('a NetBIOS name in place of the own realm is warned of, once', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    for (let twice = 0; twice < 2; twice++) await acceptorWith({ domainSids: { AD: 'S-1-5-21-1-2-3' } }).ready()
    expect(warn.mock.calls).toEqual([
      [
        'domainSids has no entry for AD.TEST, the realm of the keytab. Write the name of the realm, not the NetBIOS name of its domain; false, if it has no SIDs.',
        { type: 'S4uWarning', code: 'S4U_DOMAIN_SIDS' },
      ],
    ])
    warn.mockRestore()
  })

  test('the own realm among them, and no names at all, are no reason to warn', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await acceptorWith({ domainSids: { 'ad.test': 'S-1-5-21-1-2-3', 'WEST.TEST': false } }).ready()
    await acceptorWith().ready()
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })
})

describe('what PACs teach', () => {
  test('is known from then on, in any letter case, and does not count as configured', () => {
    const sids = new DomainSids()
    sids.learn('WEST.TEST', WEST)
    expect(sids.of('west.test')).toBe(WEST)
    expect(sids.isConfigured('WEST.TEST')).toBe(false)
    expect(sids.version).toBe(1)
  })

  test('is not replaced by what a later PAC says, and the version stays the same', () => {
    const sids = new DomainSids({ 'AD.TEST': AD })
    sids.learn('AD.TEST', WEST)
    expect([sids.of('AD.TEST'), sids.isConfigured('AD.TEST'), sids.version]).toEqual([AD, true, 0])
    sids.learn('WEST.TEST', WEST)
    sids.learn('west.test', 'S-1-5-21-7-7-7')
    expect([sids.of('WEST.TEST'), sids.version]).toEqual([WEST, 1])
  })

  test('has room for a thousand realms', () => {
    const sids = new DomainSids()
    for (let number = 1; number <= 999; number++) sids.learn(`R${number}.TEST`, `S-1-5-21-5-5-${number}`)
    expect(sids.hasRoom).toBe(true)
    sids.learn('R1000.TEST', 'S-1-5-21-5-5-1000')
    expect(sids.hasRoom).toBe(false)
  })
})

describe('a PAC that speaks of a domain', () => {
  const hint =
    'One of two realms claims the domain of another: an attack, or a realm that was set up anew. Write down which SID is whose in the option domainSids.'
  const refusal = (message: string) =>
    expect.objectContaining({ name: 'RejectedTokenError', code: 'KDC_ERR_POLICY', message, hint })

  test('passes when it is that of the realm, or when neither is known', () => {
    const sids = new DomainSids({ 'AD.TEST': AD, 'MIT.TEST': false })
    sids.requireOwn('AD.TEST', AD)
    sids.requireOwn('ad.test', AD)
    sids.requireOwn('WEST.TEST', WEST)
  })

  test('is refused when the realm has another one, or none, as an option says', () => {
    const sids = new DomainSids({ 'AD.TEST': AD, 'MIT.TEST': false })
    expect(() => sids.requireOwn('ad.test', WEST)).toThrow(
      refusal(
        `the PAC of a user of ad.test speaks of the domain ${WEST}, but the domain of ad.test is ${AD}, says domainSids`,
      ),
    )
    expect(() => sids.requireOwn('MIT.TEST', WEST)).toThrow(
      refusal(
        `the PAC of a user of MIT.TEST speaks of the domain ${WEST}, but the domain of MIT.TEST is none, says domainSids`,
      ),
    )
  })

  test('is refused when the realm has another one, as its first ticket said', () => {
    const sids = new DomainSids()
    sids.learn('AD.TEST', AD)
    expect(() => sids.requireOwn('AD.TEST', WEST)).toThrow(
      refusal(
        `the PAC of a user of AD.TEST speaks of the domain ${WEST}, but the domain of AD.TEST is ${AD}, said the first ticket of its users`,
      ),
    )
  })

  test('is refused when it is the one of another realm, whoever said so', () => {
    const sids = new DomainSids({ 'AD.TEST': AD })
    sids.learn('WEST.TEST', WEST)
    expect(() => sids.requireOwn('EVIL.TEST', AD)).toThrow(
      refusal(`the PAC of a user of EVIL.TEST speaks of the domain ${AD}, which is that of AD.TEST, says domainSids`),
    )
    expect(() => sids.requireOwn('EVIL.TEST', WEST)).toThrow(
      refusal(
        `the PAC of a user of EVIL.TEST speaks of the domain ${WEST}, which is that of WEST.TEST, said the first ticket of its users`,
      ),
    )
  })
})
