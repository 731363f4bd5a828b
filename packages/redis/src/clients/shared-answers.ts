/**
 * Returns a function that resolves to an answer of `ask` which was asked for after the call. While
 * one question is under way, all calls share the next one.
 */
export function sharedAnswers<T>(ask: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined
  let next: Promise<T> | undefined
  const start = (): Promise<T> => {
    const asked: Promise<T> = ask().finally(() => {
      if (current === asked) current = undefined
    })
    return (current = asked)
  }
  const afterCurrent = (): Promise<T> => {
    next = undefined
    return start()
  }
  return () => {
    if (current === undefined) return start()
    return (next ??= current.then(afterCurrent, afterCurrent))
  }
}
