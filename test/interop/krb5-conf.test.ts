import { createKdcClient, evidenceFromS4u2self, KDC_CHANNEL, type KdcClient } from '@s4u/kdc-client'
import {
  configuredName,
  defaultClientKeytabName,
  defaultKeytabName,
  formatPrincipal,
  Krb5Conf,
  type Machine,
  parseKrb5Conf,
} from '@s4u/krb5'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { realmOf, run, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

const FILES = 150
const DURATIONS = 2_000

/**
 * What the values of a path are by MIT's own library, several files with a colon between them: one
 * question of JSON a line.
 */
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

/**
 * Which files the library takes where nobody names one, and which encryption types are left; the
 * environment says the krb5.conf.
 */
const DEFAULTS = `
import ctypes, json
krb5 = ctypes.CDLL('libkrb5.so.3')
krb5.krb5_cc_default_name.restype = ctypes.c_char_p
context = ctypes.c_void_p()
assert krb5.krb5_init_context(ctypes.byref(context)) == 0
def keytab_name():
    name = ctypes.create_string_buffer(1024)
    return None if krb5.krb5_kt_default_name(context, name, 1024) else name.value.decode()
def client_keytab_name():
    keytab, name = ctypes.c_void_p(), ctypes.create_string_buffer(1024)
    if krb5.krb5_kt_client_default(context, ctypes.byref(keytab)): return None
    assert krb5.krb5_kt_get_name(context, keytab, name, 1024) == 0
    return name.value.decode()
def cache_name():
    name = krb5.krb5_cc_default_name(context)
    return None if name is None else name.decode()
def etypes():
    found = ctypes.POINTER(ctypes.c_int32)()
    if krb5.krb5_get_permitted_enctypes(context, ctypes.byref(found)): return None
    numbers = []
    while found[len(numbers)] != 0: numbers.append(found[len(numbers)])
    return numbers
print(json.dumps([keytab_name(), client_keytab_name(), cache_name(), etypes()]))
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

await describeRealms('a cache that krb5.conf names', ['CORP'], (info) => {
  const realm = realmOf(info, 'CORP')
  const folder = mkdtempSync(join(tmpdir(), 's4u-ccache-name-'))
  afterAll(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  test('is where kinit writes it, and where a client looks', async () => {
    const path = join(folder, 'krb5.conf')
    const usual = readFileSync(info.krb5Config, 'utf8')
    writeFileSync(
      path,
      usual.replace('[libdefaults]', '[libdefaults]\n default_ccache_name = FILE:%{TEMP}/cc%{null}-%{uid}-%{username}'),
    )
    const others = Object.entries(info.environment).filter(([name]) => name !== 'KRB5CCNAME')
    const environment = { ...Object.fromEntries(others), KRB5_CONFIG: path, TMPDIR: folder }
    await runOk('kinit', [realm.users.alice.principal], { environment, input: `${realm.users.alice.password}\n` })
    vi.stubEnv('KRB5CCNAME', undefined)
    vi.stubEnv('KRB5_CONFIG', path)
    vi.stubEnv('TMPDIR', folder)
    const ticket = await createKdcClient({ credentials: { ccache: true } }).ticketFor(realm.services.api.spn)
    expect(formatPrincipal(ticket.client)).toBe(realm.users.alice.principal)
  })
})

for (const key of ['CORP', 'EAST'] as const) {
  await describeRealms(`what ${key} is asked for by a krb5.conf`, [key], (info) => {
    const realm = realmOf(info, key)
    const folder = mkdtempSync(join(tmpdir(), 's4u-asked-'))
    afterAll(() => rmSync(folder, { recursive: true }))

    test.each([
      ['forwardable = true', 'default_tkt_enctypes = aes128-cts'],
      ['forwardable = false', 'permitted_enctypes = aes256-cts'],
      ['forwardable = false', 'permitted_enctypes = aes128-cts', 'udp_preference_limit = 1'],
      ['forwardable = true', 'permitted_enctypes = aes256-cts aes128-cts', 'udp_preference_limit = 9000'],
    ])('is what kinit asks for: %s, %s', async (...lines) => {
      const path = join(folder, 'krb5.conf')
      const usual = readFileSync(info.krb5Config, 'utf8')
      writeFileSync(path, usual.replace('[libdefaults]', `[libdefaults]\n ${lines.join('\n ')}`))
      const environment = { ...info.environment, KRB5_CONFIG: path, KRB5CCNAME: `FILE:${folder}/cc` }
      const { keytab, principal } = realm.services.web
      await runOk('kinit', ['-k', '-t', keytab, principal], { environment })
      const { stdout } = await runOk('klist', ['-f', '-e'], { environment })
      const theirs = {
        forwardable: /Flags: \S*F/.test(stdout),
        sessionEncryptionType: /Etype \(skey, tkt\): (\S+),/.exec(stdout)?.[1],
      }
      const signIns: { forwardable?: boolean; sessionEncryptionType?: string; step?: string }[] = []
      const listen = (event: unknown): void => void signIns.push(Object(event))
      subscribe(KDC_CHANNEL, listen)
      try {
        await createKdcClient({ krb5Config: path, credentials: { keytab, principal } }).ticketFor(
          realm.services.api.spn,
        )
      } finally {
        unsubscribe(KDC_CHANNEL, listen)
      }
      const ours = signIns.filter(({ step }) => step === 'AS')
      expect(ours).toMatchObject([theirs])
    })

    test('without forwardable tickets nobody is acted for, and doing what the hint says mends it', async () => {
      const path = join(folder, 'plain.conf')
      const usual = readFileSync(info.krb5Config, 'utf8')
      writeFileSync(path, usual.replace('[libdefaults]', '[libdefaults]\n forwardable = false'))
      const { keytab, principal } = realm.services.web
      const make = (krb5Config: string, options = {}) =>
        createKdcClient({ krb5Config, credentials: { keytab, principal }, ...options })
      const asAlice = async (client: KdcClient) => {
        const self = await client.s4u2self(realm.users.alice.principal)
        return client.s4u2proxy(evidenceFromS4u2self(self), realm.services.api.spn)
      }
      const error: unknown = await asAlice(make(path)).catch((reason: unknown) => reason)
      expect(error).toMatchObject({
        reason: 'service-not-delegable',
        hint: 'Set forwardable: true in the options of the KDC client, which go before krb5.conf, or take forwardable = false out of [libdefaults] there.',
      })
      for (const mended of [make(path, { forwardable: true }), make(info.krb5Config)])
        expect(formatPrincipal((await asAlice(mended)).client)).toBe(realm.users.alice.principal)
    })
  })
}

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

  test.each([
    ['FILE:/run/%{uid}/a', 'FILE:/run/%{euid}/b', 'FILE:%{TEMP}/krb5cc%{null}_%{username}', 'aes'],
    ['/etc/a.keytab', '/etc/b.keytab', 'DIR:/run/user/%{USERID}/cc', 'aes256-cts aes128-cts'],
    ['FILE:/a', 'FILE:/b', 'KEYRING:persistent:%{uid}', 'aes128-sha2, AES256-SHA2 nonsense'],
    ['FILE:/a', 'FILE:/b', 'MEMORY:x', 'aes -aes256-cts camellia'],
    ['FILE:/a', 'FILE:/b', 'KCM:', 'camellia256-cts +aes128-cts-hmac-sha1-96'],
    ['FILE:/%{nonsense}', 'FILE:/%{x}', 'FILE:/%{y}', 'aes -aes'],
  ])('%s, %s, %s and %s are what they are there', async (keytab, clientKeytab, cache, types) => {
    const path = join(folder, 'names.conf')
    const settings = {
      default_keytab_name: keytab,
      default_client_keytab_name: clientKeytab,
      default_ccache_name: cache,
    }
    const lines = Object.entries({ ...settings, permitted_enctypes: types }).map(
      ([name, value]) => ` ${name} = ${value}\n`,
    )
    writeFileSync(path, `[libdefaults]\n${lines.join('')}`)
    const environment = { KRB5_CONFIG: path, TMPDIR: '/var/tmp' }
    const { stdout, stderr } = await run('/usr/bin/python3', ['-c', DEFAULTS], { environment })
    expect(stderr).toBe('')
    const conf = parseKrb5Conf(readFileSync(path, 'utf8'))
    const machine: Machine = {
      ...{ readFile: () => '', listFolder: () => [], environment },
      ...{ uid: process.getuid?.(), euid: process.geteuid?.(), username: () => userInfo().username },
    }
    const cacheName = (file: Krb5Conf, of: Machine) => configuredName(file, 'default_ccache_name', of)
    const names = [defaultKeytabName, defaultClientKeytabName, cacheName]
    const ours = names.map((nameOf) => orNull(() => nameOf(conf, machine) ?? null))
    // The library writes the type before a keytab that has none.
    const typed = ours.map((name, index) => (index < 2 ? (name?.replace(/^\//, 'FILE:/') ?? null) : name))
    const theirs: unknown[] = JSON.parse(stdout)
    // As they are where no type stands in front: the name is given back as it was written.
    const named = theirs.map((name) => (typeof name === 'string' ? name.replace(/^\//, 'FILE:/') : name))
    expect([...typed, orNull(() => conf.encryptionTypes('permitted_enctypes'))]).toEqual(named)
  })

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

/**
 * Without final marks inside: they count since MIT 1.22. At the end, where nothing follows in this
 * file, they count for both.
 */
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

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
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
