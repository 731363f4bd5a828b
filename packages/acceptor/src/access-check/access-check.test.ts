import type { Claim } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { type AccessCaller, accessCheck } from './access-check.js'
import { AccessMask, GenericMappings, parseRights } from './access-mask.js'

const DOMAIN = 'S-1-5-21-1-2-3'
const ALICE: AccessCaller = { sid: `${DOMAIN}-1104`, groups: [`${DOMAIN}-513`, `${DOMAIN}-1110`] }
const ENGINEERING = `${DOMAIN}-1110`
const PAYROLL = `${DOMAIN}-1111`
const [READ, WRITE, DELETE] = [0x1, 0x2, AccessMask.DELETE]

describe('the order of entries', () => {
  test.each([
    ['nobody is named', `D:(A;;0x3;;;${PAYROLL})`, READ, false],
    ['the user is allowed', `D:(A;;0x3;;;${ALICE.sid})`, READ | WRITE, true],
    ['a group is allowed', `D:(A;;0x1;;;${ENGINEERING})`, READ, true],
    ['a domain group is allowed', 'D:(A;;0x1;;;DU)', READ, true],
    ['everyone is allowed', 'D:(A;;0x1;;;WD)', READ, true],
    ['authenticated users are allowed', 'D:(A;;0x1;;;AU)', READ, true],
    ['callers over the network are denied', 'D:(D;;0x1;;;NU)(A;;0x1;;;WD)', READ, false],
    ['not all that is asked is allowed', `D:(A;;0x1;;;${ALICE.sid})`, READ | WRITE, false],
    ['rights add up over entries', `D:(A;;0x1;;;${ALICE.sid})(A;;0x2;;;WD)`, READ | WRITE, true],
    ['a denial comes first', `D:(D;;0x1;;;${ENGINEERING})(A;;0x3;;;WD)`, READ, false],
    ['a denial of another right comes first', `D:(D;;0x2;;;${ENGINEERING})(A;;0x3;;;WD)`, READ, true],
    ['a denial comes too late', `D:(A;;0x3;;;WD)(D;;0x1;;;${ENGINEERING})`, READ, true],
    ['a denial is for others', `D:(D;;0x1;;;${PAYROLL})(A;;0x1;;;WD)`, READ, true],
    ['the permission is for children alone', 'D:(A;IOCIOI;0x1;;;WD)', READ, false],
    ['the denial is for children alone', 'D:(D;IO;0x1;;;WD)(A;;0x1;;;WD)', READ, true],
    ['the permission is inherited', 'D:(A;ID;0x1;;;WD)', READ, true],
    ['explicit permission precedes inherited denial', 'D:AI(A;;0x1;;;AU)(D;ID;0x1;;;WD)', READ, true],
    ['the list is empty', 'D:', READ, false],
    ['the list is protected and empty', 'D:P', READ, false],
    ['there is no list', 'O:BA', READ | WRITE | DELETE, true],
    ['the list says that there is none', 'D:NO_ACCESS_CONTROL', READ | WRITE | DELETE, true],
    ['nothing was asked', 'D:(A;;0x1;;;WD)', 0, false],
  ])('when %s', (_what, sddl, desired, granted) => {
    expect(accessCheck(sddl, desired, ALICE)).toBe(granted ? desired : 0)
  })
})

describe('generic rights', () => {
  test.each([
    ['GR', 'FR', true],
    ['GA', 'FA', true],
    ['GR', 'FW', false],
    ['FA', 'GA', true],
    ['FR', 'GR', true],
    ['GX', 'FX', true],
    ['GW', 'FW', true],
  ])('an entry of %s and a request for %s', (entry, request, granted) => {
    expect(accessCheck(`D:(A;;${entry};;;WD)`, request, ALICE)).toBe(granted ? parseRights(specific(request)) : 0)
  })

  test('mean what the kind of object says', () => {
    const mapping = GenericMappings.DIRECTORY_OBJECT
    expect(accessCheck('D:(A;;GR;;;WD)', 'RPLC', ALICE, { mapping })).toBe(parseRights('RPLC'))
    expect(accessCheck('D:(A;;GR;;;WD)', 'WP', ALICE, { mapping })).toBe(0)
  })

  const specific = (rights: string) => rights.replace('G', 'F')
})

