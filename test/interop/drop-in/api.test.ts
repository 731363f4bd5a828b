import { initializeServer } from '@s4u/kerberos'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinit, type Login, realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { type Apache, startApache } from '../peers/apache.js'
import { implementations, type Kerberos, refusal, useEnvironment } from './implementations.js'

/**
 * Every behaviour of the API of npm `kerberos` 7, on a KDC of MIT: of the native package, and of
 * ours. Where ours does more, or does what the native package promises and does not do, is in
 * `additions.test.ts`.
 */
const SUITE = 'the API of npm kerberos'
const both = await implementations(SUITE)

await describeRealms(SUITE, ['EAST', 'apache', 'mit-clients'], (info) => {
  const { web, api } = realmOf(info, 'EAST').services
  const SERVICE = `HTTP@${web.host}`
  let environment: Disposable
  let login: Login
  let apache: Apache

  beforeAll(async () => {
    login = await kinit(info, 'EAST', 'alice')
    apache = await startApache({ address: `${info.block}.74`, keytab: web.keytab, krb5Config: info.krb5Config })
    environment = useEnvironment({ ...login.environment, KRB5_KTNAME: web.keytab, KRB5_CLIENT_KTNAME: undefined })
  })
  afterAll(async () => {
    environment?.[Symbol.dispose]()
    await apache?.[Symbol.asyncDispose]()
  })

  for (const { name, kerberos } of both) {
    describe(name, () => {
      const pair = async (options?: object, accepting = SERVICE) => ({
        client: await kerberos.initializeClient(SERVICE, options),
        server: await kerberos.initializeServer(accepting),
      })
      /** Both sides, established. */
      const established = async (options?: object, accepting?: string) => {
        const { client, server } = await pair(options, accepting)
        const first = await client.step('')
        const last = await client.step(await server.step(first))
        return { client, server, first, last }
      }

      test('exports four functions and the numbers of RFC 2744', () => {
        expect(Object.fromEntries(Object.entries(kerberos).filter(([key]) => key.startsWith('GSS_')))).toEqual(NUMBERS)
        expect(kerberos.definedNapiVersion()).toBe('9')
        expect(kerberos.version).toMatch(/^7\.\d+\.\d+$/)
      })

      test('has nothing to say before the first step', async () => {
        const { client, server } = await pair()
        const { username, response, responseConf, contextComplete } = client
        expect({ username, response, responseConf, contextComplete }).toEqual({
          ...{ username: null, response: null, responseConf: 0, contextComplete: false },
        })
        expect([server.username, server.response, server.targetName, server.contextComplete]).toEqual([
          null,
          null,
          null,
          false,
        ])
      })

      test('both sides know each other after two tokens, and the last step is null', async () => {
        const { client, server } = await pair({})
        const first = await client.step('')
        expect([client.contextComplete, client.response, client.username]).toEqual([false, first, null])
        const second = await server.step(first)
        expect([server.contextComplete, server.response, server.username]).toEqual([true, second, 'alice@EAST.TEST'])
        expect(await client.step(second)).toBe(null)
        expect([client.contextComplete, client.response, client.username]).toEqual([true, null, 'alice@EAST.TEST'])
        expect(server.targetName).toBe(null)
      })

      test('the mechanism is Kerberos without SPNEGO, unless SPNEGO is asked for', async () => {
        const start = async (options?: object) => {
          const client = await kerberos.initializeClient(SERVICE, options)
          return Buffer.from(await client.step(''), 'base64').toString('hex')
        }
        const KRB5 = /^6082....06092a864886f712010202/
        expect(await start()).toMatch(KRB5)
        expect(await start({ mechOID: kerberos.GSS_C_NO_OID })).toMatch(KRB5)
        expect(await start({ mechOID: kerberos.GSS_MECH_OID_KRB5 })).toMatch(KRB5)
        expect(await start({ mechOID: kerberos.GSS_MECH_OID_SPNEGO })).toMatch(/^6082....06062b0601050502/)
      })

      test('SPNEGO ends after two tokens too', async () => {
        const { client, last } = await established({ mechOID: 6 })
        expect([client.contextComplete, last]).toEqual([true, null])
      })

      test('without flags nobody waits for a proof of the service', async () => {
        const { client, server } = await pair({ flags: 0 })
        const token = await client.step('')
        expect([client.contextComplete, client.username]).toEqual([true, 'alice@EAST.TEST'])
        expect(await server.step(token)).toBe(null)
        expect(server.contextComplete).toBe(true)
      })

      test('without flags, SPNEGO still waits for an answer', async () => {
        const { client, server } = await pair({ flags: 0, mechOID: 6 })
        const answer = await server.step(await client.step(''))
        expect([answer === null, client.contextComplete]).toEqual([false, false])
        expect([await client.step(answer), client.contextComplete]).toEqual([null, true])
      })

      test('without a name, any key of the keytab accepts, and the server says which', async () => {
        const { server } = await established({}, '')
        expect(server.targetName).toBe(`${web.spn}@EAST.TEST`)
      })

      test('a service without a host is that of any host of the keytab', async () => {
        const { server } = await established({}, 'HTTP')
        expect([server.username, server.targetName]).toEqual(['alice@EAST.TEST', null])
      })

      test.each(['GSS_MECH_OID_KRB5', 'GSS_MECH_OID_SPNEGO'] as const)(
        'a web server of Apache takes %s, and proves itself',
        async (mechanism) => {
          const url = `${apache.plain}/plain`
          expect((await fetch(url)).headers.get('www-authenticate')).toBe('Negotiate')
          const client = await kerberos.initializeClient(SERVICE, { mechOID: kerberos[mechanism] })
          const answer = await fetch(url, { headers: { authorization: `Negotiate ${await client.step('')}` } })
          expect([answer.status, (await answer.text()).trim()]).toEqual([200, 'alice@EAST.TEST Negotiate'])
          const [scheme, token] = answer.headers.get('www-authenticate')?.split(' ') ?? []
          expect(scheme).toBe('Negotiate')
          expect([await client.step(token), client.contextComplete]).toEqual([null, true])
        },
      )

      describe('SASL', () => {
        test('the choice has no layer, the size of the offer, and the user', async () => {
          const client = await kerberos.initializeClient(SERVICE)
          const server = await initializeServer(SERVICE) // that of npm kerberos opens no messages
          await client.step(await server.step(await client.step('')))
          const choice = await client.wrap(Buffer.from('0700ffff', 'hex').toString('base64'), { user: 'bob' })
          expect(client.response).toBe(choice)
          expect(Buffer.from(await server.unwrap(choice), 'base64').toString('hex')).toBe('0100ffff626f62')
          expect(server.responseConf).toBe(0)
        })

        test.each([[undefined], [{}], [{ protect: false }], [{ protect: true }]])('wraps with %j', async (options) => {
          const { client } = await established()
          expect(await client.wrap('AQIDBA==', options)).toMatch(/^[A-Za-z0-9+/]{40,}={0,2}$/)
        })

        test('a text that is not base64 to its end is wrapped all the same', async () => {
          const { client } = await established()
          expect(await client.wrap('challenge')).toMatch(/^[A-Za-z0-9+/]+={0,2}$/)
        })
      })

      describe('arguments of a wrong type are refused', () => {
        const wrong = <T>(value: unknown): T => value as T

        test.each<[string, (k: Kerberos) => Promise<unknown>]>([
          ['parameter `service` must be a string.', (k) => k.initializeClient(wrong(undefined))],
          ['parameter `service` must be a string.', (k) => k.initializeServer(wrong(5))],
          ['parameter `service` must be a string.', (k) => k.principalDetails(wrong(3), 'foo')],
          ['parameter `hostname` must be a string.', (k) => k.principalDetails('foo', wrong(3))],
          ['parameter `username` must be a string.', (k) => k.checkPassword(wrong(3), 'password', 'service')],
          ['parameter `password` must be a string.', (k) => k.checkPassword('username', wrong(3), 'service')],
          ['parameter `service` must be a string.', (k) => k.checkPassword('username', 'password', wrong(3))],
          [
            'if specified, parameter `defaultRealm` must be a string.',
            (k) => k.checkPassword('username', 'password', 'service', wrong(3)),
          ],
          ['parameter `challenge` must be a string.', async (k) => (await k.initializeClient(SERVICE)).step(wrong(3))],
          ['parameter `challenge` must be a string.', async (k) => (await k.initializeClient(SERVICE)).wrap(wrong(3))],
          [
            'parameter `challenge` must be a string.',
            async (k) => (await k.initializeClient(SERVICE)).unwrap(wrong(3)),
          ],
          ['parameter `challenge` must be a string.', async (k) => (await k.initializeServer(SERVICE)).step(wrong(3))],
        ])('%s', async (message, call) => {
          expect(await refusal(call(kerberos))).toBe(`TypeError: ${message}`)
        })

        test('options that are null, and a protect that is no boolean', async () => {
          expect(await refusal(kerberos.initializeClient(SERVICE, wrong(null)))).toMatch(/^TypeError: /)
          const { client } = await established()
          expect(await refusal(client.wrap('AQIDBA==', wrong({ protect: 'yes' })))).toBe(
            'TypeError: options.protect must be a boolean.',
          )
        })
      })

      describe('what goes wrong is said in the words of MIT', () => {
        const FAILURE = 'Unspecified GSS failure.  Minor code may provide more information: '
        const NO_CRED = 'No credentials were supplied, or the credentials were unavailable or inaccessible: '

        test('of a service that the KDC does not know', async () => {
          const client = await kerberos.initializeClient('HTTP@nowhere.east.test')
          expect(await refusal(client.step(''))).toBe(
            `${FAILURE}Server HTTP/nowhere.east.test@EAST.TEST not found in Kerberos database`,
          )
        })

        test('of a cache that is not there', async () => {
          using _ = useEnvironment({ KRB5CCNAME: 'FILE:/nonexistent/cache' })
          const client = await kerberos.initializeClient(SERVICE)
          expect(await refusal(client.step(''))).toBe(
            `${NO_CRED}No Kerberos credentials available (default cache: FILE:/nonexistent/cache)`,
          )
        })

        test('of a principal whose tickets nobody has', async () => {
          expect(await refusal(kerberos.initializeClient(SERVICE, { principal: 'bob@EAST.TEST' }))).toBe(
            `${NO_CRED}Can't find client principal bob@EAST.TEST in cache collection`,
          )
          const client = await kerberos.initializeClient(SERVICE, { principal: 'alice@EAST.TEST' })
          expect(await refusal(client.step(''))).toMatch(/^resolved to YII/)
        })

        test('of a service of which the keytab has no key, at once', async () => {
          expect(await refusal(kerberos.initializeServer(`nfs@${web.host}`))).toBe(
            `${NO_CRED}No key table entry found matching nfs/${web.host}@`,
          )
        })

        test('of names that are none', async () => {
          expect(await refusal(kerberos.initializeClient(''))).toMatch(/^An invalid name was supplied: /)
        })

        test('of a server that got no token, or one that is none, or one twice', async () => {
          const { client, server } = await pair()
          expect(await refusal(server.step(''))).toBe('No challenge parameter in request from client')
          expect(await refusal(server.step('YWJj'))).toMatch(/^Invalid token was supplied: /)
          const token = await client.step('')
          await (await kerberos.initializeServer(SERVICE)).step(token)
          const again = await kerberos.initializeServer(SERVICE)
          expect(await refusal(again.step(token))).toBe(`${FAILURE}Request is a replay`)
        })

        test('of an answer that proves nothing, each time the same', async () => {
          const { client } = await pair()
          await client.step('')
          const first = await refusal(client.step('YWJj'))
          expect(first).toMatch(/^Invalid token was supplied: /)
          for (let count = 0; count < 10; count++) expect(await refusal(client.step('YWJj'))).toBe(first)
          expect(client.contextComplete).toBe(false)
        })

        test('of a step too many', async () => {
          const { client, server } = await pair()
          const first = await client.step('')
          const second = await server.step(first)
          await client.step(second)
          expect(await refusal(client.step(second))).toBe(`${FAILURE}Context is already fully established`)
          expect(await refusal(server.step(first))).toBe(
            `${FAILURE}accept_sec_context called with existing context handle`,
          )
        })

        test('of messages before there is a context', async () => {
          const { client } = await pair()
          expect(await refusal(client.wrap('AQIDBA=='))).not.toMatch(/^resolved/)
          expect(await refusal(client.unwrap('AQIDBA=='))).not.toMatch(/^resolved/)
        })

        test('of a message that is none', async () => {
          const { client } = await established()
          expect(await refusal(client.unwrap('YWJj'))).toMatch(/^Invalid token was supplied: /)
        })
      })

      test('principalDetails finds a name of the keytab', async () => {
        expect(await kerberos.principalDetails('HTTP', web.host)).toBe(`${web.spn}@EAST.TEST`)
        expect(await refusal(kerberos.principalDetails('HTTP', api.host))).toBe('Principal not found in keytab (-1)')
        using _ = useEnvironment({ KRB5_KTNAME: '/nonexistent/keytab' })
        expect(await refusal(kerberos.principalDetails('HTTP', web.host))).toMatch(
          /^Cannot get sequence cursor from keytab/,
        )
      })

      test.each([
        ['alice', 'pw-alice', 'EAST.TEST', 'resolved to null'],
        ['alice@EAST.TEST', 'pw-alice', undefined, 'resolved to null'],
        ['alice', 'wrong', 'EAST.TEST', 'Preauthentication failed (-1765328360)'],
        ['alice', '', 'EAST.TEST', 'Preauthentication failed (-1765328360)'],
        ['nobody', 'wrong', 'EAST.TEST', 'Client not found in Kerberos database (-1765328378)'],
        ['stale', 'pw-stale', 'EAST.TEST', 'Password has expired (-1765328361)'],
        ['expired', 'pw-expired', 'EAST.TEST', "Client's entry in database has expired (-1765328383)"],
        ['locked', 'pw-locked', 'EAST.TEST', "Client's credentials have been revoked (-1765328366)"],
        ['alice', 'pw-alice', 'NOWHERE.TEST', 'Cannot find KDC for requested realm (-1765328230)'],
      ])('checkPassword of %s with %j in %s: %s', async (user, password, realm, said) => {
        expect(await refusal(kerberos.checkPassword(user, password, web.spn, realm))).toBe(said)
        expect(await refusal(kerberos.checkPassword(user, password, SERVICE, realm))).toBe(said)
      })

      test('checkPassword refuses the wrong password of a user who needs no pre-authentication', async () => {
        // Ours offers a proof of the password at once, and the KDC itself says no.
        expect(await refusal(kerberos.checkPassword('nopre', 'wrong', web.spn, 'EAST.TEST'))).toMatch(
          /^(?:Decrypt integrity check failed \(-1765328353\)|Preauthentication failed \(-1765328360\))$/,
        )
      })
    })
  }
})

const NUMBERS = {
  GSS_C_DELEG_FLAG: 1,
  GSS_C_MUTUAL_FLAG: 2,
  GSS_C_REPLAY_FLAG: 4,
  GSS_C_SEQUENCE_FLAG: 8,
  GSS_C_CONF_FLAG: 16,
  GSS_C_INTEG_FLAG: 32,
  GSS_C_ANON_FLAG: 64,
  GSS_C_PROT_READY_FLAG: 128,
  GSS_C_TRANS_FLAG: 256,
  GSS_C_NO_OID: 0,
  GSS_MECH_OID_KRB5: 9,
  GSS_MECH_OID_SPNEGO: 6,
}
