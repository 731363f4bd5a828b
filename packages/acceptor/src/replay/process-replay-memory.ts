/**
 * What one acceptor of this process has taken, no other takes: a token that is good for two
 * negotiators in one process (two apps, a negotiator that is made anew when options change, one for
 * each tenant) would otherwise be good twice.
 */

import cluster from 'node:cluster'
import { MemoryReplayStore } from './memory-replay-store.js'
import type { ReplayStore, ReplayVerdict } from './replay-store.js'

type Clock = () => number

/**
 * The memory itself. Acceptors may have clocks and skews of their own: what is remembered is the
 * time of the authenticator, which all of them read alike, and not when one of them would have
 * forgotten it.
 */
export class ProcessReplayMemory {
  /**
   * How long after its time an authenticator is kept: as long as the most patient acceptor takes
   * it. Never less than before.
   */
  #keep = 0
  /** One for each clock, for each forgets by its own. */
  readonly #byClock = new WeakMap<Clock, MemoryReplayStore>()
  readonly #all = new Set<WeakRef<MemoryReplayStore>>()

  /**
   * The store of an acceptor that takes authenticators until `keep` milliseconds after their time,
   * by `clock`.
   */
  storeFor(clock: Clock, keep: number): ReplayStore {
    this.#keep = Math.max(this.#keep, keep)
    const own = this.#byClock.get(clock) ?? this.#begin(clock)
    return { remember: (digest, expiresAt) => this.#remember(own, digest, expiresAt - keep) }
  }

  #remember(own: MemoryReplayStore, digest: Uint8Array, time: number): ReplayVerdict {
    // As a rule there is one clock.
    if (this.#all.size > 1) {
      for (const one of this.#all) {
        const other = one.deref()
        if (other !== own && other?.has(digest, time)) return 'seen'
      }
    }
    return own.remember(digest, time)
  }

  #begin(clock: Clock): MemoryReplayStore {
    for (const one of this.#all) if (one.deref() === undefined) this.#all.delete(one)
    // What is asked later for a longer time was forgotten after the shorter one: the store takes it
    // for seen.
    const store = new MemoryReplayStore({ now: () => clock() - this.#keep })
    this.#byClock.set(clock, store)
    this.#all.add(new WeakRef(store))
    return store
  }
}

/** The number is that of the methods and of what they mean. */
const KEY = Symbol.for('s4u.replay-memory.1')

/** The one of this process, also where it has two copies of this package. */
export function processReplayMemory(): ProcessReplayMemory {
  const found: unknown = Reflect.get(globalThis, KEY)
  if (isMemory(found)) return found
  const made = new ProcessReplayMemory()
  Object.defineProperty(globalThis, KEY, { value: made })
  return made
}

let warned = false

/** Says once that every worker of a cluster takes each token anew. */
export function warnOfWorkers({ isWorker }: { readonly isWorker: boolean } = cluster, emit = emitWarning): void {
  if (!isWorker || warned) return
  warned = true
  emit(
    'each worker of this cluster remembers replays for itself, so that a captured token is good once in each of them: ' +
      'give them a replayCache in common, clusterReplayStore() of @s4u/acceptor or a store on the network.',
  )
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: 'S4uWarning', code: 'S4U_REPLAY_PER_WORKER' })
}

/** Another copy's is of another class. */
function isMemory(value: unknown): value is ProcessReplayMemory {
  return typeof value === 'object' && value !== null && 'storeFor' in value
}
