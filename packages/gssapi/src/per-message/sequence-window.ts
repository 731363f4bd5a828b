import { RejectedTokenError } from '@s4u/krb5'

/** How far back numbers are remembered when they may arrive in any order. */
const WINDOW = 64n

const ALL_SEEN = (1n << WINDOW) - 1n

/**
 * Which sequence numbers of the peer have been seen. Source: RFC 2743 section 1.2.3.
 *
 * With `ordered` each message must be the next one; with `unique` alone they may come in any order,
 * each once.
 */
export class SequenceWindow {
  readonly #ordered: boolean
  readonly #unique: boolean
  #next: bigint
  /**
   * Bit n: the number `next - 1 - n` was seen. What lies before the first number counts as seen.
   */
  #seen = ALL_SEEN

  constructor(first: bigint, rules: { readonly ordered: boolean; readonly unique: boolean }) {
    this.#next = first
    this.#ordered = rules.ordered
    this.#unique = rules.unique || rules.ordered
  }

  /**
   * Notes a number, of a message whose checksum is verified already. @throws RejectedTokenError
   * KRB_AP_ERR_REPEAT, KRB_AP_ERR_BADORDER
   */
  accept(number: bigint): void {
    if (!this.#unique) return
    const ahead = number - this.#next
    if (ahead < 0n) return this.#acceptEarlier(-ahead - 1n)
    // So in order nothing is ever left open behind `next`.
    if (ahead > 0n && this.#ordered) {
      throw new RejectedTokenError('messages before this one are missing', { code: 'KRB_AP_ERR_BADORDER' })
    }
    const shift = ahead + 1n
    this.#seen = shift > WINDOW ? 1n : BigInt.asUintN(Number(WINDOW), (this.#seen << shift) | 1n)
    this.#next = number + 1n
  }

  #acceptEarlier(age: bigint): void {
    if (age >= WINDOW || (this.#seen & (1n << age)) !== 0n) {
      throw new RejectedTokenError('the message was seen before, or is too old to tell', { code: 'KRB_AP_ERR_REPEAT' })
    }
    this.#seen |= 1n << age
  }
}
