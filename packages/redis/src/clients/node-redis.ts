/**
 * Clients of `redis` (node-redis). Their `sendCommand` has another signature for one server, for
 * Sentinel and for Cluster.
 */

import type { Command, RedisCommands } from './commands.js'
import { undefinedIfForbidden } from './forbidden.js'
import { sharedAnswers } from './shared-answers.js'
import type { CommandPart, NodeRedisClient, NodeRedisCluster, NodeRedisSentinel } from './redis-client.js'

export function isNodeRedis(client: object): client is NodeRedisClient {
  return has(client, 'isReady', 'boolean') && isSender(client) && !('masters' in client) && !('acquire' in client)
}

export function isNodeRedisSentinel(client: object): client is NodeRedisSentinel {
  return has(client, 'acquire', 'function') && has(client, 'use', 'function') && isSender(client)
}

export function isNodeRedisCluster(client: object): client is NodeRedisCluster {
  return has(client, 'nodeClient', 'function') && 'masters' in client && 'slots' in client && isSender(client)
}

export function nodeRedisCommands(client: NodeRedisClient): RedisCommands {
  const forOctets = client.withTypeMapping(OCTETS)
  const run = (command: Command): Promise<unknown> => client.sendCommand(command)
  return {
    run: (_key, command) => run(command),
    runForOctets: (_key, command) => forOctets.sendCommand(command),
    masters: async () => [{ run }],
    onConnected: (listener) => void client.on('ready', listener),
  }
}

export function nodeRedisSentinelCommands(client: NodeRedisSentinel): RedisCommands {
  const forOctets = client.withTypeMapping(OCTETS)
  const run = (command: Command): Promise<unknown> => client.sendCommand(ON_MASTER, parts(command))
  return {
    run: (_key, command) => run(command),
    runForOctets: (_key, command) => forOctets.sendCommand(ON_MASTER, parts(command)),
    // Its connections to a master that is at the same address again come back without an event.
    masterNow: sharedAnswers(() => run(['INFO', 'replication']).catch(undefinedIfForbidden)),
    masters: async () => [{ run }],
    onConnected: (listener) => void client.on('topology-change', listener),
  }
}

export function nodeRedisClusterCommands(client: NodeRedisCluster): RedisCommands {
  const forOctets = client.withTypeMapping(OCTETS)
  const run = (key: string, command: Command): Promise<unknown> => client.sendCommand(key, ON_MASTER, parts(command))
  return {
    run,
    runForOctets: (key, command) => forOctets.sendCommand(key, ON_MASTER, parts(command)),
    masters: async () =>
      client.masters.map((node) => ({
        // The node came from the client itself, whose own type for it is not known here.
        run: async (command) => (await client.nodeClient(node as never)).sendCommand(command),
      })),
    onConnected: (listener) => void client.on('node-ready', listener),
  }
}

/** Also of `GET`: a replica may not know yet what was written. */
const ON_MASTER = false

const OCTETS = { 36: Buffer } as const

/** These two signatures want an array that may be changed. */
function parts(command: Command): CommandPart[] {
  return [...command]
}

function isSender(client: object): boolean {
  return has(client, 'sendCommand', 'function') && has(client, 'withTypeMapping', 'function')
}

function has(client: object, name: string, type: 'boolean' | 'function'): boolean {
  return typeof Reflect.get(client, name) === type
}
