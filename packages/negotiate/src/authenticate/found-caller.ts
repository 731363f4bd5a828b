import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { Authenticated } from './outcome.js'
import type { Challenge, ResponseHeaders } from '../http/response.js'
import type { NegotiableRequest } from '../http/request.js'
import type { Session } from '../session/session-revocation.js'

/** A caller who is known. */
export interface FoundCaller {
  readonly by: Authenticated['by']
  readonly identity: CallerIdentity
  readonly headers: ResponseHeaders
  readonly session?: Session
  /** The source, where `by` is `sign-in`. */
  readonly source?: string
}

/** What a request turned out to bring, before `mode` (required or optional) is applied. */
export type Found =
  | FoundCaller
  | { readonly by: 'nothing'; readonly reason: 'no-token' | 'other-scheme'; readonly headers: ResponseHeaders }
  | { readonly by: 'refusal'; readonly challenge: Challenge }

/** The facts about a request that all events have. */
export interface AboutRequest {
  readonly request: NegotiableRequest
  readonly clientAddress?: string
}
