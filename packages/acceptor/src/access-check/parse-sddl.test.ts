/** SDDL, part by part. Source: MS-DTYP section 2.5.1.1. */
import { describe, expect, test } from 'vitest'
import { parseSddl } from './parse-sddl.js'

const EVERYONE = 'S-1-1-0'

describe('the parts of a descriptor', () => {
  test('are owner, group and lists, in any order and letter case, with blanks around', () => {
    const parsed = parseSddl(' g:BU  o:S-1-5-21-1-2-3-500 d:(A;;GR;;;WD) ')
    expect(parsed).toEqual({
      owner: 'S-1-5-21-1-2-3-500',
      group: 'S-1-5-32-545',
      dacl: [{ kind: 'allow', inheritOnly: false, mask: 0x8000_0000, sid: EVERYONE }],
      attributes: [],
    })
    expect(parseSddl('O:BAG:SYD:').dacl).toEqual([])
    expect(parseSddl('O:S-1-5-32-544G:S-1-5-18D:')).toMatchObject({ owner: 'S-1-5-32-544', group: 'S-1-5-18' })
    expect(parseSddl('O:S-1-0x5-32-544D:P')).toMatchObject({ owner: 'S-1-5-32-544', dacl: [] })
    expect(parseSddl('O:BA')).toEqual({ owner: 'S-1-5-32-544', group: undefined, dacl: undefined, attributes: [] })
    expect(parseSddl('O:DA', 'S-1-5-21-1-2-3').owner).toBe('S-1-5-21-1-2-3-512')
  })

  test.each(['D:PAI', 'D:ARAIP', 'd:ar', 'D:P '])('%s has flags, and is empty', (sddl) => {
    expect(parseSddl(sddl).dacl).toEqual([])
  })

  test.each(['D:NO_ACCESS_CONTROL', 'D:PNO_ACCESS_CONTROL', 'd:no_access_control', 'D:NO_ACCESS_CONTROL(A;;GA;;;WD)'])(
    '%s keeps nobody out',
    (sddl) => expect(parseSddl(sddl).dacl).toBeUndefined(),
  )
})

test('an authority of more than 32 bits may own, and may be let in', () => {
  const sid = 'S-1-0x01000000ABCD-7'
  expect(parseSddl(`O:${sid}D:(A;;0x1;;;${sid})`)).toMatchObject({ owner: sid, dacl: [{ sid }] })
})

describe('an entry', () => {
  const entry = (text: string) => parseSddl(`D:${text}`).dacl?.[0]

  test.each([
    ['A', 'allow'],
    ['D', 'deny'],
    ['OA', 'allow'],
    ['OD', 'deny'],
    ['oa', 'allow'],
    ['XA', 'allow'],
    ['XD', 'deny'],
    ['ZA', 'allow'],
  ])('of type %s is one to %s', (type, kind) => {
    const condition = /^[XZ]/.test(type) ? ';(a)' : ''
    expect(entry(`(${type};;0x1;;;WD${condition})`)).toMatchObject({ kind, mask: 1, sid: EVERYONE })
    expect(entry(`(${type};;0x1;;;WD${condition})`)).toEqual({
      kind,
      inheritOnly: false,
      mask: 1,
      sid: EVERYONE,
      ...(condition && { condition: { kind: 'attribute', of: 'local', name: 'a' } }),
    })
  })

  test.each(['AU', 'AL', 'OU', 'OL', 'ML', 'SP', 'RA', 'TL', 'FL', 'au'])(
    'of type %s neither allows nor denies',
    (type) => {
      expect(parseSddl(`D:(${type};;0x1;;;WD)(A;;0x2;;;WD)`).dacl).toMatchObject([{ mask: 2 }])
      expect(parseSddl(`S:(${type};;0x1;;;WD)`)).toMatchObject({ dacl: undefined, attributes: [] })
    },
  )

  test('of auditing may have a condition', () => {
    expect(parseSddl('S:(XU;;0x1;;;WD;(a == 1) )').attributes).toEqual([])
    expect(() => parseSddl('S:(XU;;0x1;;;WD;(a == ))')).toThrow('an attribute or a value is missing')
  })

  test.each([
    ['', false],
    ['CIOINPIDSAFATPCR', false],
    ['IO', true],
    ['CIIO', true],
    ['ioci', true],
    ['CIOI', false],
  ])('with the flags %j is for children alone: %s', (flags, inheritOnly) => {
    expect(entry(`(A;${flags};0x1;;;WD)`)?.inheritOnly).toBe(inheritOnly)
  })

  test('is about a part, and for children of a part', () => {
    const guid = 'BF967ABA-0de6-11d0-a285-00aa003049e2'
    expect(entry(`(OA; ;RP; ${guid} ;${guid};WD)`)).toEqual({
      kind: 'allow',
      inheritOnly: false,
      mask: 0x10,
      sid: EVERYONE,
      objectType: guid.toLowerCase(),
    })
    expect(entry(`(OA;;RP;;${guid};WD)`)).not.toHaveProperty('objectType')
  })

  test('may have blanks around its fields', () => {
    expect(parseSddl('D: ( A ; CI ; 0x1 ; ; ; WD ) (D;;0x2;;;AN)').dacl).toMatchObject([
      { kind: 'allow', mask: 1, sid: EVERYONE },
      { kind: 'deny', mask: 2, sid: 'S-1-5-7' },
    ])
  })
})

