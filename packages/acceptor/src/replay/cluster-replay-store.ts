/**
 * One replay memory for the workers of `node:cluster` on one machine: that of the primary process,
 * asked over its IPC channels.
 */

import cluster from 'node:cluster'
import { closeOptions, type OptionTableOf } from '@s4u/krb5'
import { MemoryReplayStore, type MemoryReplayStoreOptions } from './memory-replay-store.js'
import type { ReplayStore, ReplayVerdict } from './replay-store.js'

export interface ClusterReplayStoreOptions extends Pick<MemoryReplayStoreOptions, 'maxEntries'> {}

/**
 * The replay store of all workers of one machine. Call it in the primary process, which keeps the
 * memory, before it forks, and in each worker, which asks there:
 *
 *     const replayCache = clusterReplayStore()
 *     if (cluster.isPrimary) for (let i = 0; i < 4; i++) cluster.fork()
 *     else createServer(…negotiate({ keytab, replayCache })…)
 *
 * A worker that ends forgets nothing; the primary does. While it gives no answer (it is busy, or
 * never called this), callers are refused: see `onReplayStoreDown`. In a process that is in no
 * cluster it is a memory like any other. A process manager that is itself the primary (pm2) cannot
 * call it: use a store on the network there.
 *
 * @param given options of the primary's memory; workers have none
 * @throws ConfigurationError
 */
export function clusterReplayStore(given?: ClusterReplayStoreOptions): ReplayStore {
  const options = closeOptions('clusterReplayStore', given, OPTIONS)
  return (store ??= cluster.isPrimary ? storeOfPrimary(options) : storeOfWorker())
}

/** Every name in ClusterReplayStoreOptions; others are refused. */
const OPTIONS = { maxEntries: 'value' } as const satisfies OptionTableOf<ClusterReplayStoreOptions>

/**
 * One for a process, so that negotiators in front of the same route know that they have it in
 * common.
 */
let store: ReplayStore | undefined

function storeOfPrimary({ maxEntries }: ClusterReplayStoreOptions): ReplayStore {
  const memory = new MemoryReplayStore(maxEntries === undefined ? {} : { maxEntries })
  cluster.on('message', (worker, message: unknown) => {
    const answer = answerTo(message, memory)
    // A worker that has gone meanwhile needs no answer.
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
  /** Base64: IPC channels carry JSON, unless told otherwise. */
  readonly digest: string
  readonly expiresAt: number
}

interface Answer {
  readonly s4uReplay: ReplayVerdict
  readonly id: number
}

/**
 * The primary's side. Undefined for messages that are not ours: apps have their own on the same
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
 * How long the primary may take, milliseconds: less than what the acceptor allows any store, so
 * that the reason is told.
 */
const TIME_LIMIT = 1_500

/** More questions than this are not under way in a primary that answers. */
const MAX_WAITING = 50_000

interface Waiting {
  readonly since: number
  readonly resolve: (verdict: ReplayVerdict) => void
  readonly reject: (reason: Error) => void
}

/** The worker's side. */
export class WorkerReplayStore implements ReplayStore {
  readonly #send: (question: Question, failed: (error: Error) => void) => void
  /** In the order of asking. */
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

  /** A message of the primary, whatever it says. */
  take(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('s4uReplay' in message) || !('id' in message)) return
    const { s4uReplay, id } = message
    if (typeof id === 'number' && isVerdict(s4uReplay)) this.#take(id)?.resolve(s4uReplay)
  }

  /** Nobody will answer any more. */
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
