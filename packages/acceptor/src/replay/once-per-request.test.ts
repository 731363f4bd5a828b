import { describe, expect, test } from 'vitest'
import { issue, NOW, tokenOf } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'
import { MemoryReplayStore } from './memory-replay-store.js'
import type { ReplayStore } from './replay-store.js'

const inMemory = (): ReplayStore => new MemoryReplayStore({ now: () => NOW })
const elsewhere = (): ReplayStore => {
  const store = inMemory()
  return { remember: async (digest, expiresAt) => store.remember(digest, expiresAt) }
}

describe.each([
  ['in memory', inMemory],
  ['elsewhere', elsewhere],
])('two acceptors with a store in common, %s,', (_where, storeOf) => {
  const two = () => {
    const replayCache = storeOf()
    return [acceptorWith({ replayCache }), acceptorWith({ replayCache })]
  }

  test('both accept the token of one request, one after the other or at once', async () => {
    const [first, second] = two()
    for (const _ of [1, 2]) {
      const [token, request] = [tokenOf(issue()), {}]
      accepted(await first.accept(token, { request }))
      accepted(await second.accept(token, { request }))
      accepted(await first.accept(token, { request }))
    }
    const [token, request] = [tokenOf(issue()), {}]
    for (const outcome of await Promise.all([first, second].map((one) => one.accept(token, { request })))) {
      accepted(outcome)
    }
  })

  test('refuse it in any other request', async () => {
    const [first, second] = two()
    const token = tokenOf(issue())
    accepted(await first.accept(token, { request: {} }))
    const request = {}
    for (const acceptor of [first, second, second]) {
      expect(refused(await acceptor.accept(token, { request })).error.code).toBe('KRB_AP_ERR_REPEAT')
      expect(refused(await acceptor.accept(token)).error.code).toBe('KRB_AP_ERR_REPEAT')
    }
  })

  test('judge every other token that a request shows', async () => {
    const [first, second] = two()
    const [token, other, request] = [tokenOf(issue()), tokenOf(issue()), {}]
    accepted(await first.accept(other))
    accepted(await first.accept(token, { request }))
    expect(refused(await second.accept(other, { request })).error.code).toBe('KRB_AP_ERR_REPEAT')
  })
})

test('an acceptor alone refuses the same token in the same request', async () => {
  const acceptor = acceptorWith()
  const [token, request] = [tokenOf(issue()), {}]
  accepted(await acceptor.accept(token, { request }))
  expect(refused(await acceptor.accept(token, { request })).error.code).toBe('KRB_AP_ERR_REPEAT')
})
