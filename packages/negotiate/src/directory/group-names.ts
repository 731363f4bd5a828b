import { ConfigurationError, type Journal } from '@s4u/kdc-client'
import { shownName } from '@s4u/krb5'
import type { DirectorySource } from './caller-directory.js'

/** What a name of a group stands for now. */
export type GroupName =
  | { readonly status: 'known'; readonly sid: string }
  /** The directory has not answered yet. */
  | { readonly status: 'pending'; readonly why: string }
  | { readonly status: 'unknown' }

/**
 * Names are asked for again after so long, so that a group that was renamed or made again counts;
 * milliseconds.
 */
const REFRESH_EVERY = 300_000

/** After a failure, where nothing is known yet; milliseconds. */
const RETRY_AFTER = 5_000

/**
 * A route knows its negotiator when a request comes, and a wrong name must not wait for one. So a
 * name belongs to the negotiator with a directory that was made last, or else to the next one.
 */
const declared: { owner: GroupNames | undefined; before: string[] } = { owner: undefined, before: [] }

/** To be resolved at the start, and not with the first request. */
export function declareGroup(name: string): void {
  if (declared.owner === undefined) declared.before.push(name)
  else declared.owner.require(name)
}

/**
 * The SIDs of the groups that routes name. They are resolved beside the requests: none of them
 * waits for the directory.
 */
export class GroupNames {
  readonly #source: DirectorySource
  readonly #journal: Journal
  readonly #names = new Map<string, GroupName>()
  readonly #flights = new Map<string, Promise<void>>()
  readonly #required = new Set<string>()
  readonly #timer: NodeJS.Timeout
  #isClosed = false

  constructor(source: DirectorySource, journal: Journal) {
    this.#source = source
    this.#journal = journal
    for (const name of declared.before.splice(0)) this.#required.add(name)
    declared.owner = this
    this.#timer = setInterval(() => this.#refresh(), REFRESH_EVERY)
    this.#timer.unref()
    // After the routes that are declared right behind it.
    setImmediate(() => this.#refresh()).unref()
  }

  require(name: string): void {
    if (this.#required.has(name)) return
    this.#required.add(name)
    void this.#resolve(name)
  }

  /** Without waiting; one that was never asked for is asked for now. */
  find(name: string): GroupName {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    this.require(name)
    return PENDING
  }

  /**
   * @throws ConfigurationError for names that nobody has; what the directory throws where it cannot
   * be asked
   */
  async ready(): Promise<void> {
    await Promise.all([...this.#required].map((name) => this.#ask(name)))
    const unknown = [...this.#required].filter((name) => this.#names.get(name)?.status === 'unknown')
    if (unknown.length > 0) throw unknownGroups(unknown)
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    if (declared.owner === this) declared.owner = undefined
  }

  #refresh(): void {
    for (const name of this.#required) void this.#resolve(name)
  }

  /** A failure keeps what is known, and is told. */
  async #resolve(name: string): Promise<void> {
    if (this.#isClosed) return
    try {
      await this.#ask(name)
    } catch (error) {
      if (this.#isClosed) return
      const why = error instanceof Error ? error.message : String(error)
      this.#journal.warn('group names', () => ({
        level: 'warn',
        text: `the group ${name} cannot be asked for: ${why}`,
      }))
      if (this.#names.get(name)?.status === 'known') return
      this.#names.set(name, { status: 'pending', why })
      setTimeout(() => void this.#resolve(name), RETRY_AFTER).unref()
    }
  }

  #ask(name: string): Promise<void> {
    const under = this.#flights.get(name)
    if (under !== undefined) return under
    const flight = this.#look(name).finally(() => this.#flights.delete(name))
    this.#flights.set(name, flight)
    return flight
  }

  async #look(name: string): Promise<void> {
    const directory = await this.#source()
    const sid = await directory.sidOf(name)
    if (this.#isClosed) return
    if (sid === undefined)
      this.#journal.warn('unknown group', () => ({ level: 'error', text: `there is no group ${name}` }))
    this.#names.set(name, sid === undefined ? { status: 'unknown' } : { status: 'known', sid })
  }
}

const PENDING: GroupName = { status: 'pending', why: 'the directory has not answered yet' }

export function unknownGroups(names: readonly string[]): ConfigurationError {
  const shown = names.map(shownGroup).join(', ')
  return new ConfigurationError(`requireGroup: there is no group ${shown} in the directory`, {
    code: 'noSuchObject',
    hint: "Write it with the short name of its domain: requireGroup('CORP\\\\Sales'), or by its SID.",
  })
}

/** Names of groups have blanks and a backslash. */
function shownGroup(name: string): string {
  return /^[\w.-]{1,64}\\[\w .&()-]{1,64}$/.test(name) ? name : shownName(name)
}
