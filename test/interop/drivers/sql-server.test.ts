import { type Acceptor, createAcceptor } from '@s4u/acceptor'
import { decodeNegTokenResp, encodeNegTokenResp, type SecurityContext } from '@s4u/gssapi'
import type { Impersonation } from '@s4u/negotiate'
import { SQL_SERVER_AUTHENTICATION, type SqlServerOptions, sqlServerAs } from '@s4u/sasl'
import { Connection, Request } from 'tedious'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, openSales } from '../../../examples/drivers/sql-server.mjs'
import { describeRealms } from '../../realms/suite.js'
import { CERTIFICATES } from '../../stories/certificates.js'
import { type CallerRealm, FORBIDDEN, openCallerRealm } from './caller-realm.js'
import { startTdsServer, type TdsFaults, type TdsServer } from './tds-server.js'

/**
 * The drivers `tedious` and `mssql`, as they are, with a server of our own making whose acceptor is
 * MIT's library.
 */
const SPN = 'MSSQLSvc/sql.ad.test:1433'
const OTHER = 'MSSQLSvc/sql2.ad.test:1433'

/** DER of the list with Kerberos alone, over which the two sides sign. */
const MECH_TYPES = Buffer.from('300b06092a864886f712010202', 'hex')

await describeRealms('SQL Server as the caller', ['python-gssapi'], (info) => {
  const address = `${info.block}.64`
  let site: CallerRealm
  beforeAll(async () => {
    site = await openCallerRealm([SPN, OTHER])
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  const serverWith = (faults?: TdsFaults, spn = SPN): Promise<TdsServer> =>
    startTdsServer(address, site.environmentOf(spn), faults)

  const trusting = { ca: CERTIFICATES[0].cert }

  interface Wanted extends Partial<SqlServerOptions> {
    readonly encrypt?: boolean | 'strict'
    readonly authentication?: object
  }

  /** Who the server says that it was asked by. */
  async function whoAmI(server: TdsServer, as: Impersonation, wanted: Wanted = {}): Promise<string> {
    const { encrypt = true, authentication = SQL_SERVER_AUTHENTICATION, ...rest } = wanted
    const connection = new Connection(
      Object({
        server: address,
        authentication,
        options: {
          ...{ port: server.port, encrypt, serverName: 'localhost', connectTimeout: 10_000 },
          cryptoCredentialsDetails: trusting,
        },
      }),
    )
    try {
      sqlServerAs({ as, service: () => SPN, ...rest })(connection)
      await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())))
      return await new Promise<string>((resolve, reject) => {
        let who = ''
        const request = new Request('select who', (error) => (error ? reject(error) : resolve(who)))
        request.on('row', (columns: { value: string }[]) => void (who = columns[0].value))
        connection.execSqlBatch(request)
      })
    } finally {
      connection.close()
    }
  }

  async function refusalBy(
    faults: TdsFaults,
    wanted?: Wanted,
    spn?: string,
  ): Promise<{ error: unknown; server: TdsServer }> {
    await using server = await serverWith(faults, spn)
    const error: unknown = await whoAmI(server, await site.as('alice'), wanted).then(
      (who) => `it was connected as ${who}`,
      (reason: unknown) => reason,
    )
    return { error, server }
  }

  describe.each([
    ['TLS within TDS', { encrypt: true } as const, {}],
    ['TLS first (TDS 8)', { encrypt: 'strict' } as const, { strict: true }],
  ])('%s', (_what, wanted, faults) => {
    test.each(['alice', 'bob'])('%s signs in, with the welcome apart from the proof and without', async (user) => {
      for (const apart of [false, true]) {
        await using server = await serverWith({ ...faults, apart })
        expect(await whoAmI(server, await site.as(user), wanted)).toBe(`${user}@AD.TEST`)
        expect(server.verdicts).toEqual([`done ${user}@AD.TEST 4 0`])
        // Nothing is sent where the context has nothing to say: neither NTLM nor an empty message.
        expect(server.answers).toEqual([])
        expect(server.logins[0].includes('NTLMSSP')).toBe(false)
      }
    })
  })

  test('several legs: the second token of the caller is sent, and the last one of the server is read', async () => {
    using acceptor: Acceptor = createAcceptor({ keytab: site.realm.keytabFor(SPN), service: SPN })
    let context: SecurityContext | undefined
    const judge = async (token: Buffer, leg: number): Promise<Buffer | undefined> => {
      if (leg === 1) {
        context?.verifyMic(MECH_TYPES, decodeNegTokenResp(token).mechListMic ?? Buffer.of())
        const mechListMic = context?.getMic(MECH_TYPES)
        return Buffer.from(encodeNegTokenResp({ negState: 'accept-completed', mechListMic }))
      }
      const outcome = await acceptor.accept(token)
      if (outcome.status !== 'accepted') throw new Error(`the token was ${outcome.status}`)
      ;({ context } = outcome)
      const { responseToken } = decodeNegTokenResp(outcome.reply ?? Buffer.of())
      return Buffer.from(encodeNegTokenResp({ negState: 'request-mic', responseToken }))
    }
    await using server = await serverWith({ judge })
    expect(await whoAmI(server, await site.as('alice'))).toBe('alice@AD.TEST')
    expect(server.answers).toHaveLength(1)
  })

  test('mssql: each user is asked for apart, over pools that are kept apart', async () => {
    await using server = await serverWith({ apart: true })
    const options = { serverName: 'localhost', cryptoCredentialsDetails: trusting }
    await using sales = openSales({ server: address, port: server.port, service: SPN, options })
    const callers = [await site.as('alice'), await site.as('bob'), await site.as('alice')]
    const seen = await Promise.all(callers.map((caller) => ask(sales, caller, 'select who')))
    expect(seen.map(([{ who }]) => who)).toEqual(['alice@AD.TEST', 'bob@AD.TEST', 'alice@AD.TEST'])
    expect(sales.size).toBe(2)
  })

  test('a server that sends the client on is left, and the other one gets a token of its own', async () => {
    await using second = await serverWith({}, OTHER)
    await using first = await serverWith({ route: { host: address, port: second.port } })
    const service = (_host: string, port: number): string => (port === second.port ? OTHER : SPN)
    expect(await whoAmI(first, await site.as('alice'), { service })).toBe('alice@AD.TEST')
    expect([first.verdicts.length, second.verdicts.length]).toEqual([1, 1])
  })

  describe('refused is a server', () => {
    test('that does not encrypt, before a token is made', async () => {
      const { error, server } = await refusalBy({ plain: true }, { encrypt: false })
      expect(error).toMatchObject({ code: 'GSS_S_BAD_QOP', hint: expect.stringContaining('encrypt') })
      expect(server.logins).toEqual([])
    })

    test.each([
      [
        'that accepts without a proof',
        { token: () => Buffer.from('a1143012a0030a0100a10b06092a864886f712010202', 'hex') },
        { code: 'KRB_AP_ERR_MUT_FAIL' },
      ],
      ['that sends an empty token', { token: () => Buffer.of() }, { code: 'KRB_AP_ERR_MUT_FAIL' }],
      [
        'that sends NTLM',
        { token: () => Buffer.concat([Buffer.from('NTLMSSP\0\x02\0\0\0'), Buffer.alloc(60)]) },
        { name: 'MalformedTokenError' },
      ],
      [
        'that changed its proof',
        { token: (same: Buffer) => same.map((octet, at) => (at === same.length - 1 ? octet ^ 1 : octet)) as Buffer },
        { name: 'RejectedTokenError' },
      ],
    ])('%s', async (_what, faults, expected) => {
      for (const apart of [false, true]) expect((await refusalBy({ ...faults, apart })).error).toMatchObject(expected)
    })

    test('that lets in without a token', async () => {
      const without = { token: () => undefined }
      expect((await refusalBy(without)).error).toMatchObject({ code: 'KRB_AP_ERR_MUT_FAIL' })
      expect((await refusalBy({ ...without, apart: true })).error).toMatchObject({ code: 'ELOGIN' })
    })

    test('that cuts its answer', async () => {
      expect((await refusalBy({ cut: true })).error).toMatchObject({ code: 'ESOCKET' })
    })

    test('that another name belongs to, in the words of the driver', async () => {
      const { error, server } = await refusalBy({}, {}, OTHER)
      expect(error).toMatchObject({ code: 'ELOGIN', message: 'Login failed.' })
      expect(server.verdicts).toEqual([])
    })

    test('that the app may not call as others, before a token is made', async () => {
      const { error, server } = await refusalBy({}, { service: () => FORBIDDEN })
      expect(error).toMatchObject({ name: 'DelegationRefusedError' })
      expect(server.logins).toEqual([])
    })

    test('that is named by an address', async () => {
      const { error } = await refusalBy({}, { service: undefined })
      expect(error).toMatchObject({ message: 'an address of the network has no service principal name' })
    })
  })

  test('a connection with a user name, or of another kind, is refused', async () => {
    const named = { type: 'ntlm', options: { domain: 'CORP', userName: 'alice', password: 'hunter2' } }
    const { error, server } = await refusalBy({}, { authentication: { type: 'default', options: { userName: 'a' } } })
    expect(error).toMatchObject({
      name: 'ConfigurationError',
      hint: expect.stringContaining('SQL_SERVER_AUTHENTICATION'),
    })
    expect(server.logins).toEqual([])
    // NTLM's name and password are never in LOGIN7, and its messages are replaced.
    await using other = await serverWith()
    expect(await whoAmI(other, await site.as('alice'), { authentication: named })).toBe('alice@AD.TEST')
    expect(Buffer.concat(other.logins).includes(Buffer.from('hunter2', 'utf16le'))).toBe(false)
    const as = await site.as('alice')
    expect(() => sqlServerAs({ as })({})).toThrow('the connection has no performTlsNegotiation')
    expect(() => sqlServerAs(Object({}))).toThrow('sqlServerAs: as is missing')
  })
})