describe('the owner', () => {
  const [RC, WD] = [AccessMask.READ_CONTROL, AccessMask.WRITE_DAC]
  test.each([
    ['reads and changes the list, whatever it says', `O:${ALICE.sid}D:(D;;GA;;;WD)`, RC | WD, true],
    ['reads nothing else', `O:${ALICE.sid}D:`, READ, false],
    ['is one of a group that owns', `O:${ENGINEERING}D:`, RC | WD, true],
    ['is somebody else', `O:${PAYROLL}D:`, RC, false],
    ['has what OWNER RIGHTS allows instead', `O:${ALICE.sid}D:(A;;0x1;;;OW)`, READ, true],
    ['has no longer what owners have', `O:${ALICE.sid}D:(A;;0x1;;;OW)`, RC, false],
    ['is denied by OWNER RIGHTS', `O:${ALICE.sid}D:(D;;0x1;;;OW)(A;;0x1;;;WD)`, READ, false],
    ['keeps everything if OWNER RIGHTS is for children', `O:${ALICE.sid}D:(A;IO;0x1;;;OW)`, RC | WD, true],
    ['is somebody else, and OWNER RIGHTS is not for us', `O:${PAYROLL}D:(A;;0x1;;;OW)`, READ, false],
  ])('%s', (_what, sddl, desired, granted) => {
    expect(accessCheck(sddl, desired, ALICE)).toBe(granted ? desired : 0)
  })
})

describe('MAXIMUM_ALLOWED', () => {
  const MAX = AccessMask.MAXIMUM_ALLOWED
  test.each([
    ['D:(A;;0x1;;;WD)(A;;0x2;;;AU)', MAX, 0x3],
    ['D:(D;;0x2;;;WD)(A;;0x3;;;AU)', MAX, 0x1],
    ['D:(A;;0x3;;;WD)(D;;0x2;;;AU)', MAX, 0x3],
    ['D:', MAX, 0],
    [`O:${ALICE.sid}D:`, MAX, 0x6_0000],
    ['O:BA', MAX, 0x1f_ffff],
    ['D:(A;;0x3;;;WD)', MAX | 0x1, 0x3],
    ['D:(A;;0x3;;;WD)', MAX | 0x4, 0],
  ])('of %s', (sddl, desired, granted) => {
    expect(accessCheck(sddl, desired, ALICE)).toBe(granted)
  })
})

test('a privilege is nobody’s: ACCESS_SYSTEM_SECURITY is refused', () => {
  expect(accessCheck('D:(A;;0xffffffff;;;WD)', AccessMask.ACCESS_SYSTEM_SECURITY, ALICE)).toBe(0)
})

describe('restricted callers', () => {
  test.each([
    ['D:(A;;0x1;;;WD)', false],
    [`D:(A;;0x1;;;${ALICE.sid})(A;;0x1;;;RC)`, true],
    ['D:(A;;0x1;;;RC)', false],
    [`D:(A;;0x1;;;${ALICE.sid})(D;;0x1;;;RC)(A;;0x1;;;RC)`, false],
  ])('%s needs both: the user and a restricted SID', (sddl, granted) => {
    const caller = { ...ALICE, restrictedSids: ['S-1-5-12'] }
    expect(accessCheck(sddl, READ, caller)).toBe(granted ? READ : 0)
  })
})

