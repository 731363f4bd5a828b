import { Krb5Conf, parseKrb5Conf } from '@s4u/krb5'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

const FILES = 150
const DURATIONS = 2_000

/** What the values of a path are by MIT's own library, several files with a colon between them: one question of JSON a line. */
const VALUES = `
import ctypes, json, sys
krb5 = ctypes.CDLL('libkrb5.so.3')
for line in sys.stdin:
    files, path = json.loads(line)
    profile = ctypes.c_void_p()
    assert krb5.profile_init_path(files.encode(), ctypes.byref(profile)) == 0
    names = (ctypes.c_char_p * (len(path) + 1))(*[name.encode() for name in path], None)
    values = ctypes.POINTER(ctypes.c_char_p)()
    found = []
    if krb5.profile_get_values(profile, names, ctypes.byref(values)) == 0:
        while values[len(found)] is not None:
            found.append(values[len(found)].decode())
    print(json.dumps(found))
`

/** Seconds, or null for what is no duration. */
const SECONDS = `
import ctypes, json, sys
krb5 = ctypes.CDLL('libkrb5.so.3')
for line in sys.stdin:
    seconds = ctypes.c_int32()
    failed = krb5.krb5_string_to_deltat(json.loads(line).encode(), ctypes.byref(seconds))
    print(json.dumps(None if failed else seconds.value))
`

await describeRealms('krb5.conf, compared with how MIT’s library reads it', ['CORP'], () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-krb5-conf-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  async function ask(program: string, questions: readonly unknown[]): Promise<unknown[]> {
    const input = questions.map((question) => `${JSON.stringify(question)}\n`).join('')
    const { stdout, stderr } = await run('/usr/bin/python3', ['-c', program], { input })
    expect(stderr).toBe('')
    return stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
  }

  /** Of the newer ones; before 1.22 the library knew no final mark within a file. */
  test(`${FILES} pairs of files, made at random, have the same values`, { timeout: 120_000 }, async () => {
    const random = generator(20_261_130)
    const pairs = Array.from({ length: FILES }, (_, index) => {
      const paths = ['a', 'b'].map((name) => join(folder, `${index}${name}.conf`))
      for (const path of paths) writeFileSync(path, randomFile(random))
      return paths
    })
    const theirs = await ask(
      VALUES,
      pairs.flatMap((paths) => PATHS.map((path) => [paths.join(':'), path])),
    )
    const ours = pairs.flatMap((paths) => {
      const conf = Krb5Conf.merge(paths.map((source) => parseKrb5Conf(readFileSync(source, 'utf8'), { source })))
      return PATHS.map((path) => conf.strings(...path))
    })
    expect(ours).toEqual(theirs)
    expect(ours.filter((values) => values.length > 1).length).toBeGreaterThan(FILES)
  })

  test(`${DURATIONS} durations, made at random, are as long`, { timeout: 60_000 }, async () => {
    const random = generator(20_261_131)
    const texts = Array.from({ length: DURATIONS }, () => randomDuration(random))
    const theirs = await ask(SECONDS, texts)
    // Heimdal takes a last number without its unit for seconds, and so does this reader.
    const ours = texts.map((text) => (/[dhms] *-?\d+$/.test(text) ? null : (durationOf(text) ?? null)))
    expect(texts.map((text, index) => [text, ours[index]])).toEqual(texts.map((text, index) => [text, theirs[index]]))
    expect(theirs.filter((seconds) => seconds !== null).length).toBeGreaterThan(DURATIONS / 10)
  })
})

const SECTIONS = ['libdefaults', 'realms']
const NAMES = ['kdc', 'x', 'R.TEST']
const PATHS: readonly (readonly string[])[] = SECTIONS.flatMap((section) =>
  NAMES.flatMap((name) => [[section, name], ...NAMES.map((inner) => [section, name, inner])]),
)

/** Without final marks inside: they count since MIT 1.22. At the end, where nothing follows in this file, they count for both. */
function randomFile(random: (below: number) => number): string {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]
  const space = (): string => pick(['', ' ', '\t', '  '])
  const value = (): string =>
    pick([
      'one',
      'two words',
      '"a \\"quoted\\"\\ttext" and more',
      '{ a = b }',
      'x # no comment',
      'a=b',
      '""',
      '.',
      '10:30',
    ])
  const relation = (): string => `${space()}${pick(NAMES)}${space()}=${space()}${value()}${space()}`
  const comment = (): string => `${space()}${pick(['#', ';'])} ${pick(['a', '}', '[x]', 'y = 1'])}`
  const lines = (depth: number): string[] =>
    Array.from({ length: random(5) }, () => {
      const kind = random(6)
      if (kind === 0) return [comment()]
      if (kind === 1) return [space()]
      if (kind === 2 && depth < 2) {
        const opening = pick([
          [`${pick(NAMES)} = {`],
          [`${pick(NAMES)} =`, '{ what follows is not read'],
          [`${pick(NAMES)}={ `],
        ])
        return [...opening, ...lines(depth + 1), `${space()}}`]
      }
      return [relation()]
    }).flat()
  const section = (): string[] => [`[${pick(SECTIONS)}]${space()}`, ...lines(0)]
  const last = random(4) === 0 ? [`[${pick(SECTIONS)}]*`] : []
  return [...pick([['a comment = {'], []]), ...section(), ...section(), ...section(), ...last].join(
    pick(['\n', '\r\n']),
  )
}

function randomDuration(random: (below: number) => number): string {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]
  const number = (): string =>
    pick(['', '', '-']) + pick(['0', '1', '5', '12', '59', '300', '99999', '2147483647', '2147483648'])
  const part = (): string => pick([number(), `${number()}${pick(['d', 'h', 'm', 's'])}`])
  if (random(3) === 0)
    return Array.from({ length: 2 + random(3) }, () => pick([part(), '5', '30'])).join(pick([':', '-', ':']))
  return Array.from({ length: 1 + random(4) }, part).join(pick(['', ' ']))
}

function durationOf(text: string): number | undefined {
  try {
    const milliseconds = parseKrb5Conf(`[libdefaults]\nx = ${text}\n`).duration('libdefaults', 'x')
    return milliseconds === undefined ? undefined : milliseconds / 1000
  } catch {
    return undefined
  }
}

/** Numbers that are the same in every run: a linear congruential generator. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}
