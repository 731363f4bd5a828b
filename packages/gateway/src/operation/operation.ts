import type { S4uError } from '@s4u/krb5'
import type { CallerRequest, ReceivedRequest, SiteRequest } from '../requests/steps.js'

/** One request, when it has ended. */
export interface AccessRecord {
  readonly request: ReceivedRequest | SiteRequest | CallerRequest
  readonly statusCode: number
  /** Octets of the body that went to the client. */
  readonly sent: number
  /** Milliseconds. */
  readonly took: number
  readonly member?: string | undefined
  /** Why it was refused, or broke off. */
  readonly error?: S4uError | undefined
}

/** A page of the gateway itself. */
export interface Page {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string
}

/**
 * How an inner server is: `resting` was not reached a moment ago, `down` has failed its health
 * checks, `draining` gets no new users.
 */
export type MemberCondition = 'up' | 'draining' | 'resting' | 'down'

/** What those who run the gateway see of it, and what it says to users in its own name. */
export interface Operation {
  /** Tells what somebody must look at. */
  alert(error: S4uError, request?: ReceivedRequest): void
  /** Notes what is no fault of the gateway or of a server. */
  note(text: string, request?: ReceivedRequest): void
  /** Counts a 401 of an inner server: it refused the user, or wants another scheme. */
  innerRefused(site: string, kind: 'refused' | 'other-scheme'): void
  /** Tells that a request has ended. */
  ended(record: AccessRecord): void
  /** Tells how an inner server is, when that changes. */
  memberIs(site: string, member: string, state: MemberCondition): void
  /** Health and metrics, which need no user; undefined for any other path. */
  ownPage(request: ReceivedRequest): Page | undefined
  /** The page after a sign-out, which needs no user; undefined for any other path. */
  signedOutPage(request: SiteRequest): Page | undefined
  /** The page at the path of the gateway itself: who the user is, how, until when. */
  userPage(request: CallerRequest): Page
  /** The page of a refusal: says what a user may know. */
  refusalPage(error: S4uError, request: ReceivedRequest): Page
  close(): void
}
