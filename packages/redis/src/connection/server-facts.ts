import type { RedisServer } from '../clients/commands.js'
import { integerOf } from './integer-of.js'

/** What a server says of itself. */
export interface ServerFacts {
  /** Another one after each start of the server. Undefined where it is not told. */
  readonly runId: string | undefined
  /** `noeviction`, `allkeys-lru` …; undefined where it is not told. */
  readonly evictionPolicy: string | undefined
  /** Octets; 0 is no limit. */
  readonly maxMemory: number
  /** How far its clock is ahead of ours; milliseconds, up to a round trip too much. */
  readonly clockAhead: number
}

/**
 * Asks a server for the facts that the stores depend on, in one round trip. `INFO` says the policy
 * also where a managed service forbids `CONFIG GET`. A server that forbids `INFO` too is no error.
 */
export async function factsOf(server: RedisServer, now: () => number): Promise<ServerFacts> {
  const before = now()
  const info = (section: string): Promise<unknown> => server.run(['INFO', section]).catch(undefinedIfForbidden)
  const [ofServer, ofMemory, time] = await Promise.all([
    info('server'),
    info('memory'),
    server.run(['TIME']).catch(undefinedIfForbidden),
  ])
  return {
    runId: lineOf(ofServer, 'run_id'),
    evictionPolicy: lineOf(ofMemory, 'maxmemory_policy'),
    maxMemory: integerOf(lineOf(ofMemory, 'maxmemory')) ?? 0,
    clockAhead: (millisecondsOf(time) ?? before) - before,
  }
}

function undefinedIfForbidden(error: unknown): undefined {
  if (error instanceof Error && /^-?(?:NOPERM|ERR unknown command)\b/.test(error.message)) return undefined
  throw error
}

function lineOf(info: unknown, name: string): string | undefined {
  const text = info instanceof Uint8Array ? Buffer.from(info).toString('latin1') : info
  return typeof text === 'string' ? new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1] : undefined
}

/** The answer of `TIME`: seconds and microseconds, as texts. */
function millisecondsOf(answer: unknown): number | undefined {
  if (!Array.isArray(answer) || answer.length !== 2) return undefined
  const [seconds, microseconds] = answer.map(integerOf)
  if (seconds === undefined || microseconds === undefined) return undefined
  return seconds * 1_000 + Math.floor(microseconds / 1_000)
}
