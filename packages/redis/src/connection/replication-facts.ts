/** What a master says of its replicas, in `INFO replication`. */

import { integerOf } from './integer-of.js'

export interface ReplicationFacts {
  /**
   * The name of the history of its data, `master_replid`: another one after each start and after
   * each promotion.
   */
  readonly history: string | undefined
  /** It was a replica before, or has taken over what one had saved. */
  readonly wasPromoted: boolean
  /** It has, or had within the last hour (`repl-backlog-ttl`), a replica. */
  readonly hasBacklog: boolean
  /** Replicas that have a complete copy, as far as the master knows. */
  readonly replicas: number
  /** Those of them that have answered within `REPLICA_LAG`. */
  readonly present: number
  /** How far the master has written, as an offset in its history. */
  readonly offset: number | undefined
  /** How far each replica has said that it has read. */
  readonly replicaOffsets: readonly number[]
}

/**
 * Replicas answer once a second; on a busy machine somewhat later. Seconds, of which Redis counts
 * whole ones: 3 are up to 4.
 */
export const REPLICA_LAG = 3

/** @param info the answer of `INFO replication`; undefined where it is forbidden */
export function replicationFactsOf(info: unknown): ReplicationFacts {
  const lines = infoLines(info)
  const online = [...lines].flatMap(([name, value]) =>
    /^slave\d+$/.test(name) && value.includes(',state=online,') ? [value] : [],
  )
  const numbers = (pattern: RegExp): number[] =>
    online.flatMap((value) => {
      const found = pattern.exec(value)
      return found === null ? [] : [Number(found[1])]
    })
  const lags = numbers(/,lag=(-?\d+)/)
  return {
    history: lines.get('master_replid'),
    wasPromoted: (integerOf(lines.get('second_repl_offset')) ?? -1) >= 0,
    hasBacklog: lines.get('repl_backlog_active') === '1',
    replicas: lags.length,
    present: lags.filter((lag) => lag >= 0 && lag <= REPLICA_LAG).length,
    offset: integerOf(lines.get('master_repl_offset')),
    replicaOffsets: numbers(/,offset=(\d+)/),
  }
}

/** The lines of an answer of `INFO`, by their names. */
export function infoLines(info: unknown): ReadonlyMap<string, string> {
  const text = info instanceof Uint8Array ? Buffer.from(info).toString('latin1') : info
  if (typeof text !== 'string') return new Map()
  return new Map(
    text.split('\n').flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1).trimEnd()]] : []
    }),
  )
}
