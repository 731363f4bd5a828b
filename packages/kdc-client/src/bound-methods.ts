/**
 * Methods that know their object also where they are handed out alone, as in `{ ticketFor: client.ticketFor }`: without, the call
 * fails far from there, with an error that says nothing of it.
 */
export function bindMethods<T extends object>(object: T, names: readonly (keyof T & string)[]): T {
  for (const name of names) {
    const method: unknown = object[name]
    if (typeof method !== 'function') continue
    // Not enumerable, as methods are not: they are no part of what is printed or copied.
    const value: unknown = method.bind(object)
    Object.defineProperty(object, name, { value, writable: true, configurable: true })
  }
  return object
}
