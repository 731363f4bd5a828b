import { closeOptions, requireGiven } from '@s4u/krb5'
import { accountChecks } from './checks/account.js'
import { directoryClock } from './checks/clocks.js'
import { delegationChecks } from './checks/delegation.js'
import { kdcChecks } from './checks/kdcs.js'
import { keytabChecks, keytabIsCurrent } from './checks/keytab.js'
import { nameChecks } from './checks/names.js'
import { ntlmChecks } from './checks/ntlm.js'
import { signInChecks } from './checks/sign-in.js'
import { spnChecks } from './checks/spn.js'
import { storesAnswer } from './checks/stores.js'
import { trustsLetIn } from './checks/trusts.js'
import { urlChecks } from './checks/url.js'
import { userChecks } from './checks/user.js'
import { DIAGNOSE_OPTIONS, type DiagnoseOptions } from './facts/diagnose-options.js'
import type { Check } from './engine/check.js'
import type { Finding, FindingStatus } from './engine/finding.js'
import { runChecks, worstOf } from './engine/run-checks.js'
import { ServiceFacts } from './facts/service-facts.js'

/** The report of one run. */
export interface Diagnosis {
  /** The worst of the findings. */
  readonly status: FindingStatus
  /**
   * What to mend first: the first failed finding, else the first warning. Undefined where all is
   * well.
   */
  readonly cause: Finding | undefined
  readonly findings: readonly Finding[]
  /** Milliseconds. */
  readonly took: number
}

/** Every check, causes before what they cause. */
export const CHECKS: readonly Check<ServiceFacts>[] = [
  ...keytabChecks,
  ...nameChecks,
  ...kdcChecks,
  ...signInChecks,
  ...accountChecks,
  directoryClock,
  ...spnChecks,
  keytabIsCurrent,
  ...delegationChecks,
  trustsLetIn,
  ...userChecks,
  ...urlChecks,
  storesAnswer,
  ...ntlmChecks,
]

/** For one check, milliseconds: a KDC that does not answer has had its turns by then. */
const TIME_LIMIT = 10_000

/**
 * Looks at one service as its KDC, its directory, DNS and its clients see it, and tells what is
 * wrong and what mends it. It changes nothing. A fault is a finding and not an error.
 *
 * @example
 * ```ts
 * import { diagnose } from '@s4u/doctor'
 *
 * const { status, cause } = await diagnose({ keytab: 'web.keytab', url: 'https://web.corp.test' })
 * if (status === 'failed') console.error(cause?.found, cause?.settings)
 * ```
 *
 * @throws ConfigurationError for wrong options; the reason of `signal`
 */
export async function diagnose(given: DiagnoseOptions): Promise<Diagnosis> {
  const options = closeOptions('diagnose', given, DIAGNOSE_OPTIONS)
  requireGiven('diagnose: the options', options, ['keytab'], "Write diagnose({ keytab: 'web.keytab' }).")
  const { timeLimit = TIME_LIMIT, signal, onFinding } = options
  const started = performance.now()
  const facts = new ServiceFacts(options)
  try {
    const findings = await runChecks({ checks: CHECKS, facts, timeLimit, signal, onFinding })
    const status = worstOf(findings)
    const cause = status === 'ok' ? undefined : findings.find((finding) => finding.status === status)
    return { status, cause, findings, took: Math.round(performance.now() - started) }
  } finally {
    await facts.close()
  }
}
