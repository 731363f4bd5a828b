import { expect, test } from 'vitest'
import { requestWith } from '../fixtures/requests.js'
import { findNegotiated, recordNegotiated } from './negotiated-requests.js'

test('the last negotiator that a request passed is known', () => {
  const request = requestWith()
  const [challenge, noteForbidden] = [() => expect.unreachable(), () => expect.unreachable()]
  expect(findNegotiated(request)).toBeUndefined()
  for (const impersonatesAlways of [true, false]) {
    const negotiated = { impersonatesAlways, challenge, noteForbidden }
    recordNegotiated(request, negotiated)
    expect(findNegotiated(request)).toBe(negotiated)
  }
})
