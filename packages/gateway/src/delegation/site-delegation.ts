import type { S4uError } from '@s4u/krb5'
import type { FarmMember } from '../farm/farm.js'
import type { CallerRequest } from '../requests/steps.js'

/** How the inner servers of one site learn who the user is. */
export interface SiteDelegation {
  /**
   * Makes what one request to one member gets: a fresh one for each request and each retry.
   * @throws S4uError whose status says which page the user sees
   */
  credentialFor(request: CallerRequest, member: FarmMember, signal: AbortSignal): Promise<InnerCredential>
  close(): void
}

export interface InnerCredential {
  /**
   * Headers of the request inside, in small letters: `authorization`, `x-s4u-user`. They take the
   * place of what the client sent.
   */
  readonly headers: Readonly<Record<string, string>>
  /** Looks at the answer before anything of it goes to the client. */
  judge(answer: InnerAnswer): InnerVerdict
}

export interface InnerAnswer {
  readonly statusCode: number
  /** The values of WWW-Authenticate. */
  readonly challenges: readonly string[]
}

export interface InnerVerdict {
  /**
   * pass: it goes to the client. retry: once again, with a fresh credential, if the body allows.
   */
  readonly use: 'pass' | 'retry' | 'refuse'
  /** What the user sees in place of the answer, with `refuse`. */
  readonly error?: S4uError
}
