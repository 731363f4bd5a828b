import { ConfigurationError, shownInput } from '@s4u/krb5'
import type { RedisCommands } from './commands.js'
import { ioRedisCommands, isIoRedis } from './ioredis.js'
import {
  isNodeRedis,
  isNodeRedisCluster,
  isNodeRedisSentinel,
  nodeRedisClusterCommands,
  nodeRedisCommands,
  nodeRedisSentinelCommands,
} from './node-redis.js'

/**
 * Returns what the stores ask of a client, whichever library it is of.
 * @throws ConfigurationError for what is no client of these libraries
 */
export function commandsOf(client: unknown): RedisCommands {
  if (typeof client === 'object' && client !== null) {
    if (isIoRedis(client)) return ioRedisCommands(client)
    if (isNodeRedisCluster(client)) return nodeRedisClusterCommands(client)
    if (isNodeRedisSentinel(client)) return nodeRedisSentinelCommands(client)
    if (isNodeRedis(client)) return nodeRedisCommands(client)
  }
  throw new ConfigurationError(`this is no client of Redis that is known: ${shownInput(client)}`, {
    hint:
      'Give a client of the package redis, version 5 or newer (createClient, createSentinel, createCluster; no pool), ' +
      'or of ioredis, version 5 or newer (new Redis, new Cluster).',
  })
}
