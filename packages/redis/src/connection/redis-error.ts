import { S4uError } from '@s4u/krb5'

/** What went wrong between a store and Redis. */
export type RedisErrorCode =
  /** Redis did not answer in time, or cannot be reached. */
  | 'S4U_REDIS_UNREACHABLE'
  /** Redis answered a command with an error. */
  | 'S4U_REDIS_REFUSED'
  /** Another master answers now, which may not know what the last one knew. */
  | 'S4U_REDIS_FORGOT'
  /** The master lacks replicas, so that one of them may be the master of other instances. */
  | 'S4U_REDIS_REPLICAS'
  /** The answer, or what lies under a key, is not what the store writes. */
  | 'S4U_REDIS_UNREADABLE'

/**
 * Redis has no answer. The person who operates Redis must act.
 *
 * @example
 * ```ts
 * import { RedisError } from '@s4u/redis'
 *
 * // Whether Redis is there and says no, which a restart of the network does not mend.
 * export const isRefusal = (error: unknown) =>
 *   error instanceof RedisError && error.code === 'S4U_REDIS_REFUSED'
 * ```
 */
export class RedisError extends S4uError {
  override readonly name = 'RedisError'
  declare readonly code: RedisErrorCode
  /** The first word of an error that Redis sent: `READONLY`, `OOM`, `ERR`. */
  readonly reply: string | undefined

  constructor(message: string, { code, hint, reply }: RedisErrorDetails) {
    super(message, { code, status: 503, ...(hint !== undefined && { hint }) })
    this.reply = reply
  }
}

interface RedisErrorDetails {
  readonly code: RedisErrorCode
  readonly hint?: string | undefined
  readonly reply?: string
}

/**
 * Returns the error of a client as one of ours. The libraries give their errors no codes; an error
 * that the server sent begins with a word in capitals: `READONLY You can't write against …`.
 */
export function redisErrorOf(error: unknown): RedisError {
  if (error instanceof RedisError) return error
  const text = error instanceof Error ? error.message : String(error)
  const word = /^-?([A-Z]{2,})(?= |$)/.exec(text)?.[1]
  // Redis repeats arguments of a command that it does not know: no more than the beginning is
  // shown.
  const shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} …` : text
  if (word === undefined || OF_SYSTEM.test(word))
    return new RedisError(`Redis cannot be reached: ${shown}`, { code: 'S4U_REDIS_UNREACHABLE' })
  const hint = Object.hasOwn(HINTS, word) ? HINTS[word] : undefined
  return new RedisError(`Redis refused a command: ${shown}`, { code: 'S4U_REDIS_REFUSED', reply: word, hint })
}

/**
 * How many characters of an error of Redis are shown: its first words say what it is, and the rest
 * may be a command with its values.
 */
const MAX_TEXT = 120

/** Names of the operating system: ECONNREFUSED. `ERR` and `EXECABORT` are words of Redis. */
const OF_SYSTEM = /^E(?!RR$|XECABORT$)/

const HINTS: Readonly<Record<string, string>> = {
  READONLY: 'The client is connected to a replica: connect it to the master, through Sentinel or Cluster.',
  OOM: 'Raise maxmemory of Redis, or let less else be stored there.',
  LOADING: 'Redis is reading its data after a start, and answers soon.',
  NOAUTH: 'Give the client the password (or user name and password) of Redis.',
  NOPERM: 'Permit the user of this client its keys and the commands that the README of @s4u/redis names (ACL SETUSER).',
  ERR: 'The stores need Redis 6.2 or newer, or Valkey, and keys of their own: give them a prefix that nothing else uses.',
  WRONGTYPE: 'Something else has written under this key: give the stores a prefix that nothing else uses.',
  CLUSTERDOWN: 'A part of the keys has no master: look at CLUSTER INFO.',
  MISCONF: 'Redis cannot save its data and takes no writes: look at its log, often the disk is full.',
  NOREPLICAS: 'Redis takes no writes because it has fewer replicas than min-replicas-to-write says.',
}
