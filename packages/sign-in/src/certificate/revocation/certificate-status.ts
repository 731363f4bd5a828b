/** What an authority says about a certificate. */
export interface CertificateStatus {
  /** `unknown`: the authority's responder does not know the certificate. */
  readonly status: 'good' | 'revoked' | 'unknown'
  /** Until when the answer counts, milliseconds since the epoch. */
  readonly until: number
}

/** How far the clock of an authority may be ahead or behind; milliseconds. */
export const CLOCK_SKEW = 300_000
