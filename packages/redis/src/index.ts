/**
 * What the instances of a service share, on Redis or Valkey: which tokens were accepted, which
 * tickets the KDC has issued, which sessions have ended, who tries to sign in. The package imports
 * no client: it takes those of `redis` and `ioredis`.
 */

export {
  REDIS_ATTEMPTS_OPTIONS,
  redisAttempts,
  type RedisAttempts,
  type RedisAttemptsOptions,
} from './attempts/redis-attempts.js'
export type {
  CommandPart,
  IoRedisClient,
  IoRedisCluster,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  OctetMapping,
  RedisClient,
} from './clients/redis-client.js'
export { RedisError, type RedisErrorCode } from './connection/redis-error.js'
export { REDIS_OPTIONS, type RedisEvent, type RedisOptions, type ReplicasOption } from './connection/redis-options.js'
export {
  type EndedSessions,
  REDIS_EPOCHS_OPTIONS,
  redisEpochs,
  type RedisEpochs,
  type RedisEpochsOptions,
} from './epochs/redis-epochs.js'
export {
  REDIS_REPLAY_OPTIONS,
  redisReplayStore,
  type RedisReplayOptions,
  type RedisReplayStore,
} from './replays/redis-replay-store.js'
export { redisTicketStore, type RedisTicketStore } from './tickets/redis-ticket-store.js'
export type { SharedSecret } from './sealing/shared-secret.js'
export { ConfigurationError, S4uError } from '@s4u/krb5'
export type { Logger, Notice } from '@s4u/krb5'
