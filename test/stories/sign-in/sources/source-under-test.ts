import type { ServerOptions } from 'node:https'
import type { NegotiatorOptions, SignInSource } from '@s4u/negotiate'
import type { CertifiedAnswer, CertifiedSite } from '../../fixtures/certified-site.js'

/** Whose credentials are shown. `unknown`: of nobody. `wrong`: of alice, and they are not hers. */
export type Whose = 'alice' | 'bob' | 'unknown' | 'wrong'

/** What a request has beside the credentials. */
export interface Sent {
  /** Cookies among them. */
  readonly headers: Readonly<Record<string, string>>
  /** For sources that have no page of their own, whose form is posted in any case. */
  readonly method: 'GET' | 'POST'
}

/** What the stories of every source need to know of one. A new source is one such file here. */
export interface SourceUnderTest {
  /** As it stands in events, counters and the audit. */
  readonly name: string
  /** As `identity.authenticationMethod` says it. Default: the name. */
  readonly method?: string
  create(): SignInSource | Promise<SignInSource>
  /** What the negotiator needs beside it. */
  readonly options?: NegotiatorOptions
  readonly listener?: ServerOptions
  /** Where the site has to be. Default: anywhere. */
  readonly port?: number
  /**
   * Shows credentials in the way in which clients do. Returns the answer to the request that has
   * them.
   */
  show(site: CertifiedSite, whose: Whose, sent: Sent): Promise<CertifiedAnswer>
  /** Whether somebody could try what a user knows; otherwise attempts need no limit. */
  readonly isGuessable: boolean
  /** Whether a session begins. Without, each request brings the credentials. */
  readonly beginsSession: boolean
  /**
   * What becomes of a page of another site that makes a browser show the credentials of its user:
   * undefined where it cannot.
   */
  readonly fromOtherSite: 'refused' | 'taken' | undefined
  /** What must not be seen anywhere. */
  readonly secrets: readonly string[]
  close?(): unknown
}
