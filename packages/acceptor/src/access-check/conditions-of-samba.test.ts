/**
 * What Samba 4.22 made of these expressions, each in an allow and in a deny entry, and why: the
 * direction that matters is that nothing is granted where it says unknown. `?` is unknown,
 * `refused` is a text that is no expression.
 */
import { type Claim, ConfigurationError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { type AccessCaller, accessCheck } from './access-check.js'

const READ = 0x1
const USER = 'S-1-5-21-1-2-3-1104'
const strings = (id: string, ...values: string[]): Claim => ({ id, type: 'string', values })
const caller: AccessCaller = {
  sid: USER,
  groups: ['S-1-5-21-1-2-3-513'],
  claims: {
    user: [
      strings('Title', 'PM'),
      strings('Project', 'Sand', 'Stone'),
      strings('odd', '%0041'),
      strings('street"', 'High'),
      { id: 'two', type: 'int64', values: [1n, 2n] },
    ],
    device: [strings('colour', 'orange', 'blue')],
    local: [{ id: 'mfa', type: 'int64', values: [1n] }, strings('b', 'PM')],
  },
}
const resource = 'S:(RA;;;;;WD;("Case",TS,2,"PM"))(RA;;;;;WD;("Str%0022",TS,0,"%0041"))'

function truthOf(expression: string): boolean | '?' | 'refused' {
  const verdict = (sddl: string): boolean => accessCheck(`${sddl}${resource}`, READ, caller) === READ
  try {
    const allowed = verdict(`D:(XA;;0x1;;;WD;(${expression}))`)
    const denied = !verdict(`D:(XD;;0x1;;;WD;(${expression}))(A;;0x1;;;WD)`)
    return allowed === denied ? allowed : '?'
  } catch (error) {
    if (error instanceof ConfigurationError) return 'refused'
    throw error
  }
}

describe('an empty list, which the grammar does not have (MS-DTYP section 2.5.1.1, value-array),', () => {
  test.each(['@User.Title', '@User.Project', '@User.two', '@User.absent', '@Device.colour', '@Resource.Case', 'mfa'])(
    'is compared with %s in no way that lets anybody in',
    (attribute) => {
      for (const operator of ['Contains', 'Not_Contains', 'Any_of', 'Not_Any_of', '==', '!=', '<', '>=']) {
        expect([operator, truthOf(`${attribute} ${operator} {}`)]).toEqual([operator, '?'])
        expect([operator, truthOf(`!(${attribute} ${operator} { })`)]).toEqual([operator, '?'])
        expect([operator, truthOf(`mfa == 1 || ${attribute} ${operator} {}`)]).toEqual([operator, '?'])
      }
    },
  )

  test.each([
    'Member_of',
    'Not_Member_of',
    'Member_of_Any',
    'Not_Member_of_Any',
    'Device_Member_of',
    'Not_Device_Member_of_Any',
  ])('is no list of groups: %s {}', (operator) => {
    expect(truthOf(`${operator} {}`)).toBe('?')
  })
})

describe('text in quotes is what stands there (MS-DTYP section 2.5.1.1: codes are for names)', () => {
  test.each([
    ['@User.odd == "%0041"', true],
    ['@User.odd == "A"', false],
    ['@User.Title == "P%004D"', false],
    ['@User.Title Contains "P%004D"', false],
    ['@User.Project Any_of {"San%0064", "Ston%0065"}', false],
    ['@Resource.Str%0022 == "%0041"', true],
    ['@Resource.Str%0022 == "A"', false],
    ['@User.street%0022 == "High"', true],
  ])('%s: %s', (expression, truth) => {
    expect(truthOf(expression)).toBe(truth)
  })
})

describe('the right side (MS-DTYP section 2.5.1.1: attr-name2 or values)', () => {
  test.each([
    ['@User.Title == b', 'refused'],
    ['@User.Title != b', 'refused'],
    ['@User.Title Contains PM', 'refused'],
    ['@User.Title Any_of mfa', 'refused'],
    ['b == b', 'refused'],
    ['@User.Title == @Local.b', 'refused'],
    ['b == @User.Title', true],
    ['b == "PM"', true],
    ['@User.Title == @Resource.Case', true],
    ['@User.Title == @USER.Title', true],
  ])('%s: %s', (expression, truth) => {
    expect(truthOf(expression)).toBe(truth)
  })

  test('of a forgotten pair of quotes is named in the error', () => {
    expect(() => accessCheck('D:(XA;;0x1;;;WD;(@User.Title == PM))', READ, caller)).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message: expect.stringContaining('text stands in quotes'),
      }),
    )
  })
})

describe('a left side that is no attribute (MS-DTYP section 2.4.4.17.6) says nothing of anybody', () => {
  test.each([
    '1 == 1',
    '"PM" == "PM"',
    '{"PM"} Contains "PM"',
    'SID(BA) == SID(BA)',
    '{"PM"} Any_of @User.Title',
    '1 != 2',
  ])('%s', (expression) => {
    expect(truthOf(expression)).toBe('?')
  })
})

