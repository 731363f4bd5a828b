/** Where a request waits: those of one kind take turns with those of another, and within a kind the users do. */
export interface QueuePlace {
  /** `service`: with a key of its own; `password`: somebody who signs in with one, which anybody may try. */
  readonly kind: string
  /** On whose behalf: `alice@AD.TEST`. */
  readonly user: string
}

/**
 * Whoever waits, in an order that is fair between users and not between requests: each kind in turn, in it each user in turn, and of a
 * user the first who came. However much one asks for, the next place is another's.
 */
export class FairQueue<T> {
  size = 0
  /** A map keeps its order, so whoever had a turn is put at its end. */
  private readonly kinds = new Map<string, Map<string, Set<T>>>()

  add(one: T, { kind, user }: QueuePlace): void {
    const users = this.kinds.get(kind) ?? new Map<string, Set<T>>()
    const waiting = users.get(user) ?? new Set()
    if (users.size === 0) this.kinds.set(kind, users)
    if (waiting.size === 0) users.set(user, waiting)
    waiting.add(one)
    this.size++
  }

  /** Whose turn it is. */
  take(): T | undefined {
    for (const [kind, users] of this.kinds) {
      for (const [user, waiting] of users) {
        for (const one of waiting) {
          this.kinds.delete(kind)
          this.kinds.set(kind, users)
          users.delete(user)
          users.set(user, waiting)
          this.remove(one, { kind, user })
          return one
        }
      }
    }
    return undefined
  }

  /** False for one who does not wait any more. */
  remove(one: T, { kind, user }: QueuePlace): boolean {
    const users = this.kinds.get(kind)
    const waiting = users?.get(user)
    if (!users || !waiting?.delete(one)) return false
    if (waiting.size === 0) users.delete(user)
    if (users.size === 0) this.kinds.delete(kind)
    this.size--
    return true
  }

  /** Removes the last one of whoever has most waiting. */
  takeFromLongest(): T | undefined {
    const lengthOf = (users: ReadonlyMap<string, ReadonlySet<T>>): number =>
      [...users.values()].reduce((sum, { size }) => sum + size, 0)
    const kind = longest(this.kinds, lengthOf)
    const users = kind === undefined ? undefined : this.kinds.get(kind)
    const user = users && longest(users, ({ size }) => size)
    const last = user === undefined ? undefined : [...(users?.get(user) ?? [])].at(-1)
    if (kind === undefined || user === undefined || last === undefined) return undefined
    this.remove(last, { kind, user })
    return last
  }
}

/** Of equal ones the last: who came last, or has just had a turn. */
function longest<V>(lines: ReadonlyMap<string, V>, lengthOf: (line: V) => number): string | undefined {
  let [name, most]: [string | undefined, number] = [undefined, 0]
  for (const [each, line] of lines) {
    const length = lengthOf(line)
    if (length >= most) [name, most] = [each, length]
  }
  return name
}