describe('an attribute of the resource', () => {
  const attribute = (text: string) => parseSddl(`S:(RA;;;;;WD;${text})`).attributes[0]

  test.each([
    ['("n",TI,0,-5,+0x10,017)', ['integer', 'integer', 'integer'], [-5n, 16n, 15n]],
    ['("n",TU,0,18446744073709551615)', ['integer'], [18446744073709551615n]],
    ['("n",TB,0,1,0)', ['integer', 'integer'], [1n, 0n]],
    ['("n",TS,0,"a", "%0041" )', ['string', 'string'], ['a', '%0041']],
    ['("n",TD,0,BA,SID(BU),S-1-5-18)', ['sid', 'sid', 'sid'], ['S-1-5-32-544', 'S-1-5-32-545', 'S-1-5-18']],
    ['("n",TX,0,#0aFF,0b,)', ['octets', 'octets', 'octets'], ['0aff', '0b', '']],
    ['("n",ts,0)', [], []],
  ])('%s has values', (text, types, values) => {
    const found = attribute(text)
    expect(found).toMatchObject({ name: 'n', caseSensitive: false })
    expect(found?.values.map(({ type }) => type)).toEqual(types)
    expect(found?.values.map(({ value }) => value)).toEqual(values)
  })

  test('has a name with codes, and flags', () => {
    expect(attribute('( "a%0041b" , TS , 2 , "x" )')).toEqual({
      name: 'aAb',
      values: [{ type: 'string', value: 'x' }],
      caseSensitive: true,
    })
    expect(attribute('("n",TS,0x2,"x")')?.caseSensitive).toBe(true)
    expect(attribute('("n",TS,0x10001,"x")')?.caseSensitive).toBe(false)
  })

  test('is none in an entry without one', () => {
    expect(parseSddl('S:(RA;;;;;WD)').attributes).toEqual([])
  })
})

