/** The KDC's clock: the clock of this machine, plus an offset that a KDC has proved. */
export class KdcClock {
  readonly #local: () => number
  #offset: number

  constructor(local: () => number, offset = 0) {
    this.#local = local
    this.#offset = offset
  }

  /** Returns the KDC's time, milliseconds since the epoch. */
  now(): number {
    return this.#local() + this.#offset
  }

  /**
   * Returns a clock with the time of a KRB_AP_ERR_SKEW, for one more request. Anybody can forge
   * that error, so it does not move this clock. `adopt` does, after that request has led to a reply
   * that only the KDC can have made. Source: RFC 4120 section 3.1.6.
   */
  supposing(serverTime: number): KdcClock {
    return new KdcClock(this.#local, serverTime - this.#local())
  }

  adopt(tried: KdcClock): void {
    this.#offset = tried.#offset
  }

  /**
   * Sets the clock by the time in an authenticated reply, unless it is close: the reply may have
   * been on the way for seconds.
   */
  confirm(serverTime: number): void {
    if (Math.abs(serverTime - this.now()) > TOLERATED) this.#offset = serverTime - this.#local()
  }
}

/**
 * The difference that does not count; milliseconds. It is far less than KDCs accept (five minutes),
 * and far more than an exchange takes.
 */
const TOLERATED = 30_000
