import { expect, test } from 'vitest'
import type { AcceptorEvent } from '../events/events.js'
import { type IssueOptions, issue, tokenOf } from '../fixtures/issued-token.js'
import { accepted, acceptorWith } from '../fixtures/outcomes.js'

async function toldOf(credential: IssueOptions): Promise<AcceptorEvent[]> {
  const told: AcceptorEvent[] = []
  const acceptor = acceptorWith({ onEvent: (event) => void told.push(event) })
  accepted(await acceptor.accept(tokenOf(issue(credential))))
  return told
}

const FACTS = {
  kind: 'exchange',
  framing: 'spnego',
  outcome: 'accepted',
  clientAddress: undefined,
  mechanism: '1.2.840.113554.1.2.2',
  ticketService: 'HTTP/web.ad.test@AD.TEST',
  encryptionType: 'aes256-cts-hmac-sha1-96',
  kvno: 1,
  client: 'alice@AD.TEST',
  service: 'HTTP/web.ad.test@AD.TEST',
  sessionEncryptionType: 'aes256-cts-hmac-sha1-96',
  ticketSeenBefore: false,
  impersonationLevel: 'delegation',
  delegatedBy: [],
}

test('an event about a ticket without a PAC has no SIDs, not even empty ones', async () => {
  expect(await toldOf({ pac: false })).toStrictEqual([FACTS])
})

test('an event about a ticket with a PAC has the SID of its user', async () => {
  expect(await toldOf({})).toStrictEqual([{ ...FACTS, clientSid: 'S-1-5-21-1-2-3-1104' }])
})
