import { accessCheck } from '@s4u/acceptor'
import { expect, test } from 'vitest'
import { run } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

const DOMAIN = 'S-1-5-21-1-2-3'
const USER = `${DOMAIN}-1104`
const GROUPS = [`${DOMAIN}-513`, `${DOMAIN}-1110`]
const TRUSTEES = [USER, ...GROUPS, `${DOMAIN}-1111`, 'S-1-1-0', 'S-1-5-11', 'S-1-5-32-544']
const GUID = '00000001-0000-0000-0000-000000000000'
const CASES = 3_000

/** Samba's own check, of one JSON line after the other: `[SDDL, desired access]`. Answers with a verdict and the binary form. */
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
    const sids = [USER, ...GROUPS, 'S-1-1-0', 'S-1-5-2', 'S-1-5-11']
    const input = [sids, ...cases].map((line) => JSON.stringify(line)).join('\n')
    const { stdout, stderr, status } = await run('/usr/bin/python3', ['-c', ORACLE], { input: `${input}\n` })
    expect([status, stderr]).toEqual([0, ''])
    const answers = stdout.trim().split('\n')
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
})

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
