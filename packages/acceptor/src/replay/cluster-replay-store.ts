/**
 * One replay store for the workers of `node:cluster` on one machine: the memory of the primary
 * process, asked over its IPC channels.
 */

import cluster from 'node:cluster'
import { closeOptions, type OptionTableOf } from '@s4u/krb5'
import { MemoryReplayStore, type MemoryReplayStoreOptions } from './memory-replay-store.js'
import type { ReplayStore, ReplayVerdict } from './replay-store.js'

/** Options of `clusterReplayStore`. */
export interface ClusterReplayStoreOptions extends Pick<MemoryReplayStoreOptions, 'maxEntries'> {}

/**
 * Returns the replay store that all workers of one machine share. Call it in the primary process,
 * which keeps the memory, before it forks, and in each worker, which then asks the primary.
 *
 * - When a worker ends, nothing is forgotten; when the primary ends, everything is.
 * - While the primary does not answer (it is busy, or has not called this function), tokens are
 *   refused: see `onReplayStoreDown`.
 * - In a process that belongs to no cluster it is a MemoryReplayStore.
 * - A process manager that is itself the primary (pm2) cannot call it: use a store on the network
 *   there.
 *
 * @param given options of the primary's memory. Workers ignore them, and so does a second call in
 * one process
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import cluster from 'node:cluster'
 * import { clusterReplayStore, createAcceptor } from '@s4u/acceptor'
 *
 * const replayCache = clusterReplayStore()
 * if (cluster.isPrimary) for (let at = 0; at < 4; at++) cluster.fork()
 * else createAcceptor({ keytab: 'web.keytab', replayCache })
 * ```
 */
export function clusterReplayStore(given?: ClusterReplayStoreOptions): ReplayStore {
  const options = closeOptions('clusterReplayStore', given, OPTIONS)
  return (store ??= cluster.isPrimary ? storeOfPrimary(options) : storeOfWorker())
}

/** Every name in ClusterReplayStoreOptions; other names are refused. */
const OPTIONS = { maxEntries: 'value' } as const satisfies OptionTableOf<ClusterReplayStoreOptions>

/**
 * One store for each process: two negotiators on one route compare their stores, and must find the
 * same object.
 */
let store: ReplayStore | undefined

function storeOfPrimary({ maxEntries }: ClusterReplayStoreOptions): ReplayStore {
  const memory = new MemoryReplayStore(maxEntries === undefined ? {} : { maxEntries })
  cluster.on('message', (worker, message: unknown) => {
    const answer = answerTo(message, memory)
    // A worker that has ended meanwhile needs no answer.
    if (answer !== undefined && worker.isConnected()) worker.send(answer, undefined, () => {})
  })
  return memory
}

function storeOfWorker(): ReplayStore {
  const asking = new WorkerReplayStore((question, failed) => {
    if (process.send === undefined || !process.connected) failed(new Error('the primary process has gone'))
    else process.send(question, undefined, undefined, (error) => error && failed(error))
  })
  process.on('message', (message) => asking.take(message))
  process.on('disconnect', () => asking.fail(new Error('the primary process has gone')))
  return asking
}

interface Question {
  readonly s4uReplay: 'remember'
  readonly id: number
  /** In base64: IPC channels carry JSON by default. */
  readonly digest: string
  readonly expiresAt: number
}

interface Answer {
  readonly s4uReplay: ReplayVerdict
  readonly id: number
}

/**
 * Returns the primary's answer to a message; undefined for other messages: apps use the same
 * channel.
 */
export function answerTo(message: unknown, memory: MemoryReplayStore): Answer | undefined {
  if (typeof message !== 'object' || message === null || !('s4uReplay' in message)) return undefined
  const { s4uReplay, id, digest, expiresAt } = Object.fromEntries<unknown>(Object.entries(message))
  if (s4uReplay !== 'remember' || typeof id !== 'number') return undefined
  if (typeof digest !== 'string' || typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) return undefined
  return { s4uReplay: memory.remember(Buffer.from(digest, 'base64'), expiresAt), id }
}

/**
 * How long the primary may take to answer, in milliseconds. It is shorter than the acceptor's own
 * limit, so that this error, which names the primary, comes first.
 */
const TIME_LIMIT = 1_500

/** How many questions may wait for an answer. A primary that works has far fewer. */
const MAX_WAITING = 50_000

interface Waiting {
  readonly since: number
  readonly resolve: (verdict: ReplayVerdict) => void
  readonly reject: (reason: Error) => void
}

/** The replay store in a worker, which asks the primary. */
export class WorkerReplayStore implements ReplayStore {
  readonly #send: (question: Question, failed: (error: Error) => void) => void
  /** The open questions, in the order of asking. */
  readonly #waiting = new Map<number, Waiting>()
  #watched = false
  #lastId = 0

  constructor(send: (question: Question, failed: (error: Error) => void) => void) {
    this.#send = send
  }

  remember(digest: Uint8Array, expiresAt: number): Promise<ReplayVerdict> {
    if (this.#waiting.size >= MAX_WAITING) return Promise.reject(new Error('the primary process answers too slowly'))
    const id = ++this.#lastId
    const answer = new Promise<ReplayVerdict>((resolve, reject) => {
      this.#waiting.set(id, { since: performance.now(), resolve, reject })
    })
    const question = { s4uReplay: 'remember', id, digest: Buffer.from(digest).toString('base64'), expiresAt } as const
    this.#send(question, (error) => this.#take(id)?.reject(error))
    if (!this.#watched) this.#watch(TIME_LIMIT)
    return answer
  }

  /** Handles a message of the primary; other messages are ignored. */
  take(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('s4uReplay' in message) || !('id' in message)) return
    const { s4uReplay, id } = message
    if (typeof id === 'number' && isVerdict(s4uReplay)) this.#take(id)?.resolve(s4uReplay)
  }

  /** Rejects all open questions: the primary will not answer them any more. */
  fail(reason: Error): void {
    for (const id of this.#waiting.keys()) this.#take(id)?.reject(reason)
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }

  #watch(delay: number): void {
    this.#watched = true
    setTimeout(this.#giveUp, delay).unref()
  }

  readonly #giveUp = (): void => {
    this.#watched = false
    const now = performance.now()
    for (const [id, { since }] of this.#waiting) {
      if (now - since < TIME_LIMIT) {
        this.#watch(TIME_LIMIT - (now - since))
        return
      }
      this.#take(id)?.reject(new Error('the primary process does not answer: does it call clusterReplayStore() too?'))
    }
  }
}

function isVerdict(value: unknown): value is ReplayVerdict {
  return value === 'fresh' || value === 'seen' || value === 'full'
}
