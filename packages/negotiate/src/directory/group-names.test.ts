import { ConfigurationError, Journal } from '@s4u/krb5'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import type { CallerDirectory } from './caller-directory.js'
import { declareGroup, GroupNames, tellGroupsWithoutDirectory } from './group-names.js'

const SALES = 'S-1-5-21-1-2-3-1104'
const lines: string[] = []
const log = (text: string): void => void lines.push(text)
const quiet = Object.assign(() => {}, { enabled: false })
const journal = new Journal({ debug: quiet, warn: log }, { debug: log, info: log, warn: log, error: log })

const open: GroupNames[] = []
afterEach(() => {
  for (const names of open.splice(0)) names.close()
  lines.length = 0
  vi.useRealTimers()
})

function namesOf(sidOf: CallerDirectory['sidOf']): GroupNames {
  const directory: CallerDirectory = {
    sidOf,
    account: () => expect.unreachable(),
    namesOf: () => expect.unreachable(),
  }
  const names = new GroupNames(() => Promise.resolve(directory), journal)
  open.push(names)
  return names
}

const known = new Map<string, string>()
const resolve = async (name: string): Promise<string | undefined> => known.get(name)

function declare(name: string): string {
  known.set(name, SALES)
  declareGroup(name)
  return name
}

test('are resolved at the start, those that are declared later too', async () => {
  const early = declare('CORP\\Early')
  const names = namesOf(resolve)
  await names.ready()
  expect(names.find(early)).toEqual({ status: 'known', sid: SALES })
  const late = declare('CORP\\Late')
  await pause(0)
  expect(names.find(late)).toEqual({ status: 'known', sid: SALES })
})

test('are pending before the directory has answered, and nobody waits', async () => {
  const name = declare('CORP\\Slow')
  const names = namesOf(() => new Promise(() => {}))
  expect(names.find(name)).toEqual({ status: 'pending', why: 'the directory has not answered yet' })
})

test('that nobody has are an error at the start, and refuse from then on', async () => {
  const name = 'CORP\\Nobody'
  declareGroup(name)
  const names = namesOf(resolve)
  await expect(names.ready()).rejects.toMatchObject({
    name: 'ConfigurationError',
    code: 'noSuchObject',
    message: String.raw`requireGroup: there is no group CORP\Nobody in the directory`,
  })
  expect(names.find(name)).toEqual({ status: 'unknown' })
  expect(lines).toContain(String.raw`there is no group CORP\Nobody`)
})

test('stay what they were while the directory is down, which is told', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const name = declare('CORP\\Kept')
  let isDown = false
  const names = namesOf((asked) => (isDown ? Promise.reject(new Error('down')) : resolve(asked)))
  await names.ready()
  isDown = true
  await vi.advanceTimersByTimeAsync(300_000)
  expect(names.find(name)).toEqual({ status: 'known', sid: SALES })
  expect(lines).toContain(String.raw`the group CORP\Kept cannot be asked for: down`)
})

test('are asked for again, so that one that was made again has its new SID, and one that is gone has none', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const name = declare('CORP\\Changing')
  const names = namesOf(resolve)
  await names.ready()
  known.set(name, 'S-1-5-21-1-2-3-9999')
  await vi.advanceTimersByTimeAsync(300_000)
  expect(names.find(name)).toEqual({ status: 'known', sid: 'S-1-5-21-1-2-3-9999' })
  known.delete(name)
  await vi.advanceTimersByTimeAsync(300_000)
  expect(names.find(name)).toEqual({ status: 'unknown' })
})

test('are not asked for any more when the negotiator is closed', async () => {
  const asked = vi.fn(resolve)
  const names = namesOf(asked)
  await names.ready()
  names.close()
  const before = asked.mock.calls.length
  declare('CORP\\TooLate')
  await pause(0)
  expect(asked.mock.calls.length).toBe(before)
})

test('of a negotiator are not those of another, which was made before', async () => {
  const first = namesOf(resolve)
  const own = declare('CORP\\First')
  const second = namesOf(async () => undefined)
  declareGroup('OTHER\\Second')
  await first.ready()
  expect(first.find(own)).toEqual({ status: 'known', sid: SALES })
  await expect(second.ready()).rejects.toMatchObject({
    message: expect.stringMatching(/there is no group OTHER.Second in/),
  })
})

test('of a route that belongs to another negotiator are resolved when it first asks', async () => {
  const first = namesOf(resolve)
  namesOf(async () => undefined)
  const name = declare('CORP\\Elsewhere')
  expect(first.find(name)).toMatchObject({ status: 'pending' })
  await pause(0)
  expect(first.find(name)).toEqual({ status: 'known', sid: SALES })
})

test('that no negotiator can resolve are told at the start, with a code of their own and what to do', async () => {
  declareGroup('CORP\\Alone')
  tellGroupsWithoutDirectory(journal)
  await pause(0)
  await new Promise((resolve) => setImmediate(resolve))
  const told = lines.filter((line) => line.startsWith('S4U_NO_DIRECTORY: '))
  expect(told).toEqual([expect.stringMatching(/^S4U_NO_DIRECTORY: requireGroup of \S+ needs a directory, and this/)])
  expect(told[0]).toContain('\n    Write negotiate({ directory: true })')
  lines.length = 0
  namesOf(resolve)
  tellGroupsWithoutDirectory(journal)
  await new Promise((resolve) => setImmediate(resolve))
  expect(lines.filter((line) => line.startsWith('S4U_NO_DIRECTORY'))).toEqual([])
})

test('of a directory that cannot be found are told with what to do', async () => {
  declareGroup('CORP\\Lost')
  const gone = new ConfigurationError('no controller of ad.test is known', { code: 'noControllerFound' })
  const names = namesOf(() => Promise.reject(gone))
  names.find('CORP\\Lost')
  await pause(0)
  await new Promise((resolve) => setImmediate(resolve))
  const [told] = lines.filter((line) => line.includes('CORP\\Lost cannot be asked for'))
  expect(told).toMatch(/no controller of ad\.test is known\n {4}directory: true finds controllers by DNS/)
})
