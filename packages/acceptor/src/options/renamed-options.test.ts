import { expect, test } from 'vitest'
import type { AcceptorEvent } from '../events/events.js'
import { acceptorWith } from '../fixtures/outcomes.js'

test('ticketCacheSize still is what openedTicketCacheSize is, and is told with the new name', async () => {
  const events: AcceptorEvent[] = []
  acceptorWith({ ticketCacheSize: 0, onEvent: (event) => void events.push(event) })
  expect(events).toEqual([
    {
      kind: 'notice',
      level: 'warn',
      code: 'S4U_OLD_NAME_TICKET_CACHE_SIZE',
      message: 'createAcceptor: the option ticketCacheSize is now called openedTicketCacheSize',
      hint: 'Write openedTicketCacheSize. The old name works in 0.2, and no longer after it.',
    },
  ])
  expect(() => acceptorWith({ ticketCacheSize: -1 })).toThrow(
    'openedTicketCacheSize must be a whole number from 0 to 1000000, not -1',
  )
})

test('the new name is told of by nobody', () => {
  const events: AcceptorEvent[] = []
  acceptorWith({ openedTicketCacheSize: 0, onEvent: (event) => void events.push(event) })
  expect(events).toEqual([])
})

test('both names at once are refused', () => {
  expect(() => acceptorWith({ ticketCacheSize: 5, openedTicketCacheSize: 5 })).toThrow(
    'createAcceptor: ticketCacheSize is the old name of openedTicketCacheSize, and both are given',
  )
})
