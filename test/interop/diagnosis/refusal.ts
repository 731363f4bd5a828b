import { expect } from 'vitest'
import type { Place } from './place.js'

/** What a refusal must be, and what it must tell people to do. */
export interface Expected {
  readonly code: string
  readonly reason?: string
  readonly ntStatus?: string
  readonly hint: RegExp
}

export type Row = readonly [what: string, attempt: (at: Place) => Promise<unknown>, expected: Expected]

export async function expectRefusal(
  attempt: Promise<unknown>,
  { hint, ntStatus, ...expected }: Expected,
): Promise<void> {
  const error = await attempt.then(
    () => new Error('it was granted'),
    (error: Error & { hint?: string; answer?: unknown }) => error,
  )
  expect(error).toMatchObject(expected)
  expect('hint' in error ? error.hint : undefined).toMatch(hint)
  if (ntStatus !== undefined) expect(error).toMatchObject({ answer: { ntStatus } })
  expect(error.message).not.toMatch(/\n/)
}
