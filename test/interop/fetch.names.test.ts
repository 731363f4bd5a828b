import { createFetch, type FetchEvent, type CreateFetchOptions } from '@s4u/fetch'
import { createKdcClient, evidenceFromS4u2self, S4uError } from '@s4u/kdc-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { authenticate, serve, type Site } from '../stories/kerberos-backend.js'
import { createAcceptor } from '@s4u/acceptor'

/** URLs from which no name follows that a real directory knows: what is said, and that it helps. */
for (const key of ['CORP', 'EAST'] as const) {
  await describeRealms(`names of services that URLs say badly, in ${key}`, [key], (info) => {
    const { services, users, kdc: at } = realmOf(info, key)
    const kdc = `${at.host}:${at.port}`
    const { api, web } = services
    let site: Site

    beforeAll(async () => {
      const acceptor = createAcceptor({ keytab: api.keytab, service: api.spn })
      site = await serve((request, response, body) => authenticate(acceptor, request, response, body))
    })
    afterAll(() => site?.[Symbol.asyncDispose]())

    const { principal, password } = users.alice
    const alice = createKdcClient({ kdc, credentials: { principal, password } })
    const server = createKdcClient({ kdc, credentials: { keytab: web.keytab } })
    const delegated: CreateFetchOptions['ticketFor'] = async (spn) =>
      server.s4u2proxy(evidenceFromS4u2self(await server.s4u2self(principal)), spn)

    const failure = async (url: string, ticketFor: CreateFetchOptions['ticketFor']) => {
      const error: unknown = await createFetch({ ticketFor })(url).catch((reason: unknown) => reason)
      if (!S4uError.is(error)) throw new Error(`no error of ours for ${url}`)
      return error
    }

    test.each([
      ['a user', alice.ticketFor],
      ['a service that acts for one', delegated],
    ])('%s who writes localhost is told to name the service, and then gets there', async (_who, ticketFor) => {
      const { code, hint } = await failure(site.origin, ticketFor)
      expect([code, hint]).toEqual([
        'KDC_ERR_S_PRINCIPAL_UNKNOWN',
        expect.stringContaining('serviceNames: { localhost: '),
      ])
      const serviceNames = { localhost: api.spn }
      expect(await (await createFetch({ ticketFor, serviceNames })(site.origin)).text()).toBe(principal)
    })

    test('who writes a short name is told the full one, which the KDC knows', async () => {
      const [short] = api.host.split('.')
      const error = await failure(`http://${short}:${site.port}/`, alice.ticketFor)
      expect(error.code).toBe('KDC_ERR_S_PRINCIPAL_UNKNOWN')
      const [, named] = /serviceNames: \{ api: '([^']+)' \}/.exec(error.hint ?? '') ?? []
      expect(named).toBe(api.spn)
      expect((await alice.ticketFor(named)).service.name.nameString.join('/')).toBe(api.spn)
    })

    test('who writes an address gets no token, and is told of it and of what to write', async () => {
      const origin = `http://127.0.0.1:${site.port}`
      const events: FetchEvent[] = []
      const onEvent = (event: FetchEvent): void => void events.push(event)
      expect((await createFetch({ ticketFor: alice.ticketFor, onEvent })(origin)).status).toBe(401)
      expect(events).toMatchObject([
        { code: 'S4U_NO_SERVICE_NAME', hint: expect.stringContaining("serviceNames: { '127.0.0.1': ") },
      ])
      const serviceNames = { '127.0.0.1': api.spn }
      expect(await (await createFetch({ ticketFor: alice.ticketFor, serviceNames })(origin)).text()).toBe(principal)
    })
  })
}
