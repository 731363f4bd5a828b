import { accessCheck } from '@s4u/acceptor'
import { expect, test } from 'vitest'
import { run } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

const DOMAIN = 'S-1-5-21-1-2-3'
const USER = `${DOMAIN}-1104`
const GROUPS = [`${DOMAIN}-513`, `${DOMAIN}-1110`]
const DENY_ONLY = `${DOMAIN}-1111`
const WELL_KNOWN = ['S-1-1-0', 'S-1-5-2', 'S-1-5-11']
const TRUSTEES = [USER, ...GROUPS, DENY_ONLY, 'S-1-1-0', 'S-1-5-11', 'S-1-5-32-544']
const GUID = '00000001-0000-0000-0000-000000000000'
const CASES = 3_000
const NOBODY = `${DOMAIN}-9999`
const GRANTS = new RegExp(`(\\((?:A|OA);[^)]*;)${DENY_ONLY}(?=\\))`, 'g')
const OWNS = new RegExp(`O:${DENY_ONLY}(?=G:)`)

/**
 * Samba's own check, of one JSON line after the other: `[SDDL, desired access]`. Answers with a
 * verdict and the binary form.
 */
const ORACLE = `
import json, sys
from samba import security
from samba.dcerpc import security as rpc
from samba.ndr import ndr_pack
token = rpc.token()
sids = [rpc.dom_sid(sid) for sid in json.loads(sys.stdin.readline())]
token.num_sids = len(sids)
token.sids = sids
for line in sys.stdin:
    sddl, desired = json.loads(line)
    descriptor = rpc.descriptor.from_sddl(sddl, rpc.dom_sid('${DOMAIN}'))
    try:
        security.access_check(descriptor, token, desired)
        verdict = 1
    except Exception:
        verdict = 0
    print(verdict, ndr_pack(descriptor).hex())
`

await describeRealms('access checks, compared with those of Samba', ['CORP'], () => {
  test(`${CASES} descriptors, made at random, are judged the same`, async () => {
    const random = generator(20_261_121)
    const cases = Array.from({ length: CASES }, () => [randomSddl(random), randomMask(random)] as const)
    const answers = await askSamba([USER, ...GROUPS, ...WELL_KNOWN], cases)
    const caller = { sid: USER, groups: GROUPS }
    const ours = cases.map(([sddl, desired], index) => {
      const binary = Buffer.from(answers[index].slice(2), 'hex')
      const [ofText, ofBinary] = [sddl, binary].map((form) => accessCheck(form, desired, caller) === desired)
      return `${Number(ofText)} ${Number(ofBinary)}`
    })
    const different = cases.filter((_, index) => ours[index] !== `${answers[index][0]} ${answers[index][0]}`)
    expect(different).toEqual([])
    expect(new Set(ours).size).toBe(2)
  })

  // A token of Samba's has no attributes: the group is an ordinary one there, and what it would
  // grant is taken out.
  test('a group that may only deny is one that no entry allows anything, and that owns nothing', async () => {
    const random = generator(20_261_127)
    const cases = Array.from({ length: CASES }, () => [randomSddl(random), randomMask(random)] as const)
    const withoutGrants = cases.map(
      ([sddl, desired]) => [sddl.replace(GRANTS, `$1${NOBODY}`).replace(OWNS, `O:${NOBODY}`), desired] as const,
    )
    const answers = await askSamba([USER, ...GROUPS, DENY_ONLY, ...WELL_KNOWN], withoutGrants)
    const caller = { sid: USER, groups: GROUPS, denyOnlySids: [DENY_ONLY] }
    const ours = cases.map(([sddl, desired]) => String(Number(accessCheck(sddl, desired, caller) === desired)))
    expect(cases.filter((_, index) => ours[index] !== answers[index][0])).toEqual([])
    const without = cases.map(
      ([sddl, desired]) => accessCheck(sddl, desired, { sid: USER, groups: GROUPS }) === desired,
    )
    expect(without.filter((granted, index) => granted && ours[index] === '0').length).toBeGreaterThan(10)
  })
})

async function askSamba(sids: readonly string[], cases: readonly (readonly [string, number])[]): Promise<string[]> {
  const input = [sids, ...cases].map((line) => JSON.stringify(line)).join('\n')
  const { stdout, stderr, status } = await run('/usr/bin/python3', ['-c', ORACLE], { input: `${input}\n` })
  expect([status, stderr]).toEqual([0, ''])
  return stdout.trim().split('\n')
}

/** Numbers that are the same in every run: a linear congruential generator. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}

/** Some of the specific and standard rights; never none. */
function randomMask(random: (below: number) => number): number {
  const bits = [0x1, 0x2, 0x4, 0x1_0000, 0x2_0000, 0x4_0000]
  return bits.reduce((mask, bit) => (random(3) === 0 ? mask | bit : mask), bits[random(bits.length)])
}

function randomSddl(random: (below: number) => number): string {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]
  const entry = (): string => {
    const type = pick(['A', 'A', 'A', 'D', 'D', 'OA', 'OD'])
    const part = type.startsWith('O') ? GUID : ''
    const mask = `0x${randomMask(random).toString(16)}`
    return `(${type};${pick(['', '', 'CI', 'ID', 'IO'])};${mask};${part};;${pick(TRUSTEES)})`
  }
  const entries = Array.from({ length: random(6) }, entry)
  return `O:${pick(TRUSTEES)}G:BAD:${entries.join('')}`
}
