import type { CommandPart } from './redis-client.js'

/** A command with its arguments: `['GET', 's4u:…']`. */
export type Command = readonly [string, ...CommandPart[]]

/** One server, which keeps a part of the keys or all of them. */
export interface RedisServer {
  run(command: Command): Promise<unknown>
}

/** What the stores ask of a client, in one form for all clients. */
export interface RedisCommands {
  /**
   * Sends a command to the server that has the key, always the master: a replica may not know yet
   * what the master has acknowledged.
   */
  run(key: string, command: Command): Promise<unknown>
  /** The same, with texts of the answer as octets. */
  runForOctets(key: string, command: Command): Promise<unknown>
  /**
   * Only of a client that does not tell when it has connected again. Returns what the master then
   * answers to `INFO replication`; undefined where that is forbidden. Asked after an answer, it
   * says whether that still was of the server of before.
   */
  readonly masterNow?: () => Promise<unknown>
  /** Returns the masters: several of a cluster, else one. */
  masters(): Promise<readonly RedisServer[]>
  /** Calls the listener after the client has connected again, or has chosen another master. */
  onConnected(listener: () => void): void
}