describe('a group that may only deny', () => {
  const caller = { ...ALICE, denyOnlySids: [PAYROLL] }
  test.each([
    ['grants nothing', `D:(A;;0x1;;;${PAYROLL})`, false],
    ['denies', `D:(D;;0x1;;;${PAYROLL})(A;;0x1;;;WD)`, false],
    ['denies nothing that was granted before', `D:(A;;0x1;;;WD)(D;;0x1;;;${PAYROLL})`, true],
    ['denies nothing else', `D:(D;;0x2;;;${PAYROLL})(A;;0x1;;;WD)`, true],
    ['denies in a conditional entry', `D:(XD;;0x1;;;${PAYROLL};(Member_of {SID(DU)}))(A;;0x1;;;WD)`, false],
    ['denies as the object itself', 'D:(D;;0x1;;;PS)(A;;0x1;;;WD)', false],
    ['does not own', `O:${PAYROLL}D:(A;;0x1;;;OW)`, false],
    ['is denied what owners are denied', `O:${PAYROLL}D:(D;;0x1;;;OW)(A;;0x1;;;WD)`, false],
    ['opens no condition', `D:(XA;;0x1;;;WD;(Member_of {SID(${PAYROLL})}))`, false],
    ['opens no condition among others', `D:(XA;;0x1;;;WD;(Member_of {SID(DU), SID(${PAYROLL})}))`, false],
    ['nor by not being one', `D:(XA;;0x1;;;WD;(Not_Member_of {SID(${PAYROLL})}))`, false],
    ['lets another one open it', `D:(XA;;0x1;;;WD;(Member_of_Any {SID(DU), SID(${PAYROLL})}))`, true],
    ['denies under a condition', `D:(XD;;0x1;;;WD;(Member_of {SID(${PAYROLL})}))(A;;0x1;;;WD)`, false],
    ['denies under one of several', `D:(XD;;0x1;;;WD;(Member_of_Any {SID(BA), SID(${PAYROLL})}))(A;;0x1;;;WD)`, false],
    [
      'denies not with one that is missing',
      `D:(XD;;0x1;;;WD;(Member_of {SID(BA), SID(${PAYROLL})}))(A;;0x1;;;WD)`,
      true,
    ],
  ])('%s', (_what, sddl, granted) => {
    expect(accessCheck(sddl, READ, caller, { self: PAYROLL })).toBe(granted ? READ : 0)
  })

  test('that grants as well grants', () => {
    expect(accessCheck(`D:(A;;0x1;;;${ENGINEERING})`, READ, { ...ALICE, denyOnlySids: [ENGINEERING] })).toBe(READ)
  })
})

describe('the anonymous user', () => {
  const caller = { sid: 'S-1-5-7', groups: [] }
  test('is not an authenticated one', () => {
    expect(accessCheck('D:(A;;0x1;;;AU)', READ, caller)).toBe(0)
    expect(accessCheck('D:(A;;0x1;;;AN)', READ, caller)).toBe(READ)
    expect(accessCheck('D:(A;;0x1;;;NU)', READ, caller)).toBe(READ)
  })

  test('is one of everyone where that is asked for', () => {
    expect(accessCheck('D:(A;;0x1;;;WD)', READ, caller)).toBe(0)
    expect(accessCheck('D:(A;;0x1;;;WD)', READ, caller, { everyoneIncludesAnonymous: true })).toBe(READ)
    expect(accessCheck('D:(A;;0x1;;;AU)', READ, caller, { everyoneIncludesAnonymous: true })).toBe(0)
    expect(accessCheck('D:(A;;0x1;;;WD)', READ, ALICE, { everyoneIncludesAnonymous: false })).toBe(READ)
  })
})

