import { describe, inject, test } from 'vitest'
import { type ControlAnswer, whySkipped } from './control.js'
import type { RealmsInfo, Wanted } from './realm-info.js'
import './setup.js'

/**
 * A suite that needs real servers:
 * `await describeRealms('title', ['CORP', 'EAST'], (info) => { test(…) })` at the top of a test
 * file. Tools are asked for in the same way: `['EAST', 'chromium']`. Where something cannot be had
 * the suite is skipped with the reason, or fails with it in CI.
 */
export async function describeRealms(
  title: string,
  wanted: readonly Wanted[],
  tests: (info: RealmsInfo) => void,
): Promise<void> {
  const info = await useRealms(title, wanted)
  const reason = whySkipped(wanted, info)
  if (reason === undefined) {
    describe(title, () => tests(info))
    return
  }
  describeMissing(title, wanted.join(', '), reason)
}

/** A suite in whose place stands why it cannot be run: skipped, or failed in CI, but never gone. */
export function describeMissing(title: string, needs: string, reason: string): void {
  const inCi = process.env.CI === 'true'
  describe(title, () => {
    test(`needs ${needs}: ${reason}`, { skip: !inCi }, () => {
      throw new Error(reason)
    })
  })
}

/**
 * Starts the realms unless they are running, and says what is there. `suite` is the name under
 * which a lack is reported.
 */
export async function useRealms(suite: string, wanted: readonly Wanted[]): Promise<RealmsInfo> {
  const query = new URLSearchParams({ suite })
  for (const key of wanted) query.append('wanted', key)
  const response = await fetch(`${inject('realmsControl')}?${query}`)
  const answer: ControlAnswer = JSON.parse(await response.text())
  if ('error' in answer) throw new Error(answer.error)
  return answer.info
}
