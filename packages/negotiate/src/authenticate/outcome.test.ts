import { expect, test } from 'vitest'
import { callerWith } from '../fixtures/identities.js'
import { runPlainly, setCaller } from './outcome.js'

test('what is run plainly gets no argument and gives its value back', () => {
  expect(runPlainly((...args: unknown[]) => args.length)).toBe(0)
})

test('the caller of a request is whom this negotiator has found, and nobody where it let an unknown one through', () => {
  const [outer, found] = [callerWith(), callerWith()]
  const behind = (outcome: Parameters<typeof setCaller>[1]) => {
    const holder: { identity?: typeof outer } = { identity: outer }
    setCaller(holder, outcome)
    return holder.identity
  }
  expect(behind({ status: 'authenticated', identity: found })).toBe(found)
  expect(behind({ status: 'anonymous' })).toBeUndefined()
  expect(behind({ status: 'anonymous', isOff: true })).toBe(outer)
})

test('what a library has put into Object.prototype is nobody known, and no mode that is off', () => {
  const inherited = { isOff: true, identity: callerWith() }
  const holder: { identity?: ReturnType<typeof callerWith> } = { identity: callerWith() }
  setCaller(holder, Object.assign(Object.create(inherited), { status: 'anonymous' }))
  expect(holder.identity).toBeUndefined()
})
