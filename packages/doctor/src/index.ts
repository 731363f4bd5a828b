/**
 * Looks at a Kerberos service as its KDC, its directory, DNS and its clients see it, and says what
 * is
 * wrong and what mends it.
 */

export { CHECKS, diagnose, type Diagnosis } from './diagnose.js'
export { DIAGNOSE_OPTIONS, type DiagnoseOptions } from './facts/diagnose-options.js'
export { mend, type MendOptions } from './mend.js'
export type { Finding, FindingStatus } from './engine/finding.js'
