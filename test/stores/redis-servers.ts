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

/** @param settings lines of redis.conf */
export async function startRedis(
  address: RedisAddress,
  settings: readonly string[] = [],
  args: readonly string[] = [],
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
    const started = spawn('setpriv', ['--pdeathsig', 'KILL', 'redis-server', file, ...args], {
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
  const facts = async (): Promise<Record<string, string>> => {
    const answer = await sentinels[0].command('SENTINEL', 'MASTER', name)
    const entries = Array.isArray(answer) ? answer.map(String) : Object.entries(Object(answer)).flat().map(String)
    return Object.fromEntries(
      entries.flatMap((key, index) => (index % 2 === 0 ? [[key, entries[index + 1]]] : [])),
    ) as Record<string, string>
  }
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
    async [Symbol.asyncDispose]() {
      for (const server of [...sentinels, replica, master]) await server[Symbol.asyncDispose]()
    },
  }
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
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > end) throw new Error(`not within ${patience} ms`)
    await sleep(50)
  }
}
