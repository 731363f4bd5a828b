import { DelegationRefusedError, type DirectorySetting, KdcError } from '@s4u/kdc-client'
import { expect } from 'vitest'
import type { Administrator, Known } from './administrator.js'
import type { Place } from './place.js'

/** A refusal, what is done about it, and how it is taken back. */
export interface Obedience {
  /** Commands that bring the directory into the state that is refused. */
  readonly before?: readonly string[]
  readonly attempt: (at: Place) => Promise<unknown>
  readonly code: string
  readonly reason?: string
  /** What the first line of the hint is to say. */
  readonly says?: RegExp
  /** Which of the settings are obeyed; default: the first. */
  readonly obey?: readonly number[]
  readonly known?: Known
  readonly input?: string
  /**
   * Another try than the one that was refused: as the hint asks the user to sign in in another way.
   */
  readonly again?: (at: Place) => Promise<unknown>
  readonly after: readonly string[]
}

export type ObedienceRow = readonly [what: string, Obedience]

/**
 * Refused before, granted after the printed commands were run, and refused again when they are
 * taken back.
 */
export async function expectObeyed(at: Place, administrator: Administrator, row: Obedience): Promise<void> {
  const { before = [], attempt, again = attempt, after, obey = [0], known, input } = row
  for (const command of before) await administrator.run(command)
  try {
    const settings = await refusedWith(attempt(at), row)
    for (const index of obey) await administrator.obey(settings[index], known, input)
    await again(at)
  } finally {
    for (const command of after) await administrator.run(command)
  }
}

async function refusedWith(
  attempt: Promise<unknown>,
  { code, reason, says }: Obedience,
): Promise<readonly DirectorySetting[]> {
  const error = await attempt.then(
    () => new Error('it was granted'),
    (error: unknown) => error,
  )
  if (!(error instanceof KdcError || error instanceof DelegationRefusedError)) throw error
  expect(error).toMatchObject({ code, ...(reason !== undefined && { reason }) })
  if (says) expect(error.hint).toMatch(says)
  return error.settings
}
