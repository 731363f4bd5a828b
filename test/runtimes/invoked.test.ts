/**
 * A function that a platform freezes between two invocations: nothing of it runs, its connections
 * end meanwhile, and the clock has gone on when it is thawed.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { runtimeBinaries } from './binaries.js'
import { type RunningProgram, start } from './program.js'
import { type RuntimeSite, runtimeSite } from './site.js'
import { Visitor } from './visitor.js'

let site: RuntimeSite
beforeAll(async () => {
  site = await runtimeSite()
})
afterAll(() => site[Symbol.asyncDispose]())

describe.each(runtimeBinaries().map((runtime) => [runtime.name, runtime] as const))('%s', (_name, runtime) => {
  let program: RunningProgram
  let count = 0
  beforeAll(async () => {
    program = start(runtime, site, ['programs/invoked.mjs', site.settingsFile], inject('runtimesProject'))
    await program.said('ready:')
  })
  afterAll(() => program.end())

  async function invoke(as: string) {
    const id = `invocation${++count}`
    const authorization = await new Visitor(site, false, 0).authorizationOf(as)
    program.child.stdin?.write(`${JSON.stringify({ id, authorization, ahead: site.clock.ahead })}\n`)
    return JSON.parse(await program.said(`${id}:`))
  }

  test('goes on after its connections have ended while it was frozen', async () => {
    const first = await invoke('alice')
    expect(first).toMatchObject({ status: 200, principal: 'alice@AD.TEST' })
    program.child.kill('SIGSTOP')
    await site.closeConnections()
    program.child.kill('SIGCONT')
    const second = await invoke('alice')
    expect(second).toMatchObject({ status: 200, principal: 'alice@AD.TEST' })
    expect(second.connection).not.toBe(first.connection)
  })

  test('gets new tickets when the clock has gone on past the end of the old ones', async () => {
    // Clocks never go back: the next runtime begins here.
    site.clock.ahead += 30 * 3_600_000
    expect(await invoke('bob')).toMatchObject({ status: 200, principal: 'bob@AD.TEST' })
  })
})
