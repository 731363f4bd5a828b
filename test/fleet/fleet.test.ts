import { createInitiator } from '@s4u/gssapi'
import type { ServiceTicket } from '@s4u/kdc-client'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answering, ended } from '../interop/peers/apache.js'
import { searchPath } from '../realms/debian/packages.js'
import { describeRealms } from '../realms/suite.js'
import { type RedisProcess, startRedis } from '../stores/redis-servers.js'
import { corporation, Desktop, WEB } from '../stories/fixtures/corporation.js'

/**
 * Two instances behind Debian's HAProxy with the lines of docs/deployment.md, on the built
 * packages, while things break. Every good request is answered rightly or with a 5xx, no replay
 * passes, and no user sees another's answer.
 */

const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')
const [, CONFIGURATION = ''] = /^```haproxy\n([\s\S]*?)^```$/m.exec(page) ?? []
/** A token of its own for each request. */
const authorizationOf = (ticket: ServiceTicket): string => createInitiator({ ticket, now: Date.now }).authorization

const USERS = ['alice', 'bob', 'carol']

await describeRealms('a fleet behind HAProxy', ['redis', 'haproxy'], (info) => {
  const host = `${info.block}.80`
  const folder = mkdtempSync(join(tmpdir(), 's4u-fleet-'))
  const keytab = join(folder, 'web.keytab')
  const sessionKey = randomBytes(32).toString('base64')
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  const instances: ChildProcess[] = []
  let redis: RedisProcess
  let balancer: ChildProcess
  let tickets: ServiceTicket[]

  async function startInstance(at: number): Promise<void> {
    const env = { PATH: process.env.PATH, KEYTAB: keytab, HOST: host, PORT: `${3001 + at}`, REDIS_PORT: '6379' }
    const program = fileURLToPath(new URL('instance.mjs', import.meta.url))
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, program], {
      env: { ...env, SESSION_KEY: sessionKey },
      stdio: 'inherit',
    })
    await answering(child, host, 3001 + at, () => '')
    instances[at] = child
  }

  beforeAll(async () => {
    const realm = await corporation()
    writeFileSync(keytab, realm.keytabFile('web'))
    tickets = await Promise.all(USERS.map((user) => new Desktop(realm, user).ticketFor(WEB)))
    redis = await startRedis({ host, port: 6379 })
    await Promise.all([0, 1].map(startInstance))
    const lines = CONFIGURATION.replaceAll('10.0.0.11', host)
      .replaceAll('10.0.0.12', host)
      .replace(':443 ssl crt /etc/haproxy/web.pem', `${host}:8080`)
    writeFileSync(join(folder, 'haproxy.cfg'), lines.replace(':3000', ':3001').replace(':3000', ':3002'))
    balancer = spawn('setpriv', ['--pdeathsig', 'KILL', 'haproxy', '-db', '-f', join(folder, 'haproxy.cfg')], {
      env: { PATH: searchPath },
      stdio: 'inherit',
    })
    await answering(balancer, host, 8080, () => lines)
  })
  afterAll(async () => {
    agent.destroy()
    for (const child of [balancer, ...instances]) if (child !== undefined) await ended(child)
    await redis?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  interface Answer {
    readonly status: number
    readonly body: string
    readonly cookie: string
  }

  /** Status 0 is a connection that ended without an answer. */
  async function visit(headers: Record<string, string>): Promise<Answer> {
    try {
      const [response] = (await once(
        get({ host, port: 8080, path: '/', headers, agent, timeout: 10_000 }),
        'response',
      )) as [IncomingMessage]
      const body = Buffer.concat(await response.toArray()).toString()
      const cookie = (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')
      return { status: response.statusCode ?? 0, body, cookie }
    } catch {
      return { status: 0, body: '', cookie: '' }
    }
  }

  test('keeps its promises while instances and Redis die and hang', { timeout: 90_000 }, async () => {
    const table = { good: 0, unavailable: 0, refused: 0, mixedUp: 0, replays: 0, replaysLetIn: 0, sessions: 0 }
    const seen = new Set<string>()
    let running = true
    const worker = async (number: number): Promise<void> => {
      const at = number % USERS.length
      let cookie = ''
      for (let round = 0; running; round++) {
        const authorization = authorizationOf(tickets[at])
        const bySession = cookie !== '' && round % 3 === 0
        const answer = await visit(bySession ? { cookie } : { authorization })
        if (bySession && answer.status === 200) table.sessions++
        if (answer.status === 200) {
          table.good++
          if (!answer.body.startsWith(`${USERS[at]}@`)) table.mixedUp++
          seen.add(answer.body.split(' ')[2])
          if (answer.cookie !== '') cookie = answer.cookie
          if (!bySession && round % 4 === 0) {
            table.replays++
            if ((await visit({ authorization })).status === 200) table.replaysLetIn++
          }
        } else if (answer.status === 0 || answer.status >= 500) table.unavailable++
        // Whether a session was ended is not known without Redis: the user shows a token again.
        else if (bySession && answer.status === 401) cookie = ''
        else table.refused++
        await sleep(20)
      }
    }
    const workers = Promise.all(Array.from({ length: 6 }, (_, number) => worker(number)))
    await sleep(1_500)
    instances[1].kill('SIGKILL')
    await sleep(1_000)
    await startInstance(1)
    instances[0].kill('SIGSTOP')
    await sleep(2_000)
    instances[0].kill('SIGCONT')
    await sleep(500)
    redis.pause()
    await sleep(1_000)
    redis.resume()
    await sleep(500)
    await redis.kill()
    await sleep(500)
    await redis.restart()
    await sleep(2_500)
    running = false
    await workers
    console.table([table])
    expect(table).toMatchObject({ mixedUp: 0, replaysLetIn: 0, refused: 0 })
    expect(table.good).toBeGreaterThan(30)
    expect(table.replays).toBeGreaterThan(5)
    expect(table.sessions).toBeGreaterThan(5)
    expect(seen.size).toBeGreaterThanOrEqual(2)
    const after = await Promise.all(
      tickets.map(async (ticket) => (await visit({ authorization: authorizationOf(ticket) })).status),
    )
    expect(after).toEqual([200, 200, 200])
  })
})