describe('what is no SDDL is refused with its place and the reason', () => {
  test.each([
    ['', 'SDDL, character 1: nothing'],
    ['X:', 'SDDL, character 1: O:, G:, D: or S: is missing'],
    ['my secret', 'SDDL, character 1: O:, G:, D: or S: is missing'],
    ['D:(A;;GA;;;WD)rubbish', 'SDDL, character 15: O:, G:, D: or S: is missing, near ";;GA;;;WD)rubbish"'],
    ['O:BAO:BU', 'SDDL, character 6: a second O:, near "O:BAO:BU"'],
    ['D:D:', 'SDDL, character 4: a second D:, near "D:D:"'],
    ['O:', 'SDDL, character 3: a SID is missing, near "O:"'],
    ['D:(Q;;GA;;;WD)', 'SDDL, character 6: "Q" is no type of entries, near "D:(Q;;GA;;;WD)"'],
    ['D:(A;QQ;GA;;;WD)', 'SDDL, character 9: "QQ" are no flags of entries, near "D:(A;QQ;GA;;;WD)"'],
    ['D:(A;XCI;GA;;;WD)', 'SDDL, character 10: "XCI" are no flags of entries, near "D:(A;XCI;GA;;;WD)"'],
    ['D:(A;CIX;GA;;;WD)', 'SDDL, character 10: "CIX" are no flags of entries, near "D:(A;CIX;GA;;;WD)"'],
    ['D:(A;;GA;1234;;WD)', 'SDDL, character 15: "1234" is no GUID, near ";;GA;1234;;WD)"'],
    ['D:(XA;;GA;;;WD)', 'SDDL, character 15: XA without a condition, near "A;;GA;;;WD)"'],
    ['D:(A;;GA;;;WD;(a))', 'SDDL, character 15: A with a condition, near ";;GA;;;WD;(a))"'],
    ['S:(RA;;;;;WD;(n,TS,0))', 'SDDL, character 15: the name of the attribute is missing, near "A;;;;;WD;(n,TS,0))"'],
    ['S:(RA;;;;;WD;(1,TS,0))', 'SDDL, character 16: the name of the attribute is missing, near ";;;;;WD;(1,TS,0))"'],
    [
      'S:(RA;;;;;WD;("n",TQ,0))',
      'SDDL, character 19: the type of the attribute is missing, near ";;WD;(\\"n\\",TQ,0))"',
    ],
    [
      'S:(RA;;;;;WD;("n",TS,x))',
      'SDDL, character 22: the flags of the attribute are missing, near "D;(\\"n\\",TS,x))"',
    ],
    ['S:(RA;;;;;WD;("n",TS,0,1))', 'SDDL, character 25: a value of type TS is missing, near "\\"n\\",TS,0,1))"'],
    ['S:(RA;;;;;WD;("n",TI,0,"1"))', 'SDDL, character 27: a value of type TI is missing, near "\\",TI,0,\\"1\\"))"'],
    ['S:(RA;;;;;WD;("n",TI,0,))', 'SDDL, character 24: a value of type TI is missing, near "(\\"n\\",TI,0,))"'],
    ['D:(A;;GA;;;WD', 'SDDL, character 14: ")" is missing, near "A;;GA;;;WD"'],
  ])('%j', (sddl, message) => {
    expect(() => parseSddl(sddl)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'ERROR_INVALID_SECURITY_DESCR', message }),
    )
  })

  test.each([
    ['BF967ABA-0de6-11d0-a285-00aa003049e'],
    ['xBF967ABA-0de6-11d0-a285-00aa003049e2'],
    ['BF967ABA-0de6-11d0-a285-00aa003049e2x'],
    ['BF967ABA-0de6-11d0-a285a-0aa003049e2'],
    ['BF967ABA0-de6-11d0-a285-00aa003049e2'],
    ['GF967ABA-0de6-11d0-a285-00aa003049e2'],
  ])('%s is no GUID', (guid) => {
    expect(() => parseSddl(`D:(OA;;GA;${guid};;WD)`)).toThrow('is no GUID')
    expect(() => parseSddl(`D:(OA;;GA;;${guid};WD)`)).toThrow('is no GUID')
  })

  test('longer than half a million characters', () => {
    const blanks = ' '.repeat(512 * 1024 - 4)
    expect(parseSddl(`O:BA${blanks}`).owner).toBe('S-1-5-32-544')
    expect(() => parseSddl(`O:BA${blanks} `)).toThrow('longer than 524288 characters')
  })
})
