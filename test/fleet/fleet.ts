/** The processes of the fleet: instances, what they call, and the users. */

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { answering, ended } from '../interop/peers/apache.js'
import type { Account, Address } from '../realms/realm-info.js'
import { until } from '../stores/redis-servers.js'

/** What `instance.mjs` is told. */
export interface InstanceSettings extends Address {
  readonly number: number
  readonly version: number
  readonly keytab: string
  readonly account: string
  /** A file with `sessionKeys` and `storeSecrets`, which SIGHUP has it read again. */
  readonly secrets: string
  /** How far its clock is ahead; milliseconds. */
  readonly clock: number
  readonly kdc: string
  readonly backend: { readonly url: string; readonly spn: string }
  readonly library: 'redis' | 'ioredis'
  readonly sentinels: readonly Address[]
  /** By the address of each server of Redis: where this instance connects to in its place. */
  readonly relays: Readonly<Record<string, Address>>
}

/** What `load.mjs` is told. */
export interface LoadSettings {
  readonly users: readonly Account[]
  readonly kdc: string
  readonly spn: string
  readonly fronts: readonly Address[]
  readonly instances: readonly Address[]
  /** The middle of the pauses of one user; milliseconds. */
  readonly thinking: number
}

/** What was counted of the requests that began in one part of the story. */
export interface Row {
  readonly part: string
  readonly good: number
  readonly bySession: number
  readonly asCaller: number
  readonly unavailable: number
  readonly refused: number
  /** Users who took another ticket, since the KDC did not take the one they had as evidence. */
  readonly renewed: number
  /**
   * Calls that were made again after a second, since the instance had signed in at the moment when
   * the account got its new key.
   */
  readonly askedAgain: number
  readonly mixedUp: number
  readonly replays: number
  readonly replaysLetIn: number
  readonly corrupted: number
  readonly corruptedLetIn: number
  readonly p50: number
  readonly p99: number
  readonly codes: Readonly<Record<string, number>>
}

/** Octets of the heap after a collection, and sockets; `began` before the first request. */
export interface Figures {
  readonly heap: number
  readonly sockets: number
  readonly began: { readonly heap: number; readonly sockets: number }
  /** The longest time since the last look when the process did not get to run; milliseconds. */
  readonly lag: number
}

/** One instance, in one process after the other. */
export class Instance implements AsyncDisposable {
  readonly #settings: Omit<InstanceSettings, 'version'>
  #version = 1
  #child: ChildProcess | undefined

  constructor(settings: Omit<InstanceSettings, 'version'>) {
    this.#settings = settings
  }

  async start(): Promise<void> {
    const { host, port } = this.#settings
    const settings: InstanceSettings = { ...this.#settings, version: this.#version }
    this.#child = inProcess('instance.mjs', ['--expose-gc'], [JSON.stringify(settings)])
    // Longer than others of the tests: four of them start at once, with all users.
    await until(async () => (await fetch(`http://${host}:${port}/healthz`)).status === 200, 60_000)
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  /** Has it read its secrets again, and waits until it has. */
  async reread(): Promise<void> {
    const before = await this.#ask('rereads')
    this.#child?.kill('SIGHUP')
    await until(async () => Number(await this.#ask('rereads')) > Number(before), 60_000)
  }

  async kill(): Promise<void> {
    if (this.#child === undefined) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }

  /** Ends this process when its requests have ended, and starts the next version. */
  async upgrade(): Promise<void> {
    if (this.#child === undefined) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exit
    this.#version++
    await this.start()
  }

  /** Collects garbage, and begins to measure `lag` anew: once for each part of the story. */
  async figures(): Promise<Figures> {
    return (await this.#ask('figures')) as Figures
  }

  async #ask(what: 'figures' | 'rereads'): Promise<unknown> {
    const { host, port } = this.#settings
    const answer = await fetch(`http://${host}:${port}/${what}`, { headers: { connection: 'close' } })
    return answer.json()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGCONT')
    await this.kill()
  }
}

export async function startBackend(address: Address, keytab: string): Promise<AsyncDisposable> {
  const child = inProcess('backend.mjs', [], [address.host, `${address.port}`, keytab])
  await answering(child, address.host, address.port, () => '')
  return { [Symbol.asyncDispose]: () => ended(child) }
}

/** The users, in a process of their own. */
export class Load implements Disposable {
  readonly #child: ChildProcess

  constructor(settings: LoadSettings) {
    this.#child = fork(fileURLToPath(new URL('load.mjs', import.meta.url)), [JSON.stringify(settings)], {
      execArgv: [],
    })
  }

  /** Waits until each user has a ticket. */
  async ready(): Promise<void> {
    await once(this.#child, 'message')
  }

  begin(part: string): void {
    this.#child.send({ begin: part })
  }

  async end(): Promise<readonly Row[]> {
    this.#child.send({ end: true })
    const [{ table }] = (await once(this.#child, 'message')) as [{ table: readonly Row[] }]
    return table
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

/** A process that ends with this one, also when this one is killed. */
function inProcess(program: string, options: readonly string[], args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(program, import.meta.url))
  return spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, QUIET, ...options, path, ...args], {
    env: { PATH: process.env.PATH },
    stdio: 'inherit',
  })
}

/** Refusals are what the story is about, and they are counted. */
const QUIET = '--disable-warning=S4U_REFUSED'
