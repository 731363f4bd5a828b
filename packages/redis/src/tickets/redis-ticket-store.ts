import type { TicketStore } from '@s4u/kdc-client'
import type { RedisClient } from '../clients/redis-client.js'
import { Connection } from '../connection/connection.js'
import { RedisError } from '../connection/redis-error.js'
import { type RedisOptions, redisSettings } from '../connection/redis-options.js'

/** A ticket store on Redis. */
export interface RedisTicketStore extends TicketStore {
  get(key: string): Promise<Uint8Array | undefined>
  set(key: string, value: Uint8Array, lifetime: number): Promise<void>
  lease(key: string, lifetime: number): Promise<boolean>
  release(key: string): Promise<void>
}

/**
 * Returns a ticket store that the instances of a service share: a ticket that one of them got from
 * the KDC is used by all. The KDC client seals the tickets and makes the names with its secret, so
 * Redis knows neither tickets nor users.
 *
 * If Redis does not answer, that is no error: tickets come from the KDC then.
 *
 * The app connects the client, listens to its `error` event, and closes it.
 *
 * @param client a client of `redis` or `ioredis`, version 5 or newer
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import type { NegotiatorOptions } from '@s4u/negotiate'
 * import { type RedisClient, redisTicketStore } from '@s4u/redis'
 *
 * export function options(client: RedisClient, secret: string): NegotiatorOptions {
 *   const store = redisTicketStore(client)
 *   return { keytab: 'web.keytab', kdc: { cache: { shared: { store, secret } } } }
 * }
 * ```
 */
export function redisTicketStore(client: RedisClient, options?: RedisOptions): RedisTicketStore {
  const settings = redisSettings('redisTicketStore', options)
  const connection = new Connection(client, 'tickets', settings)
  const nameOf = (key: string): string => `${settings.prefix}${FORMAT}${key}`
  return {
    async get(key) {
      const name = nameOf(key)
      const value = await connection.ask((commands) => commands.runForOctets(name, ['GET', name]))
      if (value === null) return undefined
      if (value instanceof Uint8Array) return value
      throw unreadable()
    },
    async set(key, value, lifetime) {
      const name = nameOf(key)
      // A copy: a client that is connecting sends it later.
      const octets = Buffer.from(value)
      await connection.run(name, ['SET', name, octets, 'PX', String(Math.ceil(lifetime))])
    },
    async lease(key, lifetime) {
      const name = nameOf(key)
      return (await connection.run(name, ['SET', name, '1', 'NX', 'PX', String(Math.ceil(lifetime))])) === 'OK'
    },
    async release(key) {
      // It may end the lease of another instance, if ours has ended by itself: the KDC is asked
      // once more then, and no harm is done.
      const name = nameOf(key)
      await connection.run(name, ['DEL', name])
    },
  }
}

/**
 * The name and version of the format. What the value is, the KDC client says in its own version.
 */
const FORMAT = 'ticket:1:'

function unreadable(): RedisError {
  return new RedisError('the client did not return the octets of a ticket', { code: 'S4U_REDIS_UNREADABLE' })
}
