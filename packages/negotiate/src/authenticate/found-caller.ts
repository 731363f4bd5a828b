import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { Authenticated } from './outcome.js'
import type { Challenge, ResponseHeaders } from '../http/response.js'
import type { NegotiableRequest } from '../http/request.js'
import type { Session } from '../session/session-revocation.js'

/** What a request was found to bring, whether or not anybody must be there. */
export type Found =
  | {
      readonly by: Authenticated['by']
      readonly identity: CallerIdentity
      readonly headers: ResponseHeaders
      readonly session?: Session
    }
  | { readonly by: 'nothing'; readonly reason: 'no-token' | 'other-scheme'; readonly headers: ResponseHeaders }
  | { readonly by: 'refusal'; readonly challenge: Challenge }

/** What events say about a request. */
export interface AboutRequest {
  readonly request: NegotiableRequest
  readonly clientAddress?: string
}