describe('parts of objects', () => {
  const [CLASS, SET, ONE, TWO, OTHER] = [1, 2, 3, 4, 5].map((digit) => `0000000${digit}-0000-0000-0000-000000000000`)
  const objectType = { guid: CLASS, children: [{ guid: SET, children: [{ guid: ONE }, { guid: TWO }] }] }
  const one = { guid: CLASS, children: [{ guid: SET, children: [{ guid: ONE }] }] }
  test.each([
    ['a permission for the class', `D:(OA;;RP;${CLASS};;WD)`, objectType, true],
    ['a permission for the set', `D:(OA;;RP;${SET};;WD)`, objectType, true],
    ['a permission for the property that was asked for', `D:(OA;;RP;${ONE};;WD)`, one, true],
    ['a permission for one of two properties', `D:(OA;;RP;${ONE};;WD)`, objectType, false],
    ['a permission for both properties', `D:(OA;;RP;${ONE};;WD)(OA;;RP;${TWO};;WD)`, objectType, true],
    ['a permission for something else', `D:(OA;;RP;${OTHER};;WD)`, objectType, false],
    ['a permission without a type', 'D:(OA;;RP;;;WD)', objectType, true],
    ['a denial for one property', `D:(OD;;RP;${ONE};;WD)(A;;RP;;;WD)`, objectType, false],
    ['a denial for something else', `D:(OD;;RP;${OTHER};;WD)(A;;RP;;;WD)`, objectType, true],
    ['a denial that comes too late', `D:(A;;RP;;;WD)(OD;;RP;${ONE};;WD)`, objectType, true],
    ['a permission for a part, where no part was asked for', `D:(OA;;RP;${ONE};;WD)`, undefined, false],
    ['a denial for a part, where no part was asked for', `D:(OD;;RP;${ONE};;WD)(A;;RP;;;WD)`, undefined, false],
    ['capital letters', `D:(OA;;RP;${CLASS.toUpperCase()};;WD)`, objectType, true],
  ])('%s', (_what, sddl, type, granted) => {
    const options = type === undefined ? {} : { objectType: type }
    expect(accessCheck(sddl, 'RP', ALICE, options)).toBe(granted ? 0x10 : 0)
  })

  test('SELF is whoever the object is', () => {
    expect(accessCheck('D:(A;;WP;;;PS)', 'WP', ALICE, { self: ALICE.sid })).toBe(0x20)
    expect(accessCheck('D:(A;;WP;;;PS)', 'WP', ALICE, { self: PAYROLL })).toBe(0)
    expect(accessCheck('D:(A;;WP;;;PS)', 'WP', ALICE)).toBe(0)
  })
})

const strings = (id: string, ...values: string[]): Claim => ({ id, type: 'string', values })
const numbers = (id: string, ...values: bigint[]): Claim => ({ id, type: 'int64', values })

