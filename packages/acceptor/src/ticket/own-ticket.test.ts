import type { Ticket } from '@s4u/krb5'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import type { AcceptorEvent } from '../events/events.js'
import { issue, logonInfo, tokenOf } from '../fixtures/issued-token.js'
import { accepted, acceptorWith } from '../fixtures/outcomes.js'

/**
 * How the ticket to ourselves is asked for; what is learned from it is in
 * pac-authority/believed-pac.test.ts.
 */

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/**
 * A user of another realm comes before anything is known, so that the ticket is worth asking for.
 */
async function foreignerComes(options: AcceptorOptions): Promise<AcceptorEvent[]> {
  const events: AcceptorEvent[] = []
  const acceptor = acceptorWith({ ...options, onEvent: (event) => void events.push(event) })
  const pac = { logonInfo: logonInfo({ logonDomainId: 'S-1-5-21-7-7-7' }) }
  accepted(await acceptor.accept(tokenOf(issue({ client: 'mallory', realm: 'WEST.TEST', pac }))))
  return events.filter(({ kind }) => kind === 'own-ticket-failed')
}

test('where there is no way to get one, nothing has failed', async () => {
  expect(await foreignerComes({})).toEqual([])
})

test('one that does not come in time is no longer waited for, and whoever gets it is told', async () => {
  let told: unknown
  const ownTicket = (signal: AbortSignal): Promise<Ticket> => {
    signal.addEventListener('abort', () => (told = signal.reason))
    return new Promise(() => {})
  }
  const coming = foreignerComes({ ownTicket })
  await vi.advanceTimersByTimeAsync(4_999)
  expect(told).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1)
  const late = { code: 'S4U_TIMEOUT', message: 'no ticket of our own within 5000 ms' }
  expect(await coming).toEqual([expect.objectContaining(late)])
  expect(told).toMatchObject({ name: 'RejectedTokenError', ...late })
})

test('no timer is left behind when it has come', async () => {
  const ownTicket = async (): Promise<Ticket> => issue({ client: 'svc-web' }).ticket
  expect(await foreignerComes({ ownTicket })).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})
