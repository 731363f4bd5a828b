import type { Verdict } from './finding.js'

/** One question to the service and what stands around it. */
export interface Check<Facts> {
  /** Stable, in kebab-case: programs and tests name checks by it. */
  readonly name: string
  /** What the check asks, as the sentence that is true when all is well. */
  readonly title: string
  /**
   * Checks without which this one can find nothing: where one failed or was skipped, it is skipped.
   */
  readonly needs?: readonly string[]
  /** Checks that tell the same fault better: where one failed itself, this one is skipped. */
  readonly unless?: readonly string[]
  /**
   * Resolves with a verdict for each thing that was looked at; with an empty list if the check
   * does not apply.
   */
  run(facts: Facts, signal: AbortSignal): Promise<readonly Verdict[]>
}
