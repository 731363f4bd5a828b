/** Where a request waits. Kinds take turns with each other, and users take turns within a kind. */
export interface QueuePlace {
  /**
   * `service`: a request with the key of the service. `password`: a sign-in with a password, which
   * anybody may try.
   */
  readonly kind: string
  /** The user that the request is for: `alice@AD.TEST`. */
  readonly user: string
}

/**
 * A queue that is fair between users, not between requests. `take` goes through the kinds in turn,
 * within a kind through its users in turn, and gives each user's requests in the order in which
 * they came. However many requests one user adds, the next place goes to another user.
 */
export class FairQueue<T> {
  size = 0
  /** A map keeps the order of its keys: a kind or user that had its turn is put at the end. */
  readonly #kinds = new Map<string, Map<string, Set<T>>>()

  add(one: T, { kind, user }: QueuePlace): void {
    const users = this.#kinds.get(kind) ?? new Map<string, Set<T>>()
    const waiting = users.get(user) ?? new Set()
    if (users.size === 0) this.#kinds.set(kind, users)
    if (waiting.size === 0) users.set(user, waiting)
    waiting.add(one)
    this.size++
  }

  /** Removes and returns the request whose turn it is. */
  take(): T | undefined {
    for (const [kind, users] of this.#kinds) {
      for (const [user, waiting] of users) {
        for (const one of waiting) {
          this.#kinds.delete(kind)
          this.#kinds.set(kind, users)
          users.delete(user)
          users.set(user, waiting)
          this.remove(one, { kind, user })
          return one
        }
      }
    }
    return undefined
  }

  /** Returns false for a request that does not wait any more. */
  remove(one: T, { kind, user }: QueuePlace): boolean {
    const users = this.#kinds.get(kind)
    const waiting = users?.get(user)
    if (!users || !waiting?.delete(one)) return false
    if (waiting.size === 0) users.delete(user)
    if (users.size === 0) this.#kinds.delete(kind)
    this.size--
    return true
  }

  /** Removes and returns the last request of the user who has most requests waiting. */
  takeFromLongest(): T | undefined {
    const lengthOf = (users: ReadonlyMap<string, ReadonlySet<T>>): number =>
      [...users.values()].reduce((sum, { size }) => sum + size, 0)
    const kind = longest(this.#kinds, lengthOf)
    const users = kind === undefined ? undefined : this.#kinds.get(kind)
    const user = users && longest(users, ({ size }) => size)
    const last = user === undefined ? undefined : [...(users?.get(user) ?? [])].at(-1)
    if (kind === undefined || user === undefined || last === undefined) return undefined
    this.remove(last, { kind, user })
    return last
  }
}

/**
 * Of several that are equally long, the last one: the one that came last or has just had a turn.
 */
function longest<V>(lines: ReadonlyMap<string, V>, lengthOf: (line: V) => number): string | undefined {
  let [name, most]: [string | undefined, number] = [undefined, 0]
  for (const [each, line] of lines) {
    const length = lengthOf(line)
    if (length >= most) [name, most] = [each, length]
  }
  return name
}
