/**
 * Methods that know their object also where they are handed out alone, as in `{ ticketFor: client.ticketFor }`: without, the call
 * fails far from there, with an error that says nothing of it. What they are called with is checked first.
 *
 * @param checks by name; what one throws, a method of `sync` throws, and any other rejects with
 */
export function bindMethods<T extends object>(
  object: T,
  checks: { readonly [Name in keyof T]?: (...args: readonly unknown[]) => void },
  sync: readonly (keyof T)[] = [],
): T {
  for (const [name, check] of Object.entries<unknown>(checks)) {
    const method: unknown = Reflect.get(object, name)
    if (typeof method !== 'function' || typeof check !== 'function') continue
    const isSync = sync.some((one) => one === name)
    const value = (...args: readonly unknown[]): unknown => {
      try {
        check(...args)
      } catch (error) {
        if (isSync) throw error
        return Promise.reject(error)
      }
      return Reflect.apply(method, object, args)
    }
    // Not enumerable, as methods are not: they are no part of what is printed or copied.
    Object.defineProperty(object, name, { value, writable: true, configurable: true })
  }
  return object
}
