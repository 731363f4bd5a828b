import { authToLocalOf, parseKrb5Conf, parsePrincipal } from '@s4u/krb5'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

const OWN = 'CORP.TEST'
const FILES = 150
const NAMES = [
  'alice',
  'bob',
  'Al1ce',
  'aaab',
  'abcabc',
  'a-b_c.d',
  'x',
  'http/web',
  'root/admin',
  'alice/CORP.TEST',
  'a/b/c',
].flatMap((name) => [OWN, 'WEST.TEST'].map((realm) => `${name}@${realm}`))

/** What MIT's own library makes of principals, one of JSON a line, by the file of KRB5_CONFIG. */
const LIBRARY = `
import ctypes, json, sys
krb5 = ctypes.CDLL('libkrb5.so.3')
context = ctypes.c_void_p()
assert krb5.krb5_init_context(ctypes.byref(context)) == 0
for line in sys.stdin:
    principal = ctypes.c_void_p()
    assert krb5.krb5_parse_name(context, json.loads(line).encode(), ctypes.byref(principal)) == 0
    local = ctypes.create_string_buffer(1024)
    failed = krb5.krb5_aname_to_localname(context, principal, 1024, local)
    print(json.dumps(None if failed or not local.value else local.value.decode()))
`

await describeRealms('local names, compared with those of MIT’s library', ['CORP'], () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-local-names-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test(`${FILES} files of rules, made at random, give the same names`, { timeout: 240_000 }, async () => {
    const random = generator(20_261_129)
    let named = 0
    for (let count = 0; count < FILES; count++) {
      const text = randomConf(random)
      const path = join(folder, `${count}.conf`)
      writeFileSync(path, text)
      const { stdout, stderr } = await run('/usr/bin/python3', ['-c', LIBRARY], {
        input: NAMES.map((name) => `${JSON.stringify(name)}\n`).join(''),
        environment: { KRB5_CONFIG: path },
      })
      expect(stderr).toBe('')
      const theirs = stdout
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
      const mapping = authToLocalOf(parseKrb5Conf(text))
      const ours = NAMES.map((name) => mapping(parsePrincipal(name), OWN) ?? null)
      const different = NAMES.map((name, index) => [name, ours[index], theirs[index]]).filter(
        ([, one, other]) => one !== other,
      )
      expect({ text, different }).toEqual({ text, different: [] })
      named += ours.filter((local) => local !== null).length
    }
    expect(named).toBeGreaterThan(FILES)
  })
})

/**
 * Rules that look at the realm: of others MIT's library names users of every realm, and this one
 * those of its own.
 */
function randomConf(random: (below: number) => number): string {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]
  const atom = (): string => pick(['a', 'b', '.', '[a-c]', '[^b]', '[[:upper:]]', '\\.', '\\w', '@', 'al', 'CORP', '-'])
  const piece = (): string => `${atom()}${pick(['', '', '*', '+', '?', '{2}', '{1,3}'])}`
  const pattern = (): string =>
    pick(['^', '']) + Array.from({ length: 1 + random(3) }, piece).join('') + pick(['|b', '', '', '$'])
  const group = (): string =>
    pick([pattern(), pattern(), `(${pattern()})+`, `(a|al|ali)`, `^(${pattern()}|${pattern()})c`])
  const substitution = (): string => `s/${group()}/${pick(['', 'x', '_&', 'long', '\\1'])}/${pick(['', ''])}`
  const rule = (): string => {
    const select = pick(['[1:$1@$0]', '[1:$0;$1]', '[2:$1;$2@$0]', '[2:$2.$0]', '[3:$0-$3$1]'])
    const match = pick(['', `(${pattern()})`, '(.*@CORP.TEST)', '(^.*@WEST\\.TEST$)', '(.*)'])
    return `RULE:${select}${match}${Array.from({ length: random(3) }, substitution).join('')}`
  }
  const lines = Array.from(
    { length: 1 + random(4) },
    () => `  auth_to_local = ${pick([rule(), rule(), rule(), 'DEFAULT'])}\n`,
  )
  return `[libdefaults]\n default_realm = ${OWN}\n[realms]\n ${OWN} = {\n${lines.join('')} }\n`
}

/** Numbers that are the same in every run: a linear congruential generator. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}
