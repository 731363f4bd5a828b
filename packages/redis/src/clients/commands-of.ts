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
    const commands = known.get(client) ?? inOneForm(client)
    if (commands !== undefined) {
      known.set(client, commands)
      return commands
    }
  }
  throw new ConfigurationError(`this is no client of Redis that is known: ${shownInput(client)}`, {
    hint:
      'Give a client of the package redis, version 5 or newer (createClient, createSentinel, createCluster; no pool), ' +
      'or of ioredis, version 5 or newer (new Redis, new Cluster).',
  })
}

/** All stores of a client share one listener, of which the client would warn if there were many. */
const known = new WeakMap<object, RedisCommands>()

function inOneForm(client: object): RedisCommands | undefined {
  const commands = ofLibrary(client)
  if (commands === undefined) return undefined
  const listeners = new Set<() => void>()
  return {
    ...commands,
    onConnected(listener) {
      if (listeners.size === 0) commands.onConnected(() => listeners.forEach((one) => one()))
      listeners.add(listener)
    },
  }
}

function ofLibrary(client: object): RedisCommands | undefined {
  if (isIoRedis(client)) return ioRedisCommands(client)
  if (isNodeRedisCluster(client)) return nodeRedisClusterCommands(client)
  if (isNodeRedisSentinel(client)) return nodeRedisSentinelCommands(client)
  return isNodeRedis(client) ? nodeRedisCommands(client) : undefined
}
