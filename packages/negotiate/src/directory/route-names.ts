import { type Journal, S4uError } from '@s4u/kdc-client'
import type { CallerDirectory, DirectorySource } from './caller-directory.js'

/** What a name in a route stands for now. */
export type RouteName<Known> =
  | ({ readonly status: 'known' } & Known)
  /** The directory has not answered yet. */
  | { readonly status: 'pending'; readonly why: string }
  | { readonly status: 'unknown' }

/** One kind of names that routes have: of groups, or of services. */
export interface NameKind<Known extends object> {
  /** For what is told: `group`. */
  readonly noun: string
  /** Undefined for a name that the directory does not have. */
  look(directory: CallerDirectory, name: string): Promise<Known | undefined>
  /**
   * A route learns its negotiator only at the first request, but a wrong name must be told at the
   * start. So a name belongs to the negotiator with a directory that was made last; without one, to
   * the next negotiator.
   */
  readonly declared: { owner: RouteNames<Known> | undefined; before: string[] }
}

/**
 * How long a name is used before the directory is asked again, in milliseconds. A group or an
 * account that is renamed or created again counts after that time.
 */
const REFRESH_EVERY = 300_000

/** After a failure, where nothing is known yet; milliseconds. */
const RETRY_AFTER = 5_000

/** Returns the names that were declared while no negotiator has a directory. */
export function namesOfNobody<Known extends object>({ declared }: NameKind<Known>): readonly string[] {
  return declared.owner === undefined ? declared.before : []
}

/** The name is resolved at the start, and not with the first request. */
export function declareName<Known extends object>({ declared }: NameKind<Known>, name: string): void {
  if (declared.owner === undefined) declared.before.push(name)
  else declared.owner.require(name)
}

/**
 * The names that routes have, of one kind, and what the directory says of them. They are resolved
 * beside the requests: no request waits for the directory.
 */
export class RouteNames<Known extends object> {
  readonly #kind: NameKind<Known>
  readonly #source: DirectorySource
  readonly #journal: Journal
  readonly #names = new Map<string, RouteName<Known>>()
  readonly #flights = new Map<string, Promise<void>>()
  readonly #required = new Set<string>()
  readonly #timer: NodeJS.Timeout
  #isClosed = false

  constructor(kind: NameKind<Known>, source: DirectorySource, journal: Journal) {
    this.#kind = kind
    this.#source = source
    this.#journal = journal
    for (const name of kind.declared.before.splice(0)) this.#required.add(name)
    kind.declared.owner = this
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

  /** Returns what is known of a name, without waiting. A new name is asked for now. */
  find(name: string): RouteName<Known> {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    this.require(name)
    return PENDING
  }

  /**
   * Asks for all of them, and returns those that the directory does not have.
   * @throws the error of the directory if it does not answer
   */
  async askForAll(): Promise<readonly string[]> {
    await Promise.all([...this.#required].map((name) => this.#ask(name)))
    return [...this.#required].filter((name) => this.#names.get(name)?.status === 'unknown')
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    const { declared } = this.#kind
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
      const { noun } = this.#kind
      this.#journal.warn(`${noun} names`, () => ({
        level: 'warn',
        text: `the ${noun} ${name} cannot be asked for: ${why}`,
        hint: S4uError.is(error) ? (error.hint ?? ASK_A_DIRECTORY) : undefined,
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
    const found = await this.#kind.look(directory, name)
    if (this.#isClosed) return
    const { noun } = this.#kind
    if (found === undefined)
      this.#journal.warn(`unknown ${noun}`, () => ({ level: 'error', text: `there is no ${noun} ${name}` }))
    this.#names.set(name, found === undefined ? { status: 'unknown' } : { status: 'known', ...found })
  }
}

const ASK_A_DIRECTORY =
  'directory: true finds controllers by DNS (_ldap._tcp.dc._msdcs of the realm). Name them otherwise: openDirectory({ client, servers: [...] }) of @s4u/directory. A realm without a directory has groups by SID alone.'

const PENDING = { status: 'pending', why: 'the directory has not answered yet' } as const
