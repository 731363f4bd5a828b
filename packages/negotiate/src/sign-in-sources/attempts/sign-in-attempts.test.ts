import { KdcUnreachableError, RejectedTokenError, S4uError } from '@s4u/kdc-client'
import { expect, test } from 'vitest'
import { type AttemptOptions, attemptSettings } from './attempt-options.js'
import { MemoryAttemptStore } from './memory-attempt-store.js'
import { SignInAttempts } from './sign-in-attempts.js'

const BY = { user: 'alice', clientAddress: '192.0.2.7' }
const make = (options: AttemptOptions = {}) =>
  new SignInAttempts(attemptSettings({ pace: 0, store: new MemoryAttemptStore(), ...options }, undefined))
const wrong = () => Promise.reject(new RejectedTokenError('wrong', { code: 'KDC_ERR_PREAUTH_FAILED' }))
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => value,
    (error: unknown) => (S4uError.is(error) ? error.code : error),
  )

test('wrong ones count, right ones and outages do not', async () => {
  const attempts = make({ perUser: 2 })
  const down = () => Promise.reject(new KdcUnreachableError('AD.TEST', []))
  const expired = () => Promise.reject(new RejectedTokenError('old', { code: 'KDC_ERR_KEY_EXPIRED' }))
  for (const _ of [1, 2, 3]) {
    expect(await codeOf(attempts.check(BY, () => Promise.resolve('alice')))).toBe('alice')
    expect(await codeOf(attempts.check(BY, down))).toBe('KRB5_KDC_UNREACH')
    expect(await codeOf(attempts.check(BY, expired))).toBe('KDC_ERR_KEY_EXPIRED')
  }
  expect(await codeOf(attempts.check(BY, wrong))).toBe('KDC_ERR_PREAUTH_FAILED')
  expect(await codeOf(attempts.check(BY, wrong))).toBe('KDC_ERR_PREAUTH_FAILED')
  let asked = false
  const ask = async () => void (asked = true)
  expect(await codeOf(attempts.check(BY, ask))).toBe('S4U_TOO_MANY_ATTEMPTS')
  expect(asked).toBe(false)
})

test('one that ends in an error of the app counts, and the app is given the error', async () => {
  const attempts = make({ perUser: 2 })
  const error = new Error('wrong code')
  for (const _ of [1, 2]) await expect(attempts.check(BY, () => Promise.reject(error))).rejects.toBe(error)
  expect(await codeOf(attempts.check(BY, () => Promise.resolve('alice')))).toBe('S4U_TOO_MANY_ATTEMPTS')
})

test('an address that tries one password on all users is stopped, others are not', async () => {
  const attempts = make({ perAddress: 5 })
  for (const user of ['a', 'b', 'c', 'd', 'e']) await codeOf(attempts.check({ ...BY, user }, wrong))
  expect(await codeOf(attempts.check({ ...BY, user: 'f' }, wrong))).toBe('S4U_TOO_MANY_ATTEMPTS')
  expect(await codeOf(attempts.check({ user: 'f', clientAddress: '192.0.2.8' }, wrong))).toBe('KDC_ERR_PREAUTH_FAILED')
})

test('what is refused for the sake of the user is not held against the address', async () => {
  const attempts = make({ perUser: 1, perAddress: 3 })
  for (const _ of [1, 2, 3, 4, 5]) await codeOf(attempts.check(BY, wrong))
  expect(await codeOf(attempts.check({ ...BY, user: 'bob' }, wrong))).toBe('KDC_ERR_PREAUTH_FAILED')
})

test('a refusal comes after a multiple of the pace, whatever it took', async () => {
  const attempts = make({ pace: 80, perUser: 50 })
  const took = async (milliseconds: number): Promise<number> => {
    const begun = performance.now()
    await codeOf(attempts.check(BY, () => new Promise<void>((done) => void setTimeout(done, milliseconds)).then(wrong)))
    return performance.now() - begun
  }
  const times = await Promise.all([took(1), took(40)])
  for (const time of times) expect(time).toBeGreaterThan(75)
  expect(Math.abs(times[0] - times[1])).toBeLessThan(35)
})

test('without an answer of the store nothing is checked', async () => {
  const store = { take: () => Promise.reject(new Error('the store is down')), settle: () => {} }
  const failure = await codeOf(make({ store }).check(BY, () => expect.unreachable()))
  expect(failure).toBe('S4U_ATTEMPTS_UNKNOWN')
})

test('what is under way is bounded, for one address and for all', async () => {
  const attempts = make({ perUser: 50_000, perAddress: 50_000 })
  let release = (): void => {}
  const gate = new Promise<void>((done) => (release = done))
  const held = Array.from({ length: 100 }, () => attempts.check(BY, () => gate))
  expect(await codeOf(attempts.check(BY, () => gate))).toBe('S4U_SIGN_IN_BUSY')
  const others = Array.from({ length: 900 }, (_, at) =>
    attempts.check({ user: `u${at}`, clientAddress: `10.0.${at >> 8}.${at & 255}` }, () => gate),
  )
  const last = { user: 'last', clientAddress: '198.51.100.1' }
  expect(await codeOf(attempts.check(last, () => gate))).toBe('S4U_SIGN_IN_BUSY')
  release()
  await Promise.all([...held, ...others])
  expect(await codeOf(attempts.check(last, () => Promise.resolve('in')))).toBe('in')
})
