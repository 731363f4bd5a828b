import { createAcceptor } from '@s4u/acceptor'
import { createNegotiationFor, type FetchEvent, type CreateFetchOptions } from '@s4u/fetch'
import { parseAuthorization, sealForwardedCredential } from '@s4u/gssapi'
import { createKdcClient, type KdcClient } from '@s4u/kdc-client'
import { expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

/**
 * Whom real KDCs call fit for a user's ticket-granting ticket, and what becomes of a client that
 * allows `delegation`.
 */
for (const [key, fit, unfit, sensitive] of [
  ['CORP', 'unc', 'api', 'carol'],
  ['EAST', 'deleg', 'api', 'sensitive'],
] as const) {
  await describeRealms(`delegation that a client allows, in ${key}`, [key], (info) => {
    const { services, users, kdc: at } = realmOf(info, key)

    const clientOf = (name: string): KdcClient => {
      const { principal, password } = users[name]
      return createKdcClient({ kdc: `${at.host}:${at.port}`, credentials: { principal, password } })
    }

    /** What the service gets of the user. */
    const seenBy = async (service: string, user: string, options: Partial<CreateFetchOptions> = {}) => {
      const { host, keytab, spn } = services[service]
      const client = clientOf(user)
      const events: FetchEvent[] = []
      const negotiationFor = createNegotiationFor({
        ticketFor: client.ticketFor,
        allowedImpersonationLevel: 'delegation',
        forwardTgt: async (ticket, request) =>
          sealForwardedCredential(await client.tgtToForward(request), ticket.sessionKey),
        origins: [`https://${host}`],
        onEvent: (event) => events.push(event),
        ...options,
      })
      const { authorization } = await negotiationFor(`https://${host}/`)
      const parsed = parseAuthorization(authorization)
      if (parsed.status !== 'token') throw new Error(parsed.status)
      using acceptor = createAcceptor({ keytab, service: spn, forwardedTickets: 'use' })
      const outcome = await acceptor.accept(parsed.token)
      if (outcome.status !== 'accepted') throw new Error(`${outcome.status}`)
      const { evidence, principal } = outcome.identity
      const hasTgt = evidence?.kind === 'ticket' && evidence.forwardedTgt !== undefined
      const reasons = events.flatMap((event) => (event.kind === 'not-forwarded' ? [event.reason] : []))
      return { user: principal === users[user].principal, hasTgt, reasons }
    }

    test('is given where the KDC calls the service fit for it', async () => {
      expect(await seenBy(fit, 'alice')).toEqual({ user: true, hasTgt: true, reasons: [] })
    })

    test('is impersonation where it does not, unless the app says otherwise', async () => {
      expect(await seenBy(unfit, 'alice')).toEqual({ user: true, hasTgt: false, reasons: ['service-not-trusted'] })
      expect(await seenBy(unfit, 'alice', { okAsDelegate: 'ignore' })).toEqual({
        user: true,
        hasTgt: true,
        reasons: [],
      })
    })

    test('is impersonation where the user must not be delegated', async () => {
      const seen = await seenBy(fit, sensitive)
      expect(seen).toEqual({
        user: true,
        hasTgt: false,
        reasons: [expect.stringMatching(/^user-not-delegable|service-not-trusted$/)],
      })
      const { reasons } = await seenBy(fit, sensitive, { okAsDelegate: 'ignore' })
      expect(reasons).toEqual(['user-not-delegable'])
    })
  })
}
