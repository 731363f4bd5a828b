/**
 * Writes that are under way while the next ones are made, so that a stream does not wait for the
 * way to the server and back with each.
 */
export class WriteBehind {
  readonly #most: number
  readonly #underWay = new Set<Promise<void>>()
  #failure: { readonly reason: unknown } | undefined

  /** @param most writes under way at once */
  constructor(most: number) {
    this.#most = most
  }

  /** Begins a write, and resolves when a further one may begin. @throws what an earlier one did */
  async add(write: () => Promise<void>): Promise<void> {
    this.#requireSuccess()
    const writing = write()
      .catch((reason: unknown) => {
        this.#failure ??= { reason }
      })
      .finally(() => this.#underWay.delete(writing))
    this.#underWay.add(writing)
    while (this.#underWay.size >= this.#most && this.#failure === undefined) await Promise.race(this.#underWay)
    this.#requireSuccess()
  }

  /** Resolves when all is written. @throws what one of them did */
  async drained(): Promise<void> {
    await Promise.all(this.#underWay)
    this.#requireSuccess()
  }

  #requireSuccess(): void {
    if (this.#failure !== undefined) throw this.#failure.reason
  }
}
