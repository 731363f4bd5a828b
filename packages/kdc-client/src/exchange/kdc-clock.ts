/** The KDC's clock: ours plus an offset that a KDC vouched for. */
export class KdcClock {
  private readonly local: () => number
  private offset: number

  constructor(local: () => number, offset = 0) {
    this.local = local
    this.offset = offset
  }

  /** Milliseconds since the epoch, as the KDC would say. */
  now(): number {
    return this.local() + this.offset
  }

  /**
   * The clock as a KRB_AP_ERR_SKEW would have it, for one more try. Anybody can forge that error,
   * so it must not move the clock by itself: that is for `adopt`, when the try has led to a reply
   * that only the KDC can have made. Source: RFC 4120 section 3.1.6.
   */
  supposing(serverTime: number): KdcClock {
    return new KdcClock(this.local, serverTime - this.local())
  }

  adopt(tried: KdcClock): void {
    this.offset = tried.offset
  }

  /**
   * Takes the time out of a sealed reply, unless it agrees well enough: a reply may have been under
   * way for seconds.
   */
  confirm(serverTime: number): void {
    if (Math.abs(serverTime - this.now()) > TOLERATED) this.offset = serverTime - this.local()
  }
}

/** Far below what KDCs tolerate (five minutes), far above what an exchange takes. */
const TOLERATED = 30_000
