import { expect, test } from 'vitest'
import type { AcceptorEvent } from '../events/events.js'
import { type IssueOptions, issue, keyOf, logonInfo, tokenOf } from '../fixtures/issued-token.js'
import { accepted, acceptorWith } from '../fixtures/outcomes.js'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import type { ExpectedTicket } from './expected-ticket.js'

async function toldOf(credential: IssueOptions, options: AcceptorOptions = {}): Promise<AcceptorEvent[]> {
  const told: AcceptorEvent[] = []
  const acceptor = acceptorWith({ ...options, onEvent: (event) => void told.push(event) })
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

/** A user of another realm is who makes the service ask for a ticket of its own. */
const MALLORY = {
  client: 'mallory',
  realm: 'WEST.TEST',
  pac: { logonInfo: logonInfo({ logonDomainId: 'S-1-5-21-7-7-7' }) },
}

function ownTicketOf(pac: IssueOptions['pac']): AcceptorOptions {
  return { ownTicket: async () => issue({ client: 'svc-web', ...(pac !== undefined && { pac }) }).ticket }
}

test('an event has the SID of the account of the service once a ticket of its own has shown it', async () => {
  const told = await toldOf(MALLORY, ownTicketOf({ logonInfo: logonInfo({ userId: 1777 }) }))
  expect(told).toStrictEqual([
    expect.objectContaining({ client: 'mallory@WEST.TEST', serviceSid: 'S-1-5-21-1-2-3-1777' }),
  ])
})

test('a ticket of the service itself without a PAC shows no SID of its account, and nothing fails', async () => {
  const told = await toldOf(MALLORY, ownTicketOf(false))
  expect(told.map(({ kind }) => kind)).toEqual(['exchange'])
  expect(told[0]).not.toHaveProperty('serviceSid')
})

test('it has the SID of that account also when the app had its ticket identified, and of nobody else whose ticket it had', async () => {
  const told: AcceptorEvent[] = []
  const acceptor = acceptorWith({ requirePac: false, onEvent: (event) => void told.push(event) })
  const web = { client: 'HTTP/web.ad.test@AD.TEST', service: 'HTTP/web.ad.test@AD.TEST' }
  const identify = (more: IssueOptions, expected: ExpectedTicket): Promise<unknown> =>
    acceptor.identify(issue(more).ticket, 'asserted', expected)
  const sidTold = async (): Promise<string | undefined> => {
    accepted(await acceptor.accept(tokenOf(issue())))
    const event = told.at(-1)
    return event?.kind === 'exchange' ? event.serviceSid : 'no exchange'
  }
  await identify({}, { client: 'alice@AD.TEST', service: web.service })
  await identify({}, { service: web.service })
  await identify({}, {})
  expect(await sidTold()).toBeUndefined()
  await identify({ client: 'HTTP/web.ad.test', pac: { logonInfo: logonInfo({ userId: 1777 }) } }, web)
  expect(await sidTold()).toBe('S-1-5-21-1-2-3-1777')
  await identify({ client: 'HTTP/web.ad.test', pac: false, sessionKey: keyOf(9) }, web)
  expect(await sidTold()).toBe('S-1-5-21-1-2-3-1777')
})
