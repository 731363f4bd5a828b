import { ConfigurationError } from '@s4u/krb5'

/**
 * Requires an object with realms as names. Anything else (a Map, a text) would have no effect,
 * silently.
 * @throws ConfigurationError
 */
export function requireByRealm(name: string, option: unknown): void {
  if (Object.prototype.toString.call(option) === '[object Object]') return
  throw new ConfigurationError(`${name} must be an object with realms as names`, {
    hint: `Write ${name}: { 'CORP.TEST': … }; of a Map: Object.fromEntries(map).`,
  })
}
