import type { Account } from './account.js'
import { refuse } from './refusal.js'

/** The client's first wish that the service can use. Source: RFC 4120 section 3.1.3. */
export function sessionKeyType(service: Account, wish: readonly number[]): number {
  const usable = service.settings.sessionKeyTypes ?? service.encryptionTypes
  const etype = wish.find((candidate) => usable.includes(candidate))
  return etype ?? refuse('KDC_ERR_ETYPE_NOSUPP', 'the client offers no encryption type that the service can use')
}