describe('one value and a list are of two types (MS-DTYP section 2.4.4.17.6: "exact same value (single- or set-based)")', () => {
  test.each([
    ['@User.Title == {"PM"}', '?'],
    ['@User.Title != {"PM"}', '?'],
    ['@User.Title != {"Clerk"}', '?'],
    ['@User.Project == "Sand"', '?'],
    ['@User.Project != "Glass"', '?'],
    ['@User.two != 3', '?'],
    ['@User.two > 0', '?'],
    ['@User.Project != @User.Title', '?'],
    ['@User.two == {1, 2}', true],
    ['@User.two == {2, 1, 1}', true],
    ['@User.two == {1}', false],
    ['@User.Project != {"sand"}', true],
    ['@User.Title Contains {"PM", "pm"}', true],
    ['@User.Title Any_of {"x", "pm"}', true],
    ['@User.Project Contains "sand"', true],
    ['@User.Project Contains {"sand", 1}', '?'],
    ['@User.Project Not_Any_of {"glass", 1}', '?'],
    ['@User.Title Not_Contains 3', '?'],
    ['@User.Title != 3', '?'],
  ])('%s: %s', (expression, truth) => {
    expect(truthOf(expression)).toBe(truth)
  })
})

/**
 * Samba gives up where an attribute is missing or stands alone; the clauses are plain, and what
 * they say is what administrators write.
 */
describe('where Samba knows less than the specification', () => {
  test.each([
    [
      'mfa == 1 || @User.absent == 1',
      true,
      '2.4.4.17.6: a missing attribute makes its operator unknown, not the expression',
    ],
    ['mfa == 0 && @User.absent == 1', false, '2.4.4.17.7: false decides'],
    ['mfa == 1 && @User.absent == 1', '?', '2.4.4.17.7'],
    ['!(@User.absent == 1)', '?', '2.4.4.17.7'],
    ['mfa', true, '2.4.4.17.7: an integer is true when it is not zero'],
    ['Exists mfa', true, '2.4.4.17.7: of local and resource attributes'],
    ['Exists @Resource.absent', false, '2.4.4.17.7'],
  ])('%s: %s (%s)', (expression, truth, _clause) => {
    expect(truthOf(expression)).toBe(truth)
  })
})

describe('a condition in binary form', () => {
  /** A descriptor with one entry for Everyone and this condition. */
  const descriptor = (type: number, ...condition: number[]): Uint8Array => {
    const padded = [0x61, 0x72, 0x74, 0x78, ...condition]
    while (padded.length % 4 !== 0) padded.push(0)
    const ace = [...entry(type, 20 + padded.length), ...padded]
    const aces = type === DENY ? [...ace, ...entry(ALLOW_ALWAYS, 20)] : ace
    const size = 8 + aces.length
    const acl = [2, 0, size & 0xff, size >> 8, type === DENY ? 2 : 1, 0, 0, 0, ...aces]
    return Uint8Array.of(1, 0, 4, 0x80, ...new Uint8Array(12), 20, 0, 0, 0, ...acl)
  }
  const [ALLOW_ALWAYS, ALLOW, DENY] = [0x00, 0x09, 0x0a]
  const entry = (type: number, size: number): number[] => [
    type,
    0,
    size,
    0,
    READ,
    0,
    0,
    0,
    1,
    1,
    0,
    0,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
  ]
  const utf16 = (text: string): number[] => {
    const octets = [...Buffer.from(text, 'utf16le')]
    return [octets.length, 0, 0, 0, ...octets]
  }
  const user = (name: string): number[] => [0xf9, ...utf16(name)]
  const text = (value: string): number[] => [0x10, ...utf16(value)]
  const integer = (code: number, low: number, sign = 3, base = 2): number[] => [
    code,
    low,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    sign,
    base,
  ]
  const [EQUAL, NOT_EQUAL, CONTAINS, NOT_ANY] = [0x80, 0x81, 0x86, 0x8f]
  const EMPTY = [0x50, 0, 0, 0, 0]

  test.each([
    ['that is whole', [...user('Title'), ...text('pm'), EQUAL], true],
    ['whose list is empty (Contains)', [...user('Project'), ...EMPTY, CONTAINS], '?'],
    ['whose list is empty (!=)', [...user('Project'), ...EMPTY, NOT_EQUAL], '?'],
    ['whose list is empty (Not_Any_of)', [...user('Project'), ...EMPTY, NOT_ANY], '?'],
    ['that compares literals', [...integer(4, 1), ...integer(4, 1), EQUAL], '?'],
    ['with zeros in between', [...user('Title'), 0, ...text('pm'), EQUAL], '?'],
    ['with something behind the zeros', [...user('Title'), ...text('pm'), EQUAL, 0, 0, 0, 1], '?'],
    ['with a zero in a text', [...user('Title'), ...text('PM\0x'), NOT_EQUAL], '?'],
    ['with half a character in a text', [...user('Title'), ...text('\ud800'), NOT_EQUAL], '?'],
    ['with a number that does not fit its type', [...user('two'), ...integer(1, 200), NOT_ANY], '?'],
    ['with a number of no known sign', [...user('two'), ...integer(4, 3, 9), NOT_ANY], '?'],
    ['with a number of no known base', [...user('two'), ...integer(4, 3, 3, 0), NOT_ANY], '?'],
    ['with a whole number', [...user('two'), ...integer(4, 3), NOT_ANY], true],
  ])('%s', (_what, condition, truth) => {
    const allowed = accessCheck(descriptor(ALLOW, ...condition), READ, caller) === READ
    const denied = accessCheck(descriptor(DENY, ...condition), READ, caller) === 0
    expect(allowed === denied ? allowed : '?').toBe(truth)
  })
})
