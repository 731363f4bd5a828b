import { accessCheck } from '@s4u/acceptor'
import { expect, test } from 'vitest'
import { realmOf, runAt } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'

const DOMAIN = 'S-1-5-21-1-2-3'
const USER = `${DOMAIN}-1104`
const GROUPS = [`${DOMAIN}-513`, `${DOMAIN}-1110`]
const CASES = 4_000
const RIGHT = 0x1

/** A user with text, several texts and an integer. */
const claims = [
  { id: 'city', type: 'string', values: ['Oslo'] },
  { id: 'teams', type: 'string', values: ['red', 'green'] },
  { id: 'level', type: 'int64', values: [5n] },
] as const

/** Samba's own check: a line for each condition, whether the entry with it grants. */
const ORACLE = `
import json, sys
from samba import security as check
from samba.dcerpc import security

def claim(name, kind, values):
    found = security.CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1()
    found.name, found.value_type, found.value_count = name, kind, len(values)
    found.values = values
    return found

given = json.loads(sys.stdin.readline())
token = security.token()
token.sids = [security.dom_sid(sid) for sid in given["sids"]]
token.num_sids = len(given["sids"])
kinds = {"string": security.CLAIM_SECURITY_ATTRIBUTE_TYPE_STRING, "int64": security.CLAIM_SECURITY_ATTRIBUTE_TYPE_INT64}
token.user_claims = [claim(name, kinds[kind], values) for name, kind, values in given["claims"]]
token.num_user_claims = len(given["claims"])
token.evaluate_claims = security.CLAIMS_EVALUATION_ALWAYS
for line in sys.stdin:
    descriptor = security.descriptor.from_sddl(json.loads(line), security.dom_sid("${DOMAIN}"))
    try:
        check.access_check(descriptor, token, ${RIGHT})
        print(1)
    except Exception:
        print(0)
`

await describeRealms('conditions of access entries, compared with how Samba 4.22 takes them', ['NEWCORP'], (info) => {
  const caller = { sid: USER, groups: GROUPS, claims: { user: claims } }
  const ours = (condition: string): boolean => accessCheck(entryWith(condition), RIGHT, caller) === RIGHT

  async function theirs(conditions: readonly string[]): Promise<boolean[]> {
    const attributes = claims.map(({ id, type, values }) => [
      id,
      type,
      values.map((one) => (type === 'int64' ? Number(one) : one)),
    ])
    const token = { sids: [USER, ...GROUPS, 'S-1-1-0', 'S-1-5-2', 'S-1-5-11'], claims: attributes }
    const input = [token, ...conditions.map(entryWith)].map((line) => JSON.stringify(line)).join('\n')
    const { stdout } = await runAt(realmOf(info, 'NEWCORP'), '/usr/bin/python3', ['-c', ORACLE], {
      input: `${input}\n`,
    })
    return stdout
      .trim()
      .split('\n')
      .map((verdict) => verdict === '1')
  }

  // behaviour: Conditions of access entries, made at random = judged as by our access check
  test(`${CASES} of them, made at random of attributes that the user has, are judged the same`, async () => {
    const random = generator(20_261_130)
    const cases = Array.from({ length: CASES }, () => randomCondition(random, 2, ['city', 'teams', 'level']))
    const granted = await theirs(cases)
    expect(cases.filter((condition, index) => ours(condition) !== granted[index])).toEqual([])
    expect(granted.filter((one) => one).length).toBeGreaterThan(CASES / 8)
  })

  /**
   * To Samba an attribute that is not there makes the whole condition unknown; to MS-DTYP section
   * 2.4.4.17 what is compared with it alone. So we grant more, and only what holds whatever the
   * attribute would be.
   */
  test('with an attribute that is not there, what is granted holds whatever it would be', async () => {
    const random = generator(20_261_129)
    const cases = Array.from({ length: CASES }, () => randomCondition(random, 2, ['city', 'teams', 'level', 'lost']))
    const assuming = (verdict: string): Promise<boolean[]> =>
      theirs(cases.map((one) => one.replaceAll(WITH_LOST, verdict)))
    const [granted, ifTrue, ifFalse] = [await theirs(cases), await assuming(TRUE), await assuming(FALSE)]
    const mine = cases.map(ours)
    expect(cases.filter((_, index) => mine[index] && !(ifTrue[index] && ifFalse[index]))).toEqual([])
    expect(cases.filter((_, index) => granted[index] && !mine[index])).toEqual([])
    expect(cases.filter((_, index) => mine[index] && !granted[index]).length).toBeGreaterThan(20)
  })
})

const entryWith = (condition: string): string => `D:(XA;;0x1;;;WD;(${condition}))`

/** A comparison with the attribute that the user has not; whether it exists is another question. */
const WITH_LOST = /@USER\.lost [^()]+/g
const TRUE = 'Member_of {SID(WD)}'
const FALSE = 'Not_Member_of {SID(WD)}'

function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}

function randomCondition(random: (below: number) => number, depth: number, attributes: readonly string[]): string {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]
  const deeper = (): string => `(${randomCondition(random, depth - 1, attributes)})`
  if (depth > 0 && random(2) === 0) {
    return pick([() => `${deeper()} && ${deeper()}`, () => `${deeper()} || ${deeper()}`, () => `!${deeper()}`])()
  }
  const attribute = pick(attributes)
  const text = (): string => pick(['"Oslo"', '"oslo"', '"red"', '"green"', '"blue"'])
  const number = (): string => pick(['4', '5', '6', '-1', '0x5'])
  const literal = attribute === 'level' ? number : text
  const list = (): string => `{${Array.from({ length: 1 + random(3) }, literal).join(', ')}}`
  const group = (): string => `{SID(${pick([...GROUPS, `${DOMAIN}-9999`, 'WD'])})}`
  return pick([
    () => `@USER.${attribute} ${pick(['==', '!=', '<', '<=', '>', '>='])} ${literal()}`,
    () => `@USER.${attribute} ${pick(['Contains', 'Any_of', 'Not_Contains', 'Not_Any_of'])} ${list()}`,
    () => `@USER.${attribute} ${pick(['==', '!='])} ${list()}`,
    () => `${pick(['Exists', 'Not_Exists'])} @USER.${attribute}`,
    () => `${pick(['Member_of', 'Not_Member_of', 'Member_of_Any', 'Not_Member_of_Any'])} ${group()}`,
  ])()
}
