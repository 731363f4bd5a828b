import { expect, test } from 'vitest'
import type { AcceptorEvent } from '../events/events.js'
import { entryOf, issue, keyOf, keytabOf, SPN, tokenOf } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'

test('a ticket that an old key opens is reported once, with both versions', async () => {
  const events: AcceptorEvent[] = []
  const onEvent = (event: AcceptorEvent): void => {
    if (event.kind === 'old-key-used') events.push(event)
  }
  const acceptor = acceptorWith({ keytab: keytabOf(entryOf(SPN, 3, keyOf(3)), entryOf(SPN, 4, keyOf(4))), onEvent })
  const old = issue({ key: keyOf(3), kvno: 3 })
  const report = { kind: 'old-key-used', service: 'HTTP/web.ad.test@AD.TEST', kvno: 3, newestKvno: 4 } as const
  for (let at = 0; at < 3; at++) {
    accepted(await acceptor.accept(tokenOf(old)))
    expect(events).toEqual([report])
  }
  accepted(await acceptor.accept(tokenOf(issue({ key: keyOf(4), kvno: 4 }))))
  expect(events).toEqual([report])
})

test('the first ticket with a changed key is not refused: newer keys are looked for at once', async () => {
  let version = 1
  const acceptor = acceptorWith({ keytab: async () => keytabOf(entryOf(SPN, version, keyOf(version))) })
  await acceptor.ready()
  version = 2
  accepted(await acceptor.accept(tokenOf(issue({ key: keyOf(2), kvno: 2 }))))
})

test('where there are no newer keys, the ticket is refused for what the keys at hand have told', async () => {
  const acceptor = acceptorWith({ keytab: async () => keytabOf(entryOf(SPN, 1, keyOf(1))) })
  await acceptor.ready()
  const { error } = refused(await acceptor.accept(tokenOf(issue({ key: keyOf(2), kvno: 2 }))))
  expect(error).toMatchObject({ name: 'MissingKeyError', code: 'KRB_AP_ERR_BADKEYVER' })
})

test('a ticket that is refused for what it says costs no look for newer keys', async () => {
  let looks = 0
  const acceptor = acceptorWith({
    keytab: async () => {
      looks++
      return keytabOf()
    },
  })
  await acceptor.ready()
  const anonymous = issue({ client: 'WELLKNOWN/ANONYMOUS', pac: false })
  expect(refused(await acceptor.accept(tokenOf(anonymous))).error.code).toBe('KDC_ERR_POLICY')
  expect(looks).toBe(1)
  expect(refused(await acceptor.accept(tokenOf(issue({ key: keyOf(2), kvno: 2 })))).error.code).toBe(
    'KRB_AP_ERR_BADKEYVER',
  )
  expect(looks).toBe(2)
})
