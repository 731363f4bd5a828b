import { TicketFlag } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { ExpectedTicket } from './expected-ticket.js'
import { entryOf, issue, keyOf, keytabOf, logonInfo, SERVICE_KEY, SPN } from '../fixtures/issued-token.js'
import { acceptorWith } from '../fixtures/outcomes.js'

const OTHERS = keyOf(40)
/** One account with its SPN, and another one whose SPN is served here too. */
const keytab = keytabOf(
  entryOf('svc-web', 2, SERVICE_KEY),
  entryOf(SPN, 2, SERVICE_KEY),
  entryOf(SPN, 1, keyOf(41)),
  entryOf('svc-intranet', 5, OTHERS),
  entryOf('HTTP/intranet.ad.test', 5, OTHERS),
)
const accountOf = (effectiveName: string) => ({ logonInfo: logonInfo({ effectiveName }) })
const bob = { client: 'bob', pac: accountOf('bob'), sessionKey: keyOf(7), flags: [TicketFlag.FORWARDABLE] }
const asked: ExpectedTicket = { client: 'bob@AD.TEST', service: 'svc-web@AD.TEST', sessionKey: keyOf(7) }
const identify = (ticket: Parameters<typeof issue>[0], expected: ExpectedTicket) =>
  acceptorWith({ keytab }).identify(issue({ ...bob, ...ticket }).ticket, 'asserted', expected)

describe('a ticket that the service asked for in a user’s name', () => {
  test.each<[string, ExpectedTicket]>([
    ['by its account', asked],
    ['by its SPN', { ...asked, service: `${SPN}@AD.TEST` }],
    ['by nothing that is compared', {}],
  ])('is taken when it is what was asked for, %s', async (_how, expected) => {
    expect((await identify({ kvno: 2 }, expected)).principal).toBe('bob@AD.TEST')
  })

  test.each<[string, Parameters<typeof issue>[0], RegExp]>([
    ['names another user', { client: 'mallory' }, /names mallory@AD.TEST, and bob@AD.TEST was asked for/],
    ['names a user of another realm', { realm: 'EVIL.TEST' }, /names bob@EVIL.TEST/],
    ['has another session key', { sessionKey: keyOf(8) }, /session key/],
    ['has a session key of another type', { sessionKey: keyOf(7, 17) }, /session key/],
    ['opens with the key of another account', { key: OTHERS, kvno: 5 }, /key of HTTP\/intranet.ad.test@AD.TEST/],
    ['opens with a key that the account never had', { key: keyOf(41), kvno: 1 }, /key of HTTP\/web.ad.test@AD.TEST/],
  ])('is refused when it %s', async (_what, ticket, message) => {
    await expect(identify(ticket, asked)).rejects.toMatchObject({
      name: 'RejectedTokenError',
      code: 'KRB_AP_ERR_BADMATCH',
      message: expect.stringMatching(message),
      hint: 'Something between here and the KDC has put another ticket into its reply.',
    })
  })

  test('is compared each time, also when it had been opened before', async () => {
    const acceptor = acceptorWith({ keytab })
    const { ticket } = issue({ ...bob, client: 'mallory', pac: accountOf('mallory') })
    for (let time = 0; time < 3; time++) {
      expect((await acceptor.identify(ticket, 'asserted', { client: 'mallory@AD.TEST' })).name).toBe('mallory')
      await expect(acceptor.identify(ticket, 'asserted', asked)).rejects.toMatchObject({ code: 'KRB_AP_ERR_BADMATCH' })
    }
  })

  test('is one identity each time, and another one where the user is known in another way', async () => {
    const acceptor = acceptorWith({ keytab })
    const { ticket } = issue(bob)
    const first = await acceptor.identify(ticket, 'asserted', asked)
    expect(await acceptor.identify(ticket, 'asserted', asked)).toEqual(first)
    const byForm = await acceptor.identify(ticket, 'form', { origin: 'presented' })
    expect(byForm.authenticationMethod).toBe('form')
    expect(await acceptor.identify(ticket, 'form', { origin: 'presented' })).toBe(byForm)
    expect(await acceptor.identify(ticket, 'certificate', { origin: 'presented' })).toMatchObject({
      principal: 'bob@AD.TEST',
      authenticationMethod: 'certificate',
    })
  })
})
