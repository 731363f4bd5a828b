import { RejectedTokenError } from '@s4u/krb5'

/** How many numbers are remembered if they may come in any order. */
const WINDOW = 64n

const ALL_SEEN = (1n << WINDOW) - 1n

/**
 * Remembers which sequence numbers of the peer have come. With `ordered` each message must be the
 * next one. With only `unique` the messages may come in any order, each once. Source: RFC 2743
 * section 1.2.3.
 */
export class SequenceWindow {
  readonly #ordered: boolean
  readonly #unique: boolean
  #next: bigint
  /**
   * Bit n says that the number `next - 1 - n` has come. Numbers before the first one count as seen.
   */
  #seen = ALL_SEEN

  constructor(first: bigint, rules: { readonly ordered: boolean; readonly unique: boolean }) {
    this.#next = first
    this.#ordered = rules.ordered
    this.#unique = rules.unique || rules.ordered
  }

  /**
   * Notes the number of a message whose checksum is verified.
   * @throws RejectedTokenError KRB_AP_ERR_REPEAT, KRB_AP_ERR_BADORDER
   */
  accept(number: bigint): void {
    if (!this.#unique) return
    const ahead = number - this.#next
    if (ahead < 0n) return this.#acceptEarlier(-ahead - 1n)
    // So with `ordered` there is no gap before `next`.
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
