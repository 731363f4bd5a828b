import { describe, expect, test } from 'vitest'
import type { ForeignStatement } from './foreign-statements.js'
import { foreignAuthority, ownAuthority, resourceAuthority } from './sid-authority.js'

const [THEIRS, OURS, THIRD] = ['S-1-5-21-7-7-7', 'S-1-5-21-1-2-3', 'S-1-5-21-9-9-9']
const domains = { user: THEIRS, own: new Set([OURS]) }
const believing = (...statements: readonly ForeignStatement[]) => new Set(statements)

describe('a foreign realm', () => {
  const mayGive = (sid: string, ...statements: readonly ForeignStatement[]) =>
    foreignAuthority(domains, believing(...statements))(sid)

  test('speaks for its own domain, and for how it authenticated its user', () => {
    const ways = [1, 2, 3, 4, 5, 6].map((way) => `S-1-18-${way}`)
    for (const sid of [`${THEIRS}-1110`, 'S-1-5-1000', ...ways]) expect([sid, mayGive(sid)]).toEqual([sid, true])
  })

  test('speaks for nothing else', () => {
    const others = [`${OURS}-1110`, `${THIRD}-1110`, 'S-1-5-32-544', 'S-1-5-18', 'S-1-18-7', 'S-1-1-0', THEIRS]
    for (const sid of [...others, 'S-1-5-21-0-0-0-496', 'S-1-5-21-0-0-0-497'])
      expect([sid, mayGive(sid)]).toEqual([sid, false])
  })

  test.each<[ForeignStatement, string]>([
    ['ownDomain', `${OURS}-1110`],
    ['otherDomains', `${THIRD}-1110`],
    ['device', 'S-1-5-21-0-0-0-496'],
    ['claims', 'S-1-5-21-0-0-0-497'],
  ])('speaks with %s for %s, and with nothing else', (statement, sid) => {
    const all: readonly ForeignStatement[] = ['ownDomain', 'otherDomains', 'device', 'claims', 'resourceGroups', 'upn']
    expect(mayGive(sid, statement)).toBe(true)
    expect(mayGive(sid, ...all.filter((one) => one !== statement))).toBe(false)
  })
})

describe('among the resource groups', () => {
  const may = resourceAuthority(domains, believing('resourceGroups'))

  test.each([
    [`${OURS}-1000`, true],
    [`${OURS}-4294967295`, true],
    [`${OURS}-999`, false],
    [`${OURS}-512`, false],
    [`${THIRD}-1000`, false],
    [`${THEIRS}-1000`, false],
    ['S-1-5-32-1000', false],
    [OURS, false],
  ])('%s counts: %s', (sid, counts) => {
    expect(may(sid)).toBe(counts)
  })

  test('none counts where the option does not say so', () => {
    expect(resourceAuthority(domains, believing('ownDomain', 'otherDomains'))(`${OURS}-1000`)).toBe(false)
  })
})

describe('one of several realms of ours', () => {
  test('speaks for its own domain and for what is no domain’s, also while not every domain is known', () => {
    for (const known of [true, false]) {
      const may = ownAuthority({ user: THEIRS, own: new Set([OURS, THEIRS]) }, known)
      expect([`${THEIRS}-512`, 'S-1-5-32-544', 'S-1-5-21-0-0-0-497'].map(may)).toEqual([true, true, true])
      expect(may(`${OURS}-512`)).toBe(false)
      expect(may(`${THIRD}-512`)).toBe(known)
    }
  })
})
