/** Clients of `ioredis`. A client for Sentinel is an ordinary one. */

import type { Command, RedisCommands } from './commands.js'
import type { IoRedisClient, IoRedisCluster } from './redis-client.js'

export function isIoRedis(client: object): client is IoRedisClient {
  const { status, call, callBuffer }: { status?: unknown; call?: unknown; callBuffer?: unknown } = client
  return typeof status === 'string' && typeof call === 'function' && typeof callBuffer === 'function'
}

export function ioRedisCommands(client: IoRedisClient): RedisCommands {
  const run = ([name, ...parts]: Command): Promise<unknown> => client.call(name, ...parts)
  const cluster = isCluster(client) ? client : undefined
  return {
    run: (_key, command) => run(command),
    runForOctets: (_key, [name, ...parts]) => client.callBuffer(name, ...parts),
    masters: async () =>
      cluster === undefined
        ? [{ run }]
        : cluster.nodes('master').map((node) => ({ run: ([name, ...parts]) => node.call(name, ...parts) })),
    onConnected(listener) {
      for (const event of cluster === undefined ? OF_CLIENT : OF_CLUSTER) client.on(event, listener)
    },
  }
}

function isCluster(client: IoRedisClient): client is IoRedisCluster {
  return client.isCluster === true && 'nodes' in client
}

const OF_CLIENT = ['ready'] as const
/** `-node` also tells of a master that has died: its slots go to another one. */
const OF_CLUSTER = ['ready', '+node', '-node'] as const
