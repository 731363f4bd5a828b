/**
 * The clients of Redis that the stores take, as far as the stores use them. They are told apart by
 * their shape: this package imports neither, and the names of their classes are not kept.
 */

/** A part of a command. */
export type CommandPart = string | Buffer

interface Emitter {
  on(event: string, listener: () => void): unknown
}

/** Answers in octets in place of texts: 36 is `$`, the mark of such an answer in the protocol. */
export interface OctetMapping {
  readonly 36: typeof Buffer
}

/** A client of `redis` (node-redis) 5 or 6 for one server: `createClient()`. */
export interface NodeRedisClient extends Emitter {
  readonly isReady: boolean
  sendCommand(parts: readonly CommandPart[]): Promise<unknown>
  withTypeMapping(mapping: OctetMapping): { sendCommand(parts: readonly CommandPart[]): Promise<unknown> }
}

/** A client of `redis` (node-redis) 5 or 6 for Sentinel: `createSentinel()`. */
export interface NodeRedisSentinel extends Emitter {
  readonly isReady: boolean
  acquire(): Promise<unknown>
  sendCommand(isReadonly: boolean | undefined, parts: CommandPart[]): Promise<unknown>
  withTypeMapping(mapping: OctetMapping): {
    sendCommand(isReadonly: boolean | undefined, parts: CommandPart[]): Promise<unknown>
  }
}

/** A node of a cluster, as node-redis lists it. */
interface NodeRedisShard {
  readonly address: string
}

/** A client of `redis` (node-redis) 5 or 6 for Cluster: `createCluster()`. */
export interface NodeRedisCluster extends Emitter {
  readonly masters: readonly NodeRedisShard[]
  readonly slots: readonly unknown[]
  nodeClient(node: never): Promise<{ sendCommand(parts: readonly CommandPart[]): Promise<unknown> }>
  sendCommand(key: string | undefined, isReadonly: boolean | undefined, parts: CommandPart[]): Promise<unknown>
  withTypeMapping(mapping: OctetMapping): {
    sendCommand(key: string | undefined, isReadonly: boolean | undefined, parts: CommandPart[]): Promise<unknown>
  }
}

/** A client of `ioredis` 5 or 6 for one server or for Sentinel: `new Redis()`. */
export interface IoRedisClient extends Emitter {
  readonly status: string
  readonly isCluster: boolean
  call(command: string, ...parts: CommandPart[]): Promise<unknown>
  callBuffer(command: string, ...parts: CommandPart[]): Promise<unknown>
}

/** A client of `ioredis` 5 or 6 for Cluster: `new Cluster()`. */
export interface IoRedisCluster extends IoRedisClient {
  nodes(role: 'master'): readonly IoRedisClient[]
}

/** A client of Redis or Valkey that is connected, or will be. The app closes it. */
export type RedisClient = NodeRedisClient | NodeRedisSentinel | NodeRedisCluster | IoRedisClient | IoRedisCluster
