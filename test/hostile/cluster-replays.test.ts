import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { corporation, Desktop } from '../stories/fixtures/corporation.js'

/**
 * Who has captured a token, and shows it to every worker of a machine in turn. On the built
 * packages, as in production.
 */

const folder = mkdtempSync(join(tmpdir(), 's4u-cluster-'))
const keytab = join(folder, 'web.keytab')
const realm = await corporation()
writeFileSync(keytab, realm.keytabFile('web'))
const alice = new Desktop(realm, 'alice')
afterAll(() => rmSync(folder, { recursive: true }))

test('is let in by one of them at most, also when that one has gone, where they share the primary’s memory', async () => {
  await using site = await start('shared')
  const [first, second] = await site.workers(2)
  const authorization = await alice.authorization()
  const at = (port: number, path = '') => fetch(`http://127.0.0.1:${port}/${path}`, { headers: { authorization } })
  const answers = await Promise.all([first, second, first, second].map((port) => at(port)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401])
  await Promise.allSettled([first, second].map((port) => at(port, 'die')))
  const [, , third, fourth] = await site.workers(4)
  expect([(await at(third)).status, (await at(fourth)).status]).toEqual([401, 401])
  expect(site.errors()).toMatch(/KRB_AP_ERR_REPEAT/)
  expect(site.errors()).not.toContain('S4U_REPLAY_PER_WORKER')
})

test('is let in by each of them, which each has said at its start, where they share nothing', async () => {
  await using site = await start('own')
  const ports = await site.workers(2)
  const headers = { authorization: await alice.authorization() }
  for (const port of ports) expect((await fetch(`http://127.0.0.1:${port}/`, { headers })).status).toBe(200)
  expect(site.errors().match(/\[S4U_REPLAY_PER_WORKER\]/g)).toHaveLength(2)
})

test('is let in by none, and nobody is, where the primary does not do its part', async () => {
  await using site = await start('forgotten')
  const [port] = await site.workers(2)
  const headers = { authorization: await alice.authorization() }
  const began = performance.now()
  expect((await fetch(`http://127.0.0.1:${port}/`, { headers })).status).toBe(503)
  expect(performance.now() - began).toBeLessThan(10_000)
  expect(site.errors()).toContain('S4U_REPLAY_STORE_DOWN')
})

async function start(replays: string) {
  const app = fileURLToPath(new URL('cluster-app.mjs', import.meta.url))
  const env = { ...process.env, REPLAYS: replays, KEYTAB: keytab }
  const child: ChildProcess = spawn(process.execPath, [app], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.on('data', (chunk: Buffer) => (written[name] += chunk.toString()))
  const ended = once(child, 'close')
  return {
    errors: () => written.stderr,
    /** The ports of the first so many, as they come up. */
    async workers(count: number): Promise<number[]> {
      for (;;) {
        const ports = [...written.stdout.matchAll(/port (\d+)\n/g)].map(([, port]) => Number(port))
        if (ports.length >= count) return ports
        if (child.exitCode !== null) throw new Error(written.stderr)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async [Symbol.asyncDispose]() {
      child.stdin!.end()
      await ended
    },
  }
}