describe('conditions', () => {
  const caller: AccessCaller = {
    ...ALICE,
    deviceGroups: ['S-1-5-32-544'],
    claims: {
      user: [
        strings('Title', 'PM'),
        strings('Project', 'Sand', 'Stone'),
        numbers('clearance', 3n),
        numbers('nothing', 0n),
        numbers('ad://ext/Age:88d', -5n),
        strings('empty', ''),
        strings('none'),
        { id: 'smartcard', type: 'boolean', values: [true] },
        { id: 'big', type: 'uint64', values: [0xffff_ffff_ffff_ffffn] },
      ],
      device: [strings('colour', 'orange', 'blue')],
      local: [numbers('mfa', 1n)],
    },
  }
  const resource = 'S:(RA;;;;;WD;("Project",TS,0,"sand"))(RA;;;;;WD;("Level",TU,0,2))(RA;;;;;WD;("Case",TS,2,"PM"))'

  /** `?` is unknown: it allows nothing, and denies. */
  test.each([
    ['@User.Title == "PM"', true],
    ['@User.Title == "pm"', true],
    ['@USER.title == "PM"', true],
    ['@User.Title != "PM"', false],
    ['@User.Title == "Clerk"', false],
    ['@User.Title == @Resource.Case', true],
    ['@Resource.Case == "pm"', false],
    ['@User.Title == 3', '?'],
    ['@User.absent == "PM"', '?'],
    ['@User.none == "PM"', '?'],
    ['@User.absent != "PM"', '?'],
    ['@User.clearance == 3', true],
    ['@User.clearance >= @Resource.Level', true],
    ['@User.clearance > 0x3', false],
    ['@User.clearance < 04', true],
    ['@User.clearance <= 3', true],
    ['@User.ad://ext/Age:88d == -5', true],
    ['@User.big > 9223372036854775807', true],
    ['@User.Title > "PA"', true],
    ['@User.Project > "A"', '?'],
    ['@User.Project == {"stone", "sand"}', true],
    ['@User.Project == {"stone", "sand", "STONE"}', true],
    ['@User.Project == {"stone"}', false],
    ['@User.Project != {"stone"}', true],
    ['@User.Project == {"stone", 1}', '?'],
    ['@User.Project Contains "sand"', true],
    ['@User.Project Contains {"sand", "stone"}', true],
    ['@User.Project Contains {"sand", "glass"}', false],
    ['@User.Project Not_Contains "glass"', true],
    ['@User.Project Contains @Resource.Project', true],
    ['@User.Project Any_of {"glass", "stone"}', true],
    ['@User.Project any_of {"glass"}', false],
    ['@User.Project Not_Any_of {"glass"}', true],
    ['@User.smartcard', true],
    ['@User.smartcard == 1', true],
    ['@User.nothing', false],
    ['@User.empty', false],
    ['!@User.nothing', true],
    ['!(@User.absent)', '?'],
    ['@User.absent', '?'],
    ['@User.Project', '?'],
    ['mfa == 1', true],
    ['mfa', true],
    ['@Device.colour Contains "blue"', true],
    [`Member_of {SID(${ENGINEERING})}`, true],
    [`Member_of SID(${ENGINEERING})`, true],
    [`Member_of {SID(${ENGINEERING}), SID(DU)}`, true],
    [`Member_of {SID(${ENGINEERING}), SID(BA)}`, false],
    [`Member_of_Any {SID(${ENGINEERING}), SID(BA)}`, true],
    ['Not_Member_of {SID(BA)}', true],
    ['Not_Member_of_Any {SID(BA), SID(DU)}', false],
    ['Device_Member_of {SID(BA)}', true],
    ['Device_Member_of {SID(BA), SID(BG)}', false],
    ['Device_Member_of_Any {SID(BA), SID(BG)}', true],
    ['Not_Device_Member_of {SID(BA)}', false],
    ['Not_Device_Member_of_Any {SID(BG)}', true],
    ['Member_of {}', '?'],
    ['Member_of {"BA"}', '?'],
    ['Member_of @User.Title', '?'],
    ['Exists @Resource.Level', true],
    ['Exists @Resource.absent', false],
    ['Not_Exists @Resource.absent', true],
    ['Exists mfa', true],
    ['Exists @User.Title', '?'],
    ['"PM"', '?'],
    ['@User.Title == "PM" && mfa', true],
    ['@User.Title == "PM" || @User.absent', true],
    ['@User.absent || @User.Title == "PM"', true],
    ['@User.absent && @User.Title == "Clerk"', false],
    ['@User.absent && @User.Title == "PM"', '?'],
    ['@User.absent || @User.Title == "Clerk"', '?'],
    ['@User.Title == "Clerk" && mfa || mfa', true],
    ['mfa || mfa && @User.Title == "Clerk"', true],
    ['(mfa || mfa) && @User.Title == "Clerk"', false],
    ['!(!(mfa == 1))', true],
    // A rule that cannot be applied makes all of it unknown, whatever else is true.
    ['mfa || @User.Title == 3', '?'],
  ])('%s: %s', (expression, truth) => {
    const allow = accessCheck(`D:(XA;;0x1;;;WD;(${expression}))${resource}`, READ, caller)
    const deny = accessCheck(`D:(XD;;0x1;;;WD;(${expression}))(A;;0x1;;;WD)${resource}`, READ, caller)
    expect([allow, deny]).toEqual([truth === true ? READ : 0, truth === false ? READ : 0])
  })

  test('count for those whom the entry names', () => {
    expect(accessCheck(`D:(XA;;0x1;;;${PAYROLL};(mfa))`, READ, caller)).toBe(0)
  })
})

