import type { Journal, S4uError, S4uSubject } from '@s4u/kdc-client'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { DirectorySource } from '../directory/caller-directory.js'
import type { IdentityForOptions } from '../sign-in/identity-for-options.js'
import type { SecretSubject } from '../sign-in/secret-subject.js'
import type { SealedTexts } from './sealed-texts.js'
import type { SignInAttempts } from './attempts/sign-in-attempts.js'
import type { SignInLink } from './sign-in-link.js'
import type { SignInRequest } from './sign-in-request.js'

/** What a negotiator lends to its sources. */
export interface SignInSite {
  /** `identityFor` of the negotiator. Passwords go through `attempts`. */
  identityFor(user: S4uSubject | SecretSubject, options?: IdentityForOptions): Promise<CallerIdentity>
  /** Returns the realm of the service's own account: `AD.TEST`. */
  realm(): Promise<string>
  /**
   * Whether `delegation.protocolTransition` permits the app to vouch for users at the KDC, for some
   * at least. A source whose users show the KDC no secret needs it, but for `identification`.
   */
  readonly vouches: boolean
  /** Whether `channelBinding` is `require`: tokens must be bound to the TLS connection. */
  readonly requiresBinding: boolean
  /** The clock, milliseconds since the epoch. */
  now(): number
  /** Returns random octets. */
  random(length: number): Uint8Array
  /** For lines of the log. */
  readonly journal: Journal
  /** Where the pages of sources are: `/.s4u`. */
  readonly path: string
  /** Limits attempts: see `SignInAttempts.check`. */
  readonly attempts: SignInAttempts
  /** Whether a user stays known by a cookie: without, no page can sign in. */
  readonly keepsSessions: boolean
  /** The directory of the negotiator; undefined without the option `directory`. */
  readonly directory: DirectorySource | undefined
  /**
   * Returns what seals texts that come back through the browser (states, tokens of forms, nonces),
   * with a key made of the first of `session.keys`, or one of this process. Texts sealed under
   * another label are not opened.
   */
  sealFor(label: string): SealedTexts
  /**
   * Returns what makes keyed digests (HMAC-SHA-256), with a key made as that of `sealFor`. Stores
   * that instances share get these in place of names and codes, which could be guessed.
   */
  digestFor(label: string): (text: string) => Uint8Array
  /** Returns the links that other sources offer, for a page. */
  links(request: SignInRequest): readonly SignInLink[]
  /** Tells of something that was left out of a request that goes on: event, counter, log. */
  note(request: SignInRequest, error: S4uError): void
}
