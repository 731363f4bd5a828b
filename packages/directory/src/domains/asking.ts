import type { Session } from '../session/open-session.js'
import type { Role } from '../controllers/controller.js'
import type { DomainMap } from './domain-map.js'

/** Asks the controllers of a domain, and knows which domains there are. */
export interface DomainAsking {
  /** The domain in DNS. */
  readonly domain: string
  readonly realm: string
  readonly now: () => number
  /** @param operation for people: `search` */
  ask<T>(
    where: { readonly domain: string; readonly role: Role },
    signal: AbortSignal | undefined,
    run: (session: Session, signal: AbortSignal) => Promise<T>,
  ): Promise<T>
  /** Kept for some minutes. */
  domains(signal: AbortSignal | undefined): Promise<DomainMap>
}
