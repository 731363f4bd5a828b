import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { S4uError } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { acceptorOf, issueTicket, serviceNamed } from '../../../test/stories/kerberos-backend.js'
import { Attempt } from './attempt.js'
import type { FetchEvent } from './events.js'

const service = serviceNamed('HTTP/api.ad.test')
const ticket = issueTicket(service)
const now = Date.now()

/** The same octets each time, so that one answer fits all attempts. */
const options = {
  ticketFor: () => Promise.resolve(ticket),
  now: () => now,
  random: (length: number) => new Uint8Array(length).fill(7),
}

function attempt(onEvent?: (event: FetchEvent) => void): Attempt {
  const details = { origin: 'https://api.ad.test', spn: service.spn, ticket, refusal: 401 } as const
  return new Attempt(details, { ...options, ...(onEvent && { onEvent }) })
}

async function replyOfServer(): Promise<Uint8Array> {
  const parsed = parseAuthorization(attempt().authorization)
  if (parsed.status !== 'token') throw new Error(parsed.status)
  // The same token each time, too.
  const outcome = await acceptorOf(service, { replayCache: false }).accept(parsed.token)
  if (outcome.status !== 'accepted' || outcome.reply === undefined) throw new Error(outcome.status)
  return outcome.reply
}

describe('the answer of a server', () => {
  test('that is its own proves it, whatever the status', async () => {
    const challenge = formatChallenge(await replyOfServer())
    for (const status of [200, 204, 404, 500]) expect(attempt().judge({ status, challenge })).toEqual({ kind: 'done' })
    expect(attempt().judge({ status: 200, challenge: ['Basic realm="x"', challenge] })).toEqual({ kind: 'done' })
  })

  test('with any bit of its proof changed proves nothing', async () => {
    const reply = await replyOfServer()
    // What SPNEGO has in front says how far the negotiation is. The proof is the AP-REP behind it.
    const proof = reply.findIndex((octet, index) => octet === 0x6f && index > 20)
    for (let index = proof; index < reply.length; index++) {
      for (const bit of [1, 0x10, 0x80]) {
        const changed = reply.slice()
        changed[index] ^= bit
        expect(() => attempt().judge({ status: 200, challenge: formatChallenge(changed) })).toThrow(S4uError)
      }
    }
  })

  test('cut short proves nothing', async () => {
    const reply = await replyOfServer()
    for (let length = 1; length < reply.length; length++) {
      const challenge = formatChallenge(reply.subarray(0, length))
      expect(() => attempt().judge({ status: 200, challenge })).toThrow(S4uError)
    }
  })

  test.each(['Negotiate', 'Negotiate AAAA', 'Negotiate !', 'Basic realm="Negotiate YII="', ''])(
    'that is %j proves nothing',
    (challenge) => {
      expect(() => attempt().judge({ status: 200, challenge })).toThrow(S4uError)
    },
  )

  test('of another attempt proves nothing', async () => {
    const challenge = formatChallenge(await replyOfServer())
    const details = { origin: 'https://api.ad.test', spn: service.spn, ticket, refusal: 401 } as const
    const later = new Attempt(details, { ...options, now: () => now + 1 })
    expect(() => later.judge({ status: 200, challenge })).toThrow(/did not prove/)
  })
})

test.each(['Negotiate AAAA', 'Negotiate !', 'Negotiate', '', 'Basic realm="x"'])(
  'a refusal with %j is the server’s answer, and no fault of ours',
  (challenge) => {
    const events: FetchEvent[] = []
    expect(attempt((event) => events.push(event)).judge({ status: 401, challenge })).toEqual({ kind: 'done' })
    expect(events).toHaveLength(1)
  },
)

test('no event holds a token', async () => {
  const events: FetchEvent[] = []
  const one = attempt((event) => events.push(event))
  const challenge = formatChallenge(await replyOfServer())
  one.judge({ status: 200, challenge })
  const text = JSON.stringify(events)
  expect(events).toMatchObject([{ kind: 'authenticated', serverProven: true, service: 'HTTP/api.ad.test' }])
  for (const secret of [one.authorization, challenge]) expect(text).not.toContain(secret.slice(10, 40))
})
