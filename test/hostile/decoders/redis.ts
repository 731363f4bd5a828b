import {
  type RedisClient,
  RedisError,
  redisAttempts,
  redisEpochs,
  redisReplayStore,
  redisTicketStore,
} from '@s4u/redis'
import { type Decoder, decoder } from '../decoder.js'
import { texts } from '../inputs/seeds.js'

const RULE = { kind: 'user', limit: 5, window: 60_000, runsFrom: 'first' } as const
const SESSION = { id: 'a', principal: 'alice@AD.TEST', startedAt: 0 }
const SECRET = 'x'.repeat(32)
const DIGEST = new Uint8Array(32)

/** What Redis answers, and what others have written there. */
export const redisDecoders: readonly Decoder[] = [
  stored('attempt in Redis', ['[#1,#1700000000000]', '[$1,$7]', '[#0,#30]', '[~,#1]'], (client) =>
    redisAttempts(client, { secret: SECRET }).take('k', RULE),
  ),
  stored('end of a session in Redis', ['-', '$1700000000000'], (client) => {
    const { isRevoked } = redisEpochs(client, { secret: SECRET })
    return isRevoked(Object(SESSION))
  }),
  stored('replay in Redis', ['$OK', '-', '[$1700000000,$5]', '$run_id:abc'], (client) =>
    redisReplayStore(client).remember(DIGEST, 1_000),
  ),
  stored('facts of Redis', ['[$1700000000,$5]', '$run_id:abc', '~'], (client) => redisReplayStore(client).ready()),
  stored('ticket in Redis', ['=abc', '-'], (client) => redisTicketStore(client).get('k')),
]

function stored(name: string, answers: readonly string[], read: (client: RedisClient) => unknown): Decoder {
  return decoder(name, texts(...answers), (bytes) => read(clientWith(Buffer.from(bytes).toString('latin1'))), [
    RedisError,
  ])
}

/** A client of ioredis whose server answers everything with the same. */
function clientWith(written: string): RedisClient {
  const call = async () => valueOf(written)
  return Object({ status: 'ready', call, callBuffer: call, on: () => undefined })
}

/**
 * A value as clients give it out: `$text`, `#number`, `=octets`, `-` nothing, `~` a map, `[…,…]`.
 */
function valueOf(written: string): unknown {
  const rest = written.slice(1)
  switch (written[0]) {
    case '$':
      return rest
    case '#':
      return Number(rest)
    case '=':
      return Buffer.from(rest)
    case '-':
      return null
    // Those of RESP3 have no prototype, and so no text.
    case '~':
      return Object.assign(Object.create(null), { [rest]: rest })
    case '[':
      return rest.replace(/\]$/, '').split(',', 100).map(valueOf)
    default:
      return Object(written)
  }
}
