import { kerberosFlags, TicketFlag } from '@s4u/krb5'
import { expect, test } from 'vitest'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { isRenewable } from './ticket-renewal.js'

const renewable = kerberosFlags(TicketFlag.RENEWABLE)
const ticket = { flags: renewable, expiresAt: 1_000, renewableUntil: 2_000 }

test.each([
  ['before its end', ticket, 999, true],
  ['at its end, when a KDC takes it no more', ticket, 1_000, false],
  ['without the flag', { ...ticket, flags: kerberosFlags() }, 999, false],
  ['for no longer than it lasts anyway', { ...ticket, renewableUntil: 1_000 }, 999, false],
  ['for as long as nobody says', { flags: renewable, expiresAt: 1_000 }, 999, false],
])('a ticket can be renewed %s', (_when, of, now, can) => {
  expect(isRenewable(of as ServiceTicket, now)).toBe(can)
})
