import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { negotiate } from '@s4u/express'
import { Connections, createFetch } from '@s4u/fetch'
import { createGateway, type Gateway, type GatewayConfig } from '@s4u/gateway'
import { createKdcClient } from '@s4u/kdc-client'
import { IMPERSONATE_CHANNEL, type SignInSource } from '@s4u/negotiate'
import { certificate, digest, form, passcode } from '@s4u/sign-in'
import express from 'express'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { realmOf, run } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { Authority } from '../../stories/fixtures/authority.js'
import { type Apache, startApache } from '../peers/apache.js'

/**
 * What "About Kerberos constrained delegation" of Forefront TMG promises (Microsoft, 2009),
 * sentence by sentence, on a real Samba domain and on MIT's KDC, with Apache (mod_auth_gssapi) and
 * an app of our own inside.
 */
for (const key of ['CORP', 'NEWCORP', 'EAST'] as const)
  await describeRealms(
    `the gateway in front of ${key} does what Forefront TMG did:`,
    [key, 'apache', 'mit-clients'],
    (info) => {
      const realm = realmOf(info, key)
      const domain = realm.name.toLowerCase()
      const isMit = realm.kind !== 'samba'
      /** In Active Directory a flag of the account, with MIT `-allow_forwardable`. */
      const sensitive = isMit ? 'sensitive' : 'carol'
      const { web, kcd, api } = realm.services
      const kdc = `${realm.kdc.host}:${realm.kdc.port}`
      const [outside, kerberosOnly, inner] = [76, 77, 78].map((number) => `${info.block}.${number}`)
      const authority = new Authority('CN=People')
      const connections = new Connections()
      /** What the inner app was sent. */
      const seen: string[] = []
      const events: Readonly<Record<string, unknown>>[] = []
      const impersonations: Readonly<Record<string, unknown>>[] = []
      const onAlert = (event: unknown) => {
        const told = event as Readonly<Record<string, unknown>>
        if (told.kind === 'alert') events.push(told)
      }
      const onTicket = (event: unknown) => void impersonations.push(event as Readonly<Record<string, unknown>>)
      let apache: Apache
      let app: Server
      let gateway: Gateway
      let withoutTransition: Gateway

      beforeAll(async () => {
        apache = await startApache({ address: inner, keytab: api.keytab, krb5Config: info.krb5Config })
        app = createServer({ maxHeaderSize: 131_072 }, innerApp()).listen(8081, inner)
        await once(app, 'listening')
        gateway = createGateway(configOf(outside, web.keytab, web.principal))
        withoutTransition = createGateway(configOf(kerberosOnly, kcd.keytab, kcd.principal))
        await Promise.all([gateway.listen(), withoutTransition.listen()])
        subscribe('s4u:gateway', onAlert)
        subscribe(IMPERSONATE_CHANNEL, onTicket)
      })
      afterAll(async () => {
        unsubscribe('s4u:gateway', onAlert)
        unsubscribe(IMPERSONATE_CHANNEL, onTicket)
        await connections[Symbol.asyncDispose]()
        await Promise.all([gateway?.stop(), withoutTransition?.stop()])
        app?.close()
        await apache?.[Symbol.asyncDispose]()
      })
      beforeEach(() => {
        for (const list of [seen, events, impersonations]) list.splice(0)
      })

      const ways: readonly SignInSource[] = [
        form({ requireTls: false }),
        digest({
          realm: domain,
          requireTls: false,
          secretFor: ({ user }) => (user === 'alice' ? { password: 'looking glass' } : undefined),
        }),
        certificate({
          ca: authority.certificate.pem,
          // MIT's KDC knows no user principal names.
          mapping: isMit ? ({ upns: [upn] }) => upn.split('@')[0] : 'upn',
          weakMappings: ['upn'],
          revocation: 'off',
          requireTls: false,
          proxy: { from: '127.0.0.1', header: 'x-client-cert', format: 'pem' },
        }),
      ]
      const codes = passcode({ requireTls: false, verify: ({ code }) => code.startsWith('4711') })

      function configOf(
        address: string,
        keytab: string,
        principal: string,
        signIn: readonly (SignInSource | 'form' | 'basic')[] = ways,
      ): GatewayConfig {
        const to = `http://${inner}:8080`
        const own = `http://${inner}:8081`
        const service = `http/api.${domain}`
        return {
          kerberos: {
            ...{ keytab, principal, kdc, krb5Config: info.krb5Config, protocolTransition: true },
            negotiator: { signInOptions: { attempts: { pace: 0 } } },
          },
          signIn: signIn.map((way) => (typeof way === 'string' ? way : { source: { source: way } })),
          session: { secure: false, keys: ['of all instances of this gateway, 32 characters'] },
          listeners: { address: `${address}:8080`, plain: true },
          operation: { alerts: 'off' },
          sites: [
            { name: 'apache', hosts: address, paths: ['/plain', '/basic'], to, delegation: { service } },
            { name: 'app', hosts: address, to: own, delegation: { service } },
            {
              name: 'old',
              hosts: address,
              paths: '/old',
              to: own,
              signIn: ['form', 'basic'],
              delegation: { as: 'basic', passwordInClear: true },
            },
            {
              name: 'vault',
              hosts: address,
              paths: '/vault',
              to: own,
              delegation: { service: `http/vault.${domain}` },
            },
            {
              name: 'nobody',
              hosts: address,
              paths: '/nobody',
              to: own,
              delegation: { service: `http/nobody.${domain}` },
            },
          ],
        } as GatewayConfig
      }

      function innerApp() {
        const site = express()
        site.use((request, _response, next) => {
          seen.push(request.headers.authorization ?? 'nothing')
          next()
        })
        site.get('/app/failure', (_request, response) => {
          response.status(401).set('WWW-Authenticate', 'Negotiate').send('Orders: your account is closed until May.')
        })
        site.get('/app/ntlm', (_request, response) => {
          response.status(401).set('WWW-Authenticate', ['NTLM', 'Basic realm="old"']).send('Orders: NTLM only.')
        })
        site.get('/old', (request, response) => {
          const { authorization = '' } = request.headers
          const [scheme, value = ''] = authorization.split(' ')
          if (scheme === 'Basic') return void response.send(Buffer.from(value, 'base64').toString())
          response.status(401).set('WWW-Authenticate', 'Basic realm="old"').send('Old: who are you?')
        })
        site.use(negotiate({ keytab: api.keytab, kdc, delegation: { principal: api.principal } }))
        site.get('/app/payroll', (request, response) => {
          const may = request.identity.principal === `alice@${realm.name}`
          response.status(may ? 200 : 403).send(may ? 'Payroll' : 'Payroll: not for you.')
        })
        site.get('/app/back-end', async (request, response) => {
          using as = request.identity.impersonate()
          const ticket = await as.ticketFor(realm.services.data.spn)
          response.json({ client: ticket.client.name.nameString, service: ticket.service.name.nameString })
        })
        site.use((request, response) => {
          const { principal, delegatedBy } = request.identity
          response.json({ principal, delegatedBy })
        })
        return site
      }

      interface Visit {
        readonly at?: string
        readonly headers?: Readonly<Record<string, string>>
        readonly body?: string
      }

      async function visit(path: string, { at = outside, headers = {}, body }: Visit = {}) {
        const method = body === undefined ? 'GET' : 'POST'
        const asked = httpRequest({ host: at, port: 8080, path, method, headers, agent: false }).end(body)
        const [response] = await once(asked, 'response')
        const cookies: string[] = (response.headers['set-cookie'] ?? []).map((line: string) => line.split(';')[0])
        return { status: response.statusCode as number, headers: response.headers, cookies, body: await text(response) }
      }

      /** Signs in by a page, as a browser does, and returns the cookies. */
      async function byForm(user: string, more: Readonly<Record<string, string>>, at = outside, page = 'sign-in') {
        const path = `/.s4u/${page}`
        const shown = await visit(`${path}?next=/plain`, { at, headers: { accept: 'text/html' } })
        const token = /name="token" value="([^"]*)"/.exec(shown.body)?.[1] ?? ''
        const fields = { user, token, next: '/plain', computer: 'private', ...more }
        const headers = {
          'content-type': 'application/x-www-form-urlencoded',
          cookie: shown.cookies.join('; '),
          origin: `http://${at}:8080`,
        }
        const answer = await visit(path, { at, headers, body: new URLSearchParams(fields).toString() })
        expect([answer.status, answer.headers.location]).toEqual([303, '/plain'])
        return answer.cookies.join('; ')
      }

      const password = (name: string, at?: string) => byForm(name, { password: realm.users[name].password }, at)

      function cardOf(user: string): Readonly<Record<string, string>> {
        const { pem } = authority.issue({ subject: `CN=${user}`, upns: [`${user}@${domain}`] })
        return { 'x-client-cert': encodeURIComponent(pem) }
      }

      /** A member of the domain, at a desktop. */
      function desktop(name: string, at = outside) {
        const { principal, password: secret } = realm.users[name]
        const client = createKdcClient({ kdc, credentials: { principal, password: secret } })
        const service = at === kerberosOnly ? kcd : web
        return createFetch({ ticketFor: client.ticketFor, connections, serviceNames: { [at]: service.spn } })
      }

      const asAlice = `alice@${realm.name}`

      describe('authentication outside', () => {
        test('“Forefront TMG … must authenticate clients … to prevent attacks from anonymous and unauthorized users.”', async () => {
          for (const path of ['/plain', '/app', '/app/ntlm']) {
            const { status, headers } = await visit(path)
            expect([status, [headers['www-authenticate']].flat().join()]).toEqual([
              401,
              expect.stringContaining('Negotiate'),
            ])
          }
          expect(seen).toEqual([])
        })

        test.each([
          [
            'Digest authentication',
            async () => {
              const { stdout } = await run('curl', [
                '-s',
                '--digest',
                '-u',
                'alice:looking glass',
                `http://${outside}:8080/plain`,
              ])
              return stdout
            },
          ],
          ['Integrated authentication', async () => (await desktop('alice')(`http://${outside}:8080/plain`)).text()],
          [
            'SSL client certificate authentication',
            async () => (await visit('/plain', { headers: cardOf('alice') })).body,
          ],
          [
            'Forms-based authentication with user name/password credentials',
            async () => {
              const cookie = await password('alice')
              return (await visit('/plain', { headers: { cookie } })).body
            },
          ],
        ])('“Forefront TMG can delegate client credentials that are supplied for … %s”', async (_, answer) => {
          expect((await answer()).trim()).toBe(`${asAlice} Negotiate`)
        })

        test('“… Forms-based authentication with user passcode”', async () => {
          const at = `${info.block}.79`
          await using other = createGateway(configOf(at, web.keytab, web.principal, [codes]))
          await other.listen()
          const cookie = await byForm('alice', { code: '4711 08' }, at, 'passcode')
          expect((await visit('/plain', { at, headers: { cookie } })).body.trim()).toBe(`${asAlice} Negotiate`)
        })

        test('“… Basic authentication”', async () => {
          const at = `${info.block}.80`
          await using other = createGateway(configOf(at, web.keytab, web.principal, ['basic']))
          await other.listen()
          const authorization = `Basic ${Buffer.from(`alice:${realm.users.alice.password}`).toString('base64')}`
          expect((await visit('/plain', { at, headers: { authorization } })).body.trim()).toBe(`${asAlice} Negotiate`)
          expect(seen).toEqual([])
        })

        test('“Forefront TMG can pass user credentials directly to a Web published server only when these credentials are received using Basic authentication or HTTP forms-based authentication.”', async () => {
          const typed = `alice:${realm.users.alice.password}`
          const authorization = `Basic ${Buffer.from(typed).toString('base64')}`
          expect((await visit('/old', { headers: { authorization } })).body).toBe(typed)
          const at = `${info.block}.81`
          await using other = createGateway(configOf(at, web.keytab, web.principal, ['form', 'basic']))
          await other.listen()
          const cookie = await byForm('alice', { password: realm.users.alice.password }, at)
          expect((await visit('/old', { at, headers: { cookie } })).body).toBe(typed)
          seen.splice(0)
          const withTicket = await desktop('bob', at)(`http://${at}:8080/old`, { headers: { accept: 'text/html' } })
          expect([withTicket.status, await withTicket.text()]).toEqual([
            401,
            expect.stringContaining('Please sign in again'),
          ])
          expect(seen).toEqual([])
        })

        test('“Kerberos constrained delegation eliminates the need for requiring users to provide credentials twice.”', async () => {
          const cookie = await password('bob')
          for (const path of ['/plain', '/app/x', '/plain'])
            expect((await visit(path, { headers: { cookie } })).body).toContain(`bob@${realm.name}`)
        })
      })

      describe('protocol transition', () => {
        test('“it can impersonate the user and obtain a Kerberos service ticket”, “when Forefront TMG knows only the user name”', async () => {
          await visit('/app', { headers: cardOf('bob') })
          expect(impersonations).toContainEqual(
            expect.objectContaining({
              outcome: 'issued',
              target: `HTTP/api.${domain}`,
              evidence: 's4u2self',
              transitedServices: expect.anything(),
            }),
          )
        })

        test('“Because the user was not authenticated by Kerberos, the user token is not associated with a Kerberos service ticket.” A user who was needs none.', async () => {
          expect((await desktop('alice', kerberosOnly)(`http://${kerberosOnly}:8080/plain`)).status).toBe(200)
          expect(impersonations.map(({ evidence }) => evidence)).toEqual(['presented'])
        })

        test('“the account … must be configured … to allow Kerberos constrained delegation to any authentication protocol”', async () => {
          const answer = await visit('/plain', {
            at: kerberosOnly,
            headers: { ...cardOf('alice'), accept: 'text/html' },
          })
          expect([answer.status, answer.body]).toEqual([
            403,
            expect.stringContaining('This application cannot be opened yet'),
          ])
          expect(events).toEqual([
            expect.objectContaining({
              code: 'KDC_ERR_BADOPTION',
              hint: expect.stringContaining('TRUSTED_TO_AUTH_FOR_DELEGATION'),
            }),
          ])
        })

        test('“the impersonated user account must not be marked as a sensitive account that cannot be delegated”', async () => {
          const cookie = await password(sensitive)
          const answer = await visit('/plain', { headers: { cookie, accept: 'text/html', 'accept-language': 'de' } })
          expect([answer.status, answer.body]).toEqual([
            403,
            expect.stringContaining('<h1>Ihr Konto ist geschützt</h1>'),
          ])
          expect(answer.body).not.toMatch(/carol|sensitive|NOT_DELEGATED|svc-|KDC/)
          expect(events).toEqual([
            expect.objectContaining({ code: 'KDC_ERR_BADOPTION', message: expect.stringContaining(sensitive) }),
          ])
        })
      })

      describe('constrained delegation', () => {
        test('“a restricted list of other services”: a target that is not listed is refused, and the directory’s setting named', async () => {
          const answer = await desktop('alice')(`http://${outside}:8080/vault`, { headers: { accept: 'text/html' } })
          expect(answer.status).toBe(403)
          expect(await answer.text()).not.toMatch(/vault\.|msDS/)
          expect(events).toEqual([
            expect.objectContaining({ site: 'vault', hint: expect.stringContaining('msDS-AllowedToDelegateTo') }),
          ])
          expect(seen).toEqual([])
        })

        test('“The SPN for the target service on the Web server must be registered”', async () => {
          const answer = await desktop('alice')(`http://${outside}:8080/nobody`)
          expect(answer.status).toBeGreaterThanOrEqual(403)
          expect(events.at(-1)).toMatchObject({
            site: 'nobody',
            message: expect.stringContaining(`HTTP/nobody.${domain}`),
          })
          expect(seen).toEqual([])
        })

        test('“The syntax of an SPN is service_class/host_name:port”; the host name “must be included in the SPNs used by Forefront TMG”', () => {
          for (const service of ['http', 'http/', '/api', 'api.corp.test', 'http/*.corp.test']) {
            const config = configOf(outside, web.keytab, web.principal)
            const sites = [{ hosts: 'x.test', to: 'http://x.corp.test', delegation: { service } }]
            expect(() => createGateway({ ...config, sites } as GatewayConfig)).toThrow(
              /sites\[0\]\.delegation\.service/,
            )
          }
        })

        test('“SPNs should be defined only for servers that are published”: the gateway asks for no other, whatever the directory lists', async () => {
          const at = `${info.block}.82`
          const config = configOf(at, web.keytab, web.principal)
          const kerberos = { ...config.kerberos, targets: [`http/orders.${domain}`] }
          await using other = createGateway({ ...config, kerberos })
          await other.listen()
          const answer = await visit('/app', { at, headers: cardOf('alice') })
          expect([answer.status, seen]).toEqual([403, []])
          expect(events).toEqual([
            expect.objectContaining({ code: 'KDC_ERR_POLICY', message: expect.stringContaining(`HTTP/api.${domain}`) }),
          ])
        })

        test('“The Kerberos service ticket to the published service can be used by the Web server to obtain additional service tickets to other services on behalf of the same user.”', async () => {
          const answer = await visit('/app/back-end', { headers: cardOf('alice') })
          expect(JSON.parse(answer.body)).toEqual({ client: ['alice'], service: realm.services.data.spn.split('/') })
          const { body } = await visit('/app', { headers: cardOf('alice') })
          expect(JSON.parse(body)).toEqual({
            principal: asAlice,
            delegatedBy: [expect.stringMatching(/^(?:HTTP\/web\.\w+\.test|svc-web)@/)],
          })
        })

        test('“The access of a service ticket to a target service is limited to the access granted to the user”', async () => {
          const answers = [
            await visit('/app/payroll', { headers: cardOf('alice') }),
            await visit('/app/payroll', { headers: cardOf('bob') }),
          ]
          expect(answers.map(({ status, body }) => [status, body])).toEqual([
            [200, 'Payroll'],
            [403, 'Payroll: not for you.'],
          ])
        })
      })

      describe('each request', () => {
        test('“Credentials are delegated to the published server for each request when Kerberos constrained delegation is used.”', async () => {
          const cookie = await password('alice')
          for (let count = 0; count < 3; count++) await visit('/app', { headers: { cookie } })
          expect(seen).toHaveLength(3)
          expect(new Set(seen).size).toBe(3)
          for (const one of seen) expect(one).toMatch(/^Negotiate [\w+/=]{1000,}$/)
        })

        test('“If authentication fails, Forefront TMG provides the server’s failure notice to the client.”', async () => {
          const answer = await visit('/app/failure', { headers: cardOf('alice') })
          expect([answer.status, answer.body]).toEqual([401, 'Orders: your account is closed until May.'])
          // What a browser would answer to the challenge ends at the gateway.
          expect(answer.headers['www-authenticate']).toBeUndefined()
          expect(seen.length).toBeGreaterThan(0)
          expect(events).toEqual([])
        })

        test.each([
          ['/app/ntlm', 'Orders: NTLM only.', 'NTLM or Basic', 'app'],
          ['/basic', '401 Unauthorized', 'Basic', 'apache'],
        ])(
          '“If the server requires a different type of credentials, a Forefront TMG alert is triggered.” (%s)',
          async (path, notice, schemes, site) => {
            const answer = await visit(path, { headers: cardOf('alice') })
            expect([answer.status, answer.body]).toEqual([401, expect.stringContaining(notice)])
            expect(answer.headers['www-authenticate']).toBeUndefined()
            expect(events).toEqual([
              expect.objectContaining({
                kind: 'alert',
                code: 'S4U_OTHER_SCHEME',
                site,
                message: expect.stringMatching(new RegExp(`for ${asAlice}, and wants ${schemes}$`)),
              }),
            ])
          },
        )

        if (isMit)
          test('“Kerberos authentication depends on UDP packets, which are commonly fragmented.” A KDC whose answers fit into none is asked by TCP.', async () => {
            const at = `${info.block}.83`
            const { host, port } = realm.cappedKdc ?? realm.kdc
            const config = configOf(at, web.keytab, web.principal)
            await using other = createGateway({ ...config, kerberos: { ...config.kerberos, kdc: `${host}:${port}` } })
            await other.listen()
            const { body } = await visit('/app', { at, headers: cardOf('alice') })
            expect(JSON.parse(body)).toMatchObject({ principal: asAlice })
          })
        else
          test('“Kerberos authentication depends on UDP packets, which are commonly fragmented.” The ticket of a user in 200 groups comes through.', async () => {
            const { body } = await visit('/app', { headers: cardOf('grouper') })
            expect(JSON.parse(body)).toMatchObject({ principal: `grouper@${realm.name}` })
          })
      })
    },
  )
