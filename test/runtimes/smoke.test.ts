/**
 * Every package, from its tarball, on each runtime: alone, in a worker thread, and with no right
 * but to read files and to use the network, as in a container with a file system that is read-only.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { runtimeBinaries, type RuntimeBinary } from './binaries.js'
import { type RunningProgram, start } from './program.js'
import { type RuntimeSite, runtimeSite } from './site.js'

let site: RuntimeSite
beforeAll(async () => {
  site = await runtimeSite()
})
afterAll(() => site[Symbol.asyncDispose]())

/** What a process may do at least. Node before 22 has `--experimental-permission`. */
const RIGHTS: Readonly<Record<string, readonly string[]>> = {
  'Node 20': ['--experimental-permission', '--allow-fs-read=*'],
  'Node 22': ['--permission', '--allow-fs-read=*'],
  'Node 24': ['--permission', '--allow-fs-read=*'],
  'Node 26': ['--permission', '--allow-fs-read=*', '--allow-net'],
  Deno: ['run', '--no-prompt', '--allow-read', '--allow-net', '--allow-env', '--allow-sys=uid'],
}

function withFewRights({ name, kind, command: [binary, ...words] }: RuntimeBinary): RuntimeBinary | undefined {
  const rights = RIGHTS[name]
  if (rights === undefined) return undefined
  const others = words.filter((word) => word !== 'run' && word !== '--allow-all')
  return { name: `${name} with few rights`, kind, command: [binary, ...rights, ...others] }
}

const all = runtimeBinaries()
const ways = [
  ...all.map((runtime) => [runtime.name, runtime, ['programs/smoke.mjs']] as const),
  ...all.map((runtime) => [`${runtime.name}, a worker`, runtime, ['programs/worker.mjs', 'smoke.mjs']] as const),
  ...all.flatMap((runtime) => {
    const narrow = withFewRights(runtime)
    return narrow ? [[narrow.name, narrow, ['programs/smoke.mjs']] as const] : []
  }),
]

describe.each(ways)('%s', (_name, runtime, words) => {
  let program: RunningProgram
  beforeAll(() => {
    program = start(runtime, site, [...words, site.settingsFile], inject('runtimesProject'))
  })
  afterAll(() => program.end())

  test.each([
    ['packages', []],
    ['a password', 'alice'],
    ['a keytab and a krb5.conf', 'bob'],
    ['TCP, where the answer is too long for UDP', 'alice'],
    ['every encryption type', ['u17', 'u18', 'u19', 'u20', 'u25', 'u26']],
    ['a token', ['alice@AD.TEST', 'KRB_AP_ERR_REPEAT']],
  ])('%s', async (check, expected) => {
    expect(JSON.parse(await program.said(`${check}:`))).toEqual(expected)
  })
})
