/**
 * The replay memory that all acceptors of a process share. Without it, a token would be accepted
 * twice where two negotiators of one process have the same key. For example: two apps; one
 * negotiator for each tenant; a new negotiator after a change of options.
 */

import cluster from 'node:cluster'
import { MemoryReplayStore } from './memory-replay-store.js'
import type { ReplayStore, ReplayVerdict } from './replay-store.js'

type Clock = () => number

/**
 * The shared memory. Acceptors may have different clocks and skews. So the memory keeps the time
 * of the authenticator, which is the same for all, and not the time at which one acceptor would
 * forget it.
 */
export class ProcessReplayMemory {
  /**
   * How long an authenticator is kept, counted from the time in it: the longest time that any
   * acceptor accepts it. This value never decreases.
   */
  #keep = 0
  /** One store for each clock, because each forgets by its own clock. */
  readonly #byClock = new WeakMap<Clock, MemoryReplayStore>()
  readonly #all = new Set<WeakRef<MemoryReplayStore>>()

  /**
   * Returns the store for an acceptor that accepts authenticators until `keep` milliseconds after
   * their time, by `clock`.
   */
  storeFor(clock: Clock, keep: number): ReplayStore {
    this.#keep = Math.max(this.#keep, keep)
    const own = this.#byClock.get(clock) ?? this.#begin(clock)
    return { remember: (digest, expiresAt) => this.#remember(own, digest, expiresAt - keep) }
  }

  #remember(own: MemoryReplayStore, digest: Uint8Array, time: number): ReplayVerdict {
    // Usually there is one clock.
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
    // An acceptor with a larger skew can be created later. It may ask about a time whose digests
    // are gone. The store then answers 'seen'.
    const store = new MemoryReplayStore({ now: () => clock() - this.#keep })
    this.#byClock.set(clock, store)
    this.#all.add(new WeakRef(store))
    return store
  }
}

/** Raise the number when the methods of ProcessReplayMemory change. */
const KEY = Symbol.for('s4u.replay-memory.1')

/** Returns the memory of this process, which two copies of this package share. */
export function processReplayMemory(): ProcessReplayMemory {
  const found: unknown = Reflect.get(globalThis, KEY)
  if (isMemory(found)) return found
  const made = new ProcessReplayMemory()
  Object.defineProperty(globalThis, KEY, { value: made })
  return made
}

let warned = false

/** Warns once that each worker of a cluster accepts a token by itself. */
export function warnOfWorkers({ isWorker }: { readonly isWorker: boolean } = cluster, emit = emitWarning): void {
  if (!isWorker || warned) return
  warned = true
  emit(
    'each worker of this cluster remembers replays for itself, so a captured token is accepted once by each worker: ' +
      'give them a replayCache in common, clusterReplayStore() of @s4u/acceptor or a store on the network.',
  )
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: 'S4uWarning', code: 'S4U_REPLAY_PER_WORKER' })
}

/** Looks for the method, not for the class: another copy of this package has another class. */
function isMemory(value: unknown): value is ProcessReplayMemory {
  return typeof value === 'object' && value !== null && 'storeFor' in value
}
