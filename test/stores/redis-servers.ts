/** Real servers of Redis, on addresses of the run; each ends with the process that started it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { answering, ended } from '../interop/peers/apache.js'
import { searchPath } from '../realms/debian/packages.js'

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/** One server. Its data is in memory alone, so that a killed one forgets. */
export interface RedisProcess extends RedisAddress, AsyncDisposable {
  /** Sends one command on a connection of its own. */
  command(...parts: string[]): Promise<unknown>
  kill(): Promise<void>
  /** Starts it again after `kill`, with the same settings. */
  restart(): Promise<void>
  pause(): void
  resume(): void
}

/**
 * @param settings lines of redis.conf
 * @param through begins the command line, of a program that runs others
 */
export async function startRedis(
  address: RedisAddress,
  settings: readonly string[] = [],
  args: readonly string[] = [],
  through: readonly string[] = [],
): Promise<RedisProcess> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-redis-'))
  const { host, port } = address
  const file = join(folder, 'redis.conf')
  const own = [`bind ${host}`, `port ${port}`, `dir ${folder}`, 'save ""', 'appendonly no', 'protected-mode no']
  // A replica has its copy at once, and not after five seconds.
  own.push('repl-diskless-sync-delay 0')
  writeFileSync(file, [...own, ...settings, ''].join('\n'))
  let output = ''
  const start = async (): Promise<ChildProcess> => {
    // The signal ends it also when the test process is killed.
    const [program, ...rest] = [...through, 'setpriv', '--pdeathsig', 'KILL', 'redis-server', file, ...args]
    const started = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: searchPath },
    })
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await answering(started, host, port, () => output)
    return started
  }
  let child = await start()
  return {
    ...address,
    command: (...parts) => commandAt(address, parts),
    async kill() {
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
    async restart() {
      child = await start()
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGCONT')
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function commandAt({ host, port }: RedisAddress, parts: readonly string[]): Promise<unknown> {
  const client = createClient({ socket: { host, port, reconnectStrategy: false } })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.sendCommand(parts)
  } finally {
    client.destroy()
  }
}

/** A master, a replica and three sentinels. */
export interface SentinelSite extends AsyncDisposable {
  readonly name: string
  readonly sentinels: readonly RedisProcess[]
  readonly servers: readonly RedisProcess[]
  /** The address that the sentinels say is the master's. */
  master(): Promise<RedisProcess>
  /**
   * Has the replica promoted, as soon as all sentinels see it following the master. The old master
   * is turned into a replica some seconds later.
   */
  failOver(): Promise<void>
}

export async function startSentinelSite(host: string, firstPort: number): Promise<SentinelSite> {
  const name = 's4u'
  const announced = `replica-announce-ip ${host}`
  const master = await startRedis({ host, port: firstPort }, [announced])
  const replica = await startRedis({ host, port: firstPort + 1 }, [announced, `replicaof ${host} ${firstPort}`])
  const sentinels: RedisProcess[] = []
  for (const port of [firstPort + 2, firstPort + 3, firstPort + 4]) {
    const lines = [
      `sentinel monitor ${name} ${host} ${firstPort} 2`,
      `sentinel down-after-milliseconds ${name} 400`,
      `sentinel failover-timeout ${name} 2000`,
      `sentinel announce-ip ${host}`,
    ]
    sentinels.push(await startRedis({ host, port }, lines, ['--sentinel']))
  }
  const facts = async (): Promise<Record<string, string>> =>
    factsOf(await sentinels[0].command('SENTINEL', 'MASTER', name))
  // A failover needs sentinels that know each other, and a replica that they know.
  await until(async () => {
    const { 'num-other-sentinels': others, 'num-slaves': replicas } = await facts()
    return others === '2' && replicas === '1'
  })
  return {
    name,
    sentinels,
    servers: [master, replica],
    async master() {
      const { port } = await facts()
      return Number(port) === master.port ? master : replica
    },
    async failOver() {
      const last = { answer: '', seen: '' }
      // It comes back from the failover before as a master, and is turned into a replica after ten
      // seconds or more; a sentinel that was not let run for two does nothing for thirty (TILT).
      await until(async () => {
        const seen = await Promise.all(sentinels.map((sentinel) => stateAt(sentinel, name)))
        last.seen = seen.join('; ')
        if (!seen.every((state) => state === READY)) return false
        last.answer = String(await sentinels[0].command('SENTINEL', 'FAILOVER', name).catch(String))
        return last.answer === 'OK'
      }, 120_000).catch((cause: unknown) => {
        throw new Error(`Sentinel does not fail over: ${JSON.stringify(last)}`, { cause })
      })
    },
    async [Symbol.asyncDispose]() {
      for (const server of [...sentinels, replica, master]) await server[Symbol.asyncDispose]()
    },
  }
}

/** What one sentinel says of the master and of its replica. */
async function stateAt(sentinel: RedisProcess, name: string): Promise<string> {
  const master = factsOf(await sentinel.command('SENTINEL', 'MASTER', name))
  const [answer] = (await sentinel.command('SENTINEL', 'REPLICAS', name)) as readonly unknown[]
  const replica = factsOf(answer)
  return `${master.flags}, ${replica.flags} ${replica['master-link-status']}`
}

/** Neither is down, none is taking over, and the replica has what the master has. */
const READY = 'master, slave ok'

function factsOf(answer: unknown): Record<string, string> {
  const entries = Array.isArray(answer) ? answer.map(String) : Object.entries(Object(answer)).flat().map(String)
  return Object.fromEntries(
    entries.flatMap((key, index) => (index % 2 === 0 ? [[key, entries[index + 1]]] : [])),
  ) as Record<string, string>
}

/** Three masters without replicas. */
export interface ClusterSite extends AsyncDisposable {
  readonly servers: readonly RedisProcess[]
}

export async function startClusterSite(host: string, firstPort: number): Promise<ClusterSite> {
  const settings = [
    `cluster-announce-ip ${host}`,
    'cluster-enabled yes',
    'cluster-require-full-coverage no',
    'cluster-node-timeout 1000',
  ]
  const ports = [firstPort, firstPort + 1, firstPort + 2]
  const servers = await Promise.all(ports.map((port) => startRedis({ host, port }, settings)))
  const bounds = [0, 5461, 10923, 16384]
  for (const [index, server] of servers.entries()) {
    await server.command('CLUSTER', 'ADDSLOTSRANGE', `${bounds[index]}`, `${bounds[index + 1] - 1}`)
    if (index > 0) await server.command('CLUSTER', 'MEET', host, `${firstPort}`)
  }
  for (const server of servers)
    await until(async () => {
      const [info, nodes] = [await server.command('CLUSTER', 'INFO'), await server.command('CLUSTER', 'NODES')]
      return /cluster_state:ok/.test(String(info)) && String(nodes).trim().split('\n').length === 3
    })
  return {
    servers,
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}

/** Asks again until it is so. */
export async function until(isSo: () => Promise<boolean>, patience = 15_000): Promise<void> {
  const end = performance.now() + patience
  let cause: unknown
  const asked = async (): Promise<boolean> => {
    cause = undefined
    return isSo().catch((reason: unknown) => {
      cause = reason
      return false
    })
  }
  while (!(await asked())) {
    if (performance.now() > end) throw new Error(`not within ${patience} ms`, { cause })
    await sleep(50)
  }
}
