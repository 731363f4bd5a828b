/**
 * Runs operations one after the other: a program that calls `step` twice without waiting must not
 * start two contexts.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(operation: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(operation)
    this.#last = turn.catch(() => {})
    return turn
  }
}
