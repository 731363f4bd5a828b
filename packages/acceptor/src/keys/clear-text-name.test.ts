import { expect, test } from 'vitest'
import { clearTextName } from './clear-text-name.js'
import type { AcceptorEvent } from '../events/events.js'
import { issue, tokenOf } from '../fixtures/issued-token.js'
import { acceptorWith, refused } from '../fixtures/outcomes.js'

const named = (...nameString: readonly string[]) => ({ ...issue().ticket, sname: { nameType: 2, nameString } })

test('a name is shown as it is', () => {
  expect(clearTextName(named('HTTP', 'bücher.ad.test'))).toBe('HTTP/bücher.ad.test@AD.TEST')
})

test('a name that would forge lines of a log, or a terminal, is shown harmless', () => {
  const shown = clearTextName(named('HTTP', 'a\r\u001B[2Jlogin of admin\u202E\u2028'))
  expect(shown).toBe('HTTP/a\\u{d}\\u{1b}[2Jlogin of admin\\u{202e}\\u{2028}@AD.TEST')
})

test('a name does not fill a log', () => {
  expect(clearTextName(named('HTTP', 'x'.repeat(10_000)))).toHaveLength(257)
})

test('refusals and events show it so', async () => {
  const events: AcceptorEvent[] = []
  const acceptor = acceptorWith({ onEvent: (event) => events.push(event) })
  const ticket = { ...issue(), ticket: named('HTTP', `evil\r\u001B[31m${'x'.repeat(9_000)}`) }
  const { encPart } = ticket.ticket
  const unknown = { ...ticket.ticket, encPart: { ...encPart, cipher: encPart.cipher.map((octet) => octet ^ 1) } }
  const { error } = refused(await acceptor.accept(tokenOf({ ...ticket, ticket: unknown })))
  expect(error.code).toBe('KRB_AP_ERR_NOT_US')
  for (const text of [error.message, JSON.stringify(events)]) {
    expect(text).toMatch(/evil\\+u\{d\}\\+u\{1b\}\[31m/)
    expect(text.length).toBeLessThan(3_000)
  }
})
