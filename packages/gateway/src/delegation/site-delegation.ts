import type { S4uError } from '@s4u/krb5'
import type { FarmMember } from '../farm/farm.js'
import type { CallerRequest } from '../requests/steps.js'

/** How the inner servers of one site learn who the user is. */
export interface SiteDelegation {
  /**
   * Whether the challenges of the inner server reach the client. Only where users may authenticate
   * there themselves: anything else that a client answers ends at the gateway.
   */
  readonly passesChallenges: boolean
  /**
   * Makes what one request to one member gets. A credential is for one request.
   * @throws S4uError whose status says which page the user sees
   */
  credentialFor(request: CallerRequest, member: FarmMember, signal?: AbortSignal): Promise<InnerCredential>
}

export interface InnerCredential {
  /**
   * Headers of the request inside, in small letters: `authorization`, `x-s4u-user`. An
   * `Authorization` of the client is none of them and must not go inside.
   */
  readonly headers: Readonly<Record<string, string>>
  /** Looks at the answer before anything of it goes to the client. */
  judge(answer: InnerAnswer): InnerVerdict
}

export interface InnerAnswer {
  readonly statusCode: number
  /** The values of WWW-Authenticate. */
  readonly challenges: readonly string[]
  /** Whether the request could be sent once more: its body can be, or there is none. */
  readonly mayRetry: boolean
}

export type InnerVerdict =
  /** It goes to the client as it is, a refusal too. */
  | { readonly use: 'pass' }
  /**
   * Once more, with the credential that `again` makes; where it makes none, the answer goes to the
   * client.
   */
  | { readonly use: 'retry'; again(): Promise<InnerCredential | undefined> }
  /** The user sees the page of this error in its place. */
  | { readonly use: 'refuse'; readonly error: S4uError }

/** The answer goes to the client as it is. */
export const PASS: InnerVerdict = Object.freeze({ use: 'pass' })
