import { journalFor, type Notice } from '@s4u/krb5'
import type { Command, RedisCommands } from '../clients/commands.js'
import { commandsOf } from '../clients/commands-of.js'
import { undefinedIfForbidden } from '../clients/forbidden.js'
import { Circuit } from './circuit.js'
import { RedisError } from './redis-error.js'
import type { RedisEvent, RedisSettings } from './redis-options.js'
import { untilReplicated } from './replicated.js'
import { ServerWatch } from './server-watch.js'
import { sharedHistories } from './shared-histories.js'

/**
 * The connection of one store: a client, with a time limit, a circuit, and a watch on the servers.
 */
export class Connection {
  readonly watch: ServerWatch
  readonly #commands: RedisCommands
  readonly #circuit: Circuit
  readonly #settings: RedisSettings
  readonly #store: string

  /**
   * @param store the name of the store, for the log
   * @param replicas how many replicas a master has when all is well
   * @throws ConfigurationError
   */
  constructor(client: unknown, store: string, settings: RedisSettings, replicas?: number) {
    this.#store = store
    this.#settings = settings
    const commands = commandsOf(client)
    const { now, failures, pause, timeLimit } = settings
    this.#commands = commands
    this.#circuit = new Circuit({
      failures,
      pause,
      timeLimit,
      elapsed,
      onChange: (state, last) => this.#tellCircuit(state, last),
    })
    this.watch = new ServerWatch({
      now,
      elapsed,
      timeLimit,
      replicas,
      masters: () => commands.masters(),
      ask: (question) => this.#circuit.ask(question),
      ...sharedHistories(settings.prefix, (question) => this.#circuit.ask(() => question(commands))),
      onNotice: (notice) => this.#tellNotice(notice),
      onAnotherMaster: () => this.#tellAnotherMaster(),
      onReplicas: (lacking) => this.#tellReplicas(lacking),
    })
    commands.onConnected(() => this.watch.suspect())
  }

  /** Asks Redis something, which may be several commands in a row, within one time limit. */
  async ask<T>(question: (commands: RedisCommands) => Promise<T>): Promise<T> {
    try {
      return await this.#circuit.ask(() => question(this.#commands))
    } catch (error) {
      // Who did not answer, or is a replica now, may be another server when it answers.
      if (!(error instanceof RedisError && error.reply === 'OOM')) this.watch.suspect()
      throw error
    }
  }

  /** Asks one thing about one key. */
  run(key: string, command: Command): Promise<unknown> {
    return this.ask((commands) => commands.run(key, command))
  }

  /** Looks at the servers, unless that has been done: see `ServerWatch.look`. */
  look(): Promise<void> | undefined {
    return this.watch.look()
  }

  /**
   * Writes, and resolves when it is on as many replicas as the master needs, and no instance
   * believes another master.
   *
   * @throws RedisError where that is not certain
   */
  async write(key: string, command: Command): Promise<void> {
    // The servers are known before, so that it is noticed if another one has answered.
    await this.look()
    const { histories } = this.watch
    await this.run(key, command)
    await untilReplicated({
      infoOfMasters: () => this.ask((commands) => infoOfMasters(commands)),
      // For a millisecond, since it holds up the connection.
      askReplicas: () => this.run(key, ['WAIT', '1', '1']),
      neededBy: (history) => (histories.has(history) ? this.watch.neededBy(history) : undefined),
      elapsed,
    })
    // The master may have been replaced meanwhile.
    await this.look()
    this.watch.requireSettled()
  }

  #tellCircuit(state: 'open' | 'closed', last: RedisError | undefined): void {
    const { failures, pause } = this.#settings
    const message =
      state === 'open'
        ? `${this.#store}: Redis is not asked for ${pause} ms, after ${failures} questions without an answer: ${last?.message}`
        : `${this.#store}: Redis answers again`
    this.#tell({ kind: 'circuit', state, message }, 'S4U_REDIS_UNREACHABLE', state === 'open' ? 'error' : 'info')
  }

  #tellAnotherMaster(): void {
    const message = `${this.#store}: another master answers, which may not know what the last one knew`
    this.#tell({ kind: 'another-master', message }, 'S4U_REDIS_FORGOT', 'warn')
  }

  #tellReplicas(lacking: RedisError | undefined): void {
    const state = lacking === undefined ? 'present' : 'missing'
    const message = `${this.#store}: ${lacking?.message ?? 'the master of Redis has its replicas'}`
    this.#tell({ kind: 'replicas', state, message }, 'S4U_REDIS_REPLICAS', lacking === undefined ? 'info' : 'error')
  }

  #tellNotice(notice: Notice): void {
    this.#tell({ ...notice, message: `${this.#store}: ${notice.message}` }, notice.code, 'warn')
  }

  #tell(event: RedisEvent, code: string, level: 'error' | 'warn' | 'info'): void {
    const { logger, onEvent } = this.#settings
    const entry = () => ({ level, text: event.message, ...('hint' in event && { hint: event.hint }) })
    const journal = journalFor(logger)
    if (level === 'info') journal.note(entry)
    else journal.warn(code, entry)
    try {
      onEvent?.(event)
    } catch (error) {
      // An error of the app's counter must not change what is decided. It becomes an uncaught
      // exception of its own.
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

async function infoOfMasters(commands: RedisCommands): Promise<readonly unknown[]> {
  const servers = await commands.masters()
  return Promise.all(servers.map((server) => server.run(['INFO', 'replication']).catch(undefinedIfForbidden)))
}

const elapsed = (): number => performance.now()
