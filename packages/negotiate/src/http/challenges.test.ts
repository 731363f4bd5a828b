import { RejectedTokenError } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { Challenges } from './challenges.js'
import { requestWith } from '../fixtures/requests.js'

const secret = new RejectedTokenError('the ticket for HTTP/web.ad.test does not open', {
  code: 'KRB_AP_ERR_MODIFIED',
  hint: 'Use setspn.',
})
const reply = Uint8Array.of(0xa1, 0x07)

test('the first asks for Negotiate', () => {
  expect(new Challenges({}).first(requestWith())).toEqual({
    status: 'challenge',
    statusCode: 401,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'WWW-Authenticate': 'Negotiate' },
    body: 'Sign in with Kerberos to use this service.\n',
  })
})

test('the next carries the token and offers nothing else', () => {
  const { headers } = new Challenges({ otherChallenges: ['Bearer'] }).next(reply)
  expect(headers['WWW-Authenticate']).toBe('Negotiate oQc=')
})

describe('a refusal', () => {
  test.each([400, 401] as const)('of status %i carries the token and no reason', (status) => {
    const challenge = new Challenges({}).refused(requestWith(), secret, status, { reply })
    expect(challenge).toMatchObject({ statusCode: status, error: secret })
    expect(challenge.headers['WWW-Authenticate']).toBe('Negotiate oQc=')
    expect(challenge.body + JSON.stringify(challenge.headers)).not.toMatch(/web\.ad\.test|MODIFIED|setspn/)
  })

  test('offers other schemes alone under negotiateOnce, and nothing when there is none', () => {
    const other = new Challenges({ negotiateOnce: true, otherChallenges: ['Bearer', 'Basic realm="x"'] })
    expect(other.refused(requestWith(), secret, 401, { reply }).headers['WWW-Authenticate']).toEqual([
      'Bearer',
      'Basic realm="x"',
    ])
    const none = new Challenges({ negotiateOnce: true })
    expect(none.refused(requestWith(), secret, 401, { reply }).headers).not.toHaveProperty('WWW-Authenticate')
  })
})

describe('the body', () => {
  test('is the text of the app', () => {
    expect(new Challenges({ challenge: 'Please.' }).first(requestWith()).body).toBe('Please.')
  })

  test('is made once from the reason, with its media type', () => {
    const reasons: unknown[] = []
    const challenges = new Challenges({
      challenge: (reason) => {
        reasons.push(reason)
        return { type: 'text/html', body: `<p>${reason.kind}</p>` }
      },
    })
    expect(challenges.first(requestWith())).toMatchObject({
      body: '<p>no-token</p>',
      headers: { 'Content-Type': 'text/html' },
    })
    challenges.next(reply)
    challenges.refused(requestWith(), secret, 401)
    expect(reasons).toEqual([
      { kind: 'no-token' },
      { kind: 'continue' },
      { kind: 'refused', code: 'KRB_AP_ERR_MODIFIED' },
    ])
  })
})

test('HTTP/1.1 is required over HTTP/2 alone, and only when told so', () => {
  const told = new Challenges({ http2Challenge: 'http-1.1-required' })
  expect(told.first(requestWith({}, { httpVersionMajor: 2 })).http1Required).toBe(true)
  expect(told.first(requestWith({}, { httpVersionMajor: 1 })).http1Required).toBeUndefined()
  expect(new Challenges({}).first(requestWith({}, { httpVersionMajor: 2 })).http1Required).toBeUndefined()
})
