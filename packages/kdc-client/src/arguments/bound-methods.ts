/**
 * Binds the methods of an object to it, so that they can be handed out one by one, as in
 * `{ ticketFor: client.ticketFor }`. An unbound method would fail later, with an error that does
 * not tell the cause. Each call also checks its arguments first.
 *
 * @param checks by name. A method of `sync` throws what its check throws; any other method rejects
 * with it
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
    // Not enumerable, as the methods of a class: they do not appear when the object is printed or
    // copied.
    Object.defineProperty(object, name, { value, writable: true, configurable: true })
  }
  return object
}