describe('three-valued logic', () => {
  const terms = { T: 'yes', F: 'no', U: 'absent' } as const
  const local = [numbers('yes', 1n), numbers('no', 0n)]
  const caller = { ...ALICE, claims: { local } }
  const valueOf = (expression: string): string => {
    if (accessCheck(`D:(XA;;0x1;;;WD;(${expression}))`, READ, caller) !== 0) return 'T'
    return accessCheck(`D:(XD;;0x1;;;WD;(${expression}))(A;;0x1;;;WD)`, READ, caller) === 0 ? 'U' : 'F'
  }

  test.each([
    ['&&', 'TFU FFF UFU'],
    ['||', 'TTT TFU TUU'],
  ])('%s', (operator, table) => {
    const rows = (['T', 'F', 'U'] as const).map((left) =>
      (['T', 'F', 'U'] as const).map((right) => valueOf(`${terms[left]} ${operator} ${terms[right]}`)).join(''),
    )
    expect(rows.join(' ')).toBe(table)
  })

  test('!', () => {
    expect([valueOf('!yes'), valueOf('!no'), valueOf('!absent')]).toEqual(['F', 'T', 'U'])
  })
})

describe('what is no SDDL', () => {
  test.each([
    '',
    'X:',
    'D:(A;;GA;;;WD',
    'D:(A;;GA;;WD)',
    'D:(Q;;GA;;;WD)',
    'D:(A;QQ;GA;;;WD)',
    'D:(A;;QQ;;;WD)',
    'D:(A;;G;;;WD)',
    'D:(A;;0x1ffffffff;;;WD)',
    'D:(A;;GA;;;QQ)',
    'D:(A;;GA;;;)',
    'D:(A;;GA;1234;;WD)',
    'D:(A;;GA;;;WD)D:(A;;GA;;;WD)',
    'D:(A;;GA;;;WD)rubbish',
    'D:(A;;GA;;;WD;(a == 1))',
    'D:(XA;;GA;;;WD)',
    'D:(XA;;GA;;;WD;())',
    'D:(XA;;GA;;;WD;(a ==))',
    'D:(XA;;GA;;;WD;(a == 1)',
    'D:(XA;;GA;;;WD;(a == {1))',
    'D:(XA;;GA;;;WD;(a == {1,}))',
    'D:(XA;;GA;;;WD;(a == "x))',
    'D:(XA;;GA;;;WD;(a == 0x1ffffffffffffffff))',
    'D:(XA;;GA;;;WD;(a = 1))',
    'D:(XA;;GA;;;WD;(a && ))',
    'D:(XA;;GA;;;WD;(Member_of {SID(QQ)}))',
    'S:(RA;;;;;WD;("x",TQ,0,1))',
    'S:(RA;;;;;WD;("x",TI,0,"text"))',
    `D:(XA;;GA;;;WD;${'('.repeat(200)}a${')'.repeat(200)})`,
    `D:(XA;;GA;;;WD;(${'!'.repeat(200)}a))`,
    `D:(XA;;GA;;;WD;(${'a && '.repeat(200)}a))`,
    `D:${'(A;;GA;;;WD)'.repeat(50_000)}`,
  ])('%#: is refused, with its place', (sddl) => {
    expect(() => accessCheck(sddl, READ, ALICE)).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
  })

  test('a group of a domain needs a domain', () => {
    const caller = { sid: 'S-1-5-18', groups: [] }
    expect(() => accessCheck('D:(A;;GA;;;DA)', READ, caller)).toThrow(/domain/)
    expect(accessCheck('D:(A;;0x1;;;DU)', READ, { ...caller, groups: [`${DOMAIN}-513`] }, { domainSid: DOMAIN })).toBe(
      1,
    )
  })

  test('nor are names SIDs', () => {
    expect(() => accessCheck('D:', READ, { sid: 'alice', groups: [] })).toThrow(/security identifier/)
    expect(() => accessCheck('D:', READ, { ...ALICE, groups: ['Payroll'] })).toThrow(/security identifier/)
  })
})

test('auditing, labels and policies allow and deny nothing', () => {
  const sacl = 'S:AI(AU;SAFA;FA;;;WD)(ML;;NW;;;HI)(SP;;;;;S-1-17-1)(XU;;FA;;;WD;(a == 1))'
  expect(accessCheck(`D:(A;;0x1;;;WD)${sacl.replace('NW', '0x1')}`, READ, ALICE)).toBe(READ)
})
