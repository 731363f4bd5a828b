import { describe, expect, test } from 'vitest'
import { type ForeignPacOption, foreignStatementsOf } from './foreign-statements.js'

const everything = ['resourceGroups', 'otherDomains', 'ownDomain', 'upn', 'claims', 'device', 'delegatedBy'] as const

describe('the option foreignPac', () => {
  test('believes nothing by default', () => {
    expect([...foreignStatementsOf()('PARTNER.TEST')]).toEqual([])
    expect([...foreignStatementsOf([])('PARTNER.TEST')]).toEqual([])
  })

  test('is a list for all realms', () => {
    expect([...foreignStatementsOf(everything)('PARTNER.TEST')]).toEqual([...everything])
  })

  test('is a list for each realm, in any letter case', () => {
    const statements = foreignStatementsOf({ 'Partner.Test': ['upn'], 'OTHER.TEST': ['claims'] })
    expect([...statements('PARTNER.TEST')]).toEqual(['upn'])
    expect([...statements('other.test')]).toEqual(['claims'])
    expect([...statements('THIRD.TEST')]).toEqual([])
  })

  test.each<[string, unknown]>([
    ['"groups"', ['upn', 'groups']],
    ['"UPN"', { 'PARTNER.TEST': ['UPN'] }],
    ['"upn"', { 'PARTNER.TEST': 'upn' }],
    ['true', { 'PARTNER.TEST': true }],
    ['7', [7]],
  ])('takes no %s: %j', (odd, option) => {
    expect(() => foreignStatementsOf(option as ForeignPacOption)).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message: `foreignPac: ${odd} is nothing that a PAC says`,
        hint: "Write a list of resourceGroups, otherDomains, ownDomain, upn, claims, device, delegatedBy, or such a list for each realm: { 'PARTNER.TEST': ['upn'] }.",
      }),
    )
  })
})
