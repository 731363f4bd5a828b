/** Clients of both libraries with their default options, as most apps have them. */

import type { RedisClient } from '@s4u/redis'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster, createSentinel } from 'redis'
import type { RedisAddress } from './redis-servers.js'

/** A client that is connected; it is closed in whatever state it is. */
export interface OpenClient extends AsyncDisposable {
  readonly client: RedisClient
}

export type Library = 'redis' | 'ioredis'

export const LIBRARIES = ['redis', 'ioredis'] as const satisfies readonly Library[]

export async function openClient(library: Library, { host, port }: RedisAddress): Promise<OpenClient> {
  if (library === 'ioredis') return ofIoRedis(new Redis({ host, port }))
  const client = createClient({ socket: { host, port } })
  client.on('error', () => {})
  await client.connect()
  return { client, [Symbol.asyncDispose]: async () => client.destroy() }
}

export async function openSentinelClient(
  library: Library,
  name: string,
  sentinels: readonly RedisAddress[],
): Promise<OpenClient> {
  const nodes = sentinels.map(({ host, port }) => ({ host, port }))
  if (library === 'ioredis') return ofIoRedis(new Redis({ sentinels: nodes, name }))
  const client = createSentinel({ name, sentinelRootNodes: nodes })
  client.on('error', () => {})
  await client.connect()
  return { client, [Symbol.asyncDispose]: async () => void (await client.destroy()) }
}

export async function openClusterClient(library: Library, nodes: readonly RedisAddress[]): Promise<OpenClient> {
  if (library === 'ioredis') return ofIoRedis(new Cluster(nodes.map(({ host, port }) => ({ host, port }))))
  const client = createCluster({ rootNodes: nodes.map(({ host, port }) => ({ socket: { host, port } })) })
  client.on('error', () => {})
  await client.connect()
  return { client, [Symbol.asyncDispose]: async () => client.destroy() }
}

async function ofIoRedis(client: Redis | Cluster): Promise<OpenClient> {
  client.on('error', () => {})
  if (client.status !== 'ready') await new Promise<void>((resolve) => client.once('ready', () => resolve()))
  return { client, [Symbol.asyncDispose]: async () => client.disconnect() }
}
