import { DelegationRefusedError, type DirectorySetting, KdcError, unlessAborted } from '@s4u/kdc-client'
import { S4uError } from '@s4u/krb5'
import type { Check } from './check.js'
import { failed, type Finding, type FindingStatus, skipped, type Verdict } from './finding.js'

/** What is needed to run checks over some facts. */
export interface CheckRun<Facts> {
  readonly checks: readonly Check<Facts>[]
  readonly facts: Facts
  /** For one check; milliseconds. */
  readonly timeLimit: number
  readonly signal?: AbortSignal
  /**
   * Hears each finding as soon as it is known, so that a terminal need not wait for the last one.
   */
  readonly onFinding?: (finding: Finding) => void
}

/**
 * Runs the checks in their order and returns what they found. A check that depends on a failed one
 * is skipped, so that one cause is told once: what comes after it would only repeat it.
 */
export async function runChecks<Facts>(run: CheckRun<Facts>): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const causes: Causes = new Map()
  for (const check of run.checks) {
    run.signal?.throwIfAborted()
    const because = causeOf(check, causes)
    const verdicts = because === undefined ? await verdictsOf(check, run) : [notLookedAt(because, run.checks)]
    for (const verdict of verdicts) {
      const finding: Finding = { check: check.name, title: check.title, ...verdict }
      findings.push(finding)
      run.onFinding?.(finding)
    }
    if (because !== undefined) causes.set(check.name, because)
    else if (verdicts.some(({ status }) => status === 'failed')) causes.set(check.name, check.name)
  }
  return findings
}

/**
 * By the name of a check that failed or was skipped: the check that failed first on the way to it.
 */
type Causes = Map<string, string>

/** Why a check is not run. */
function causeOf(
  { needs = [], unless = [] }: Pick<Check<never>, 'needs' | 'unless'>,
  causes: Causes,
): string | undefined {
  const missing = needs.find((name) => causes.has(name)) ?? unless.find((name) => causes.get(name) === name)
  return missing === undefined ? undefined : causes.get(missing)
}

function notLookedAt(because: string, checks: readonly { readonly name: string; readonly title: string }[]): Verdict {
  const title = checks.find(({ name }) => name === because)?.title ?? because
  return skipped(`Not looked at, because this is not so: ${title}.`, { because })
}

/** The worst of them: what the whole is worth. */
export function worstOf(findings: readonly { readonly status: FindingStatus }[]): FindingStatus {
  const order: readonly FindingStatus[] = ['failed', 'warning', 'ok', 'skipped']
  return order.find((status) => findings.some((finding) => finding.status === status)) ?? 'skipped'
}

async function verdictsOf<Facts>(check: Check<Facts>, run: CheckRun<Facts>): Promise<readonly Verdict[]> {
  try {
    const signal = limited(run)
    // A fact that is asked for without a signal must not hold up the report.
    return await unlessAborted(check.run(run.facts, signal), signal)
  } catch (error) {
    run.signal?.throwIfAborted()
    return [verdictOfError(error)]
  }
}

function limited({ timeLimit, signal }: { readonly timeLimit: number; readonly signal?: AbortSignal }): AbortSignal {
  const limit = AbortSignal.timeout(timeLimit)
  return signal ? AbortSignal.any([signal, limit]) : limit
}

/**
 * An error of ours says what was expected and what to do; another one is told by its message only.
 */
export function verdictOfError(error: unknown): Verdict {
  if (S4uError.is(error)) {
    const { message, hint, code } = error
    const settings = settingsOf(error)
    // The hint of such an error is its settings as text.
    return failed(sentence(message), { code, settings, ...(hint && settings.length === 0 && { hint }) })
  }
  if (error instanceof Error && error.name === 'TimeoutError') return failed('There was no answer in time.')
  return failed(sentence(error instanceof Error ? error.message : 'The check ended with an unknown error'))
}

/** The settings that a KDC's refusal asks for, with the commands that make them. */
function settingsOf(error: unknown): readonly DirectorySetting[] {
  return error instanceof KdcError || error instanceof DelegationRefusedError ? error.settings : []
}

function sentence(text: string): string {
  // A name such as svc-web@AD.TEST is written as it is.
  const first = /^[a-z]+(?=[\s,]|$)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
  return /[.!?]$/.test(first) ? first : `${first}.`
}
