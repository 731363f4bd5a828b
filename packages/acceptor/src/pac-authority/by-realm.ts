import { ConfigurationError } from '@s4u/krb5'

/**
 * What is no object with realms as names (a Map, a text) would say nothing, and nobody would be
 * told. @throws ConfigurationError
 */
export function requireByRealm(name: string, option: unknown): void {
  if (Object.prototype.toString.call(option) === '[object Object]') return
  throw new ConfigurationError(`${name} must be an object with realms as names`, {
    hint: `Write ${name}: { 'CORP.TEST': … }; of a Map: Object.fromEntries(map).`,
  })
}
