import { expect, test } from 'vitest'
import { requestWith } from '../fixtures/requests.js'
import { findNegotiator, recordNegotiator } from './negotiator-of-request.js'

test('the last negotiator that a request passed is known', () => {
  const request = requestWith()
  const [challenge, noteForbidden] = [() => expect.unreachable(), () => expect.unreachable()]
  expect(findNegotiator(request)).toBeUndefined()
  for (const impersonatesAlways of [true, false]) {
    const negotiated = { impersonatesAlways, challenge, noteForbidden }
    recordNegotiator(request, negotiated)
    expect(findNegotiator(request)).toBe(negotiated)
  }
})
