import { createHmac, randomBytes } from 'node:crypto'
import type { CallerIdentity } from '@s4u/negotiate'
import type { TypedPassword } from '../password/check-password.js'

/** Each is a user who has sent a request in the last seconds. */
const MAX_CHECKED = 4_096

/**
 * Remembers for seconds which passwords the KDC has found right, since a client sends the same with
 * every request. Of a password only a digest is kept, under a key that no other process has.
 */
export class CheckedPasswords {
  readonly #key = randomBytes(32)
  readonly #lifetime: number
  readonly #now: () => number
  /** In order of `until`, since all live equally long. */
  readonly #checked = new Map<string, { readonly identity: CallerIdentity; readonly until: number }>()
  readonly #underWay = new Map<string, Promise<CallerIdentity>>()

  /** @param lifetime milliseconds */
  constructor(lifetime: number, now: () => number) {
    this.#lifetime = lifetime
    this.#now = now
  }

  /**
   * Returns the identity of a password that was right a moment ago, or lets it be checked: once,
   * for requests of one address at the same time.
   */
  async find(
    { user, password }: TypedPassword,
    clientAddress: string | undefined,
    check: () => Promise<CallerIdentity>,
  ): Promise<CallerIdentity> {
    const digest = this.#digestOf([user, password])
    const known = this.#checked.get(digest)
    if (known !== undefined && known.until > this.#now()) return known.identity
    const flight = this.#digestOf([user, password, clientAddress ?? ''])
    const before = this.#underWay.get(flight)
    if (before !== undefined) return before
    const checking = check().finally(() => this.#underWay.delete(flight))
    this.#underWay.set(flight, checking)
    const identity = await checking
    this.#keep(digest, identity)
    return identity
  }

  clear(): void {
    this.#checked.clear()
  }

  #keep(digest: string, identity: CallerIdentity): void {
    const now = this.#now()
    this.#checked.delete(digest)
    for (const [old, { until }] of this.#checked) {
      if (until > now && this.#checked.size < MAX_CHECKED) break
      this.#checked.delete(old)
    }
    this.#checked.set(digest, { identity, until: Math.min(now + this.#lifetime, identity.expiresAt) })
  }

  /** The list is encoded so that no two lists are one text. */
  #digestOf(texts: readonly string[]): string {
    return createHmac('sha256', this.#key).update(JSON.stringify(texts)).digest('base64')
  }
}
