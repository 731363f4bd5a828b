import { RejectedTokenError } from '@s4u/kdc-client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type IsRevoked, requireUnrevoked, type Session, UNKNOWN } from './session-revocation.js'

const session: Session = {
  kind: 'cookie',
  id: 'an-id',
  principal: 'alice@AD.TEST',
  authenticationMethod: 'kerberos',
  startedAt: 1,
  expiresAt: 2,
}

/** The refusal; undefined where there is none. */
const refusalBy = (isRevoked: unknown): Promise<unknown> =>
  requireUnrevoked(isRevoked as IsRevoked | undefined, session).catch((error: unknown) => error)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a session that nobody can revoke is believed, and one of which the app says no', async () => {
  const isRevoked = vi.fn(() => false)
  expect(await refusalBy(undefined)).toBeUndefined()
  expect(await refusalBy(isRevoked)).toBeUndefined()
  expect(await refusalBy(async () => false)).toBeUndefined()
  expect(isRevoked).toHaveBeenCalledExactlyOnceWith(session)
})

test('one that was revoked is refused, and the log told whose it was', async () => {
  const message = 'the session of alice@AD.TEST was revoked'
  for (const isRevoked of [() => true, async () => true]) {
    const refusal = await refusalBy(isRevoked)
    expect(refusal).toBeInstanceOf(RejectedTokenError)
    expect(refusal).toMatchObject({ code: 'S4U_SESSION_REVOKED', message, status: 401 })
  }
})

describe('who cannot tell', () => {
  const unknown = {
    code: 'S4U_SESSION_REVOCATION_UNKNOWN',
    message: 'nobody can tell whether the session was revoked',
    hint: 'session.isRevoked failed, see the cause: until it answers, callers have to show a ticket with each request.',
  }

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a number', 0],
    ['text', 'false'],
    ['null', null],
  ])('ends it: the answer is %s', async (_what, answer) => {
    const cause = { name: 'TypeError', message: 'isRevoked must answer true or false' }
    expect(await refusalBy(() => answer)).toMatchObject({ ...unknown, cause })
    expect(await refusalBy(async () => answer)).toMatchObject({ ...unknown, cause })
  })

  test('ends it, and the log is told why', async () => {
    const cause = new Error('ECONNREFUSED')
    const refusal = await refusalBy(() => Promise.reject(cause))
    expect(refusal).toBeInstanceOf(RejectedTokenError)
    expect(refusal).toMatchObject({ ...unknown, cause })
    expect(UNKNOWN).toBe('S4U_SESSION_REVOCATION_UNKNOWN')
  })

  test('ends it after two seconds, and not before', async () => {
    let refusal: unknown
    const asked = refusalBy(() => new Promise(() => {})).then((error) => void (refusal = error))
    await vi.advanceTimersByTimeAsync(1_999)
    expect(refusal).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    await asked
    expect(refusal).toMatchObject({ ...unknown, cause: { message: 'no answer within 2000 ms' } })
  })
})

test('an answer that is there at once is not waited for, and one that comes leaves no timer behind', async () => {
  const wait = vi.spyOn(globalThis, 'setTimeout')
  await refusalBy(() => false)
  expect(wait).not.toHaveBeenCalled()
  await refusalBy(async () => false)
  expect(wait).toHaveBeenCalledTimes(1)
  expect(vi.getTimerCount()).toBe(0)
})
