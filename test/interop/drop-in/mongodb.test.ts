import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinit, type Login, realmOf, runAt, runOk } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { beside } from '../sign-on/clients.js'
import { type MongoServer, startMongoServer } from './mongodb-server.js'

interface Answer {
  readonly callers?: readonly string[]
  readonly message?: string
  readonly code?: string
  readonly version: string
  readonly loaded: string
}

/**
 * The driver of MongoDB, as it is installed, signs in with GSSAPI. `kerberos` is our package for
 * it, and the server accepts with MIT's library.
 */
await describeRealms('the driver of MongoDB', ['EAST', 'python-gssapi', 'mit-clients'], (info) => {
  const realm = realmOf(info, 'EAST')
  const HOST = 'mongo.east.test'
  const SPN = `mongodb/${HOST}`
  const FAILURE = 'Unspecified GSS failure.  Minor code may provide more information: '
  let server: MongoServer
  let login: Login

  const kadmin = (query: string) => runAt(realm, 'kadmin.local', ['-r', realm.name, '-q', query])

  beforeAll(async () => {
    const keytab = join(info.directory, 'keytabs', 'mongodb.keytab')
    copyFileSync(realm.services.db.keytab, keytab)
    await kadmin(`addprinc -randkey -requires_preauth ${SPN}`)
    await kadmin(`ktadd -k ${keytab} ${SPN}`)
    login = await kinit(info, 'EAST', 'alice')
    // Many connections show the same ticket; a file of replays is shared with other tests.
    const accepting = { ...info.environment, KRB5_KTNAME: keytab, KRB5RCACHENAME: 'none:' }
    server = await startMongoServer({ address: `${info.block}.70`, environment: accepting })
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await kadmin(`delprinc -force ${SPN}`)
  })

  /** What the driver is told. The server knows name, layer, size, and as whom the caller acts. */
  async function connect(
    user: string,
    options: object = {},
    environment: Record<string, string> = {},
  ): Promise<Answer> {
    const asked = { host: server.host, user, properties: { SERVICE_HOST: HOST }, ...options }
    const { stdout } = await runOk(process.execPath, [beside('../drop-in/mongodb-client.mjs'), JSON.stringify(asked)], {
      environment: { ...login.environment, ...environment },
    })
    return JSON.parse(stdout)
  }

  const ALICE = 'alice@EAST.TEST 1 65536 alice@EAST.TEST'

  test('signs in with the tickets of this machine, through our package in the place of its own', async () => {
    const { callers, version, loaded } = await connect('alice@EAST.TEST')
    expect(callers).toEqual([ALICE])
    expect(loaded).toMatch(/\/packages\/kerberos\/dist\/index\.js$/)
    const ours = JSON.parse(readFileSync(join(loaded, '../../package.json'), 'utf8'))
    expect([ours.name, ours.version]).toEqual(['@s4u/kerberos', version])
  })

  test('signs in with a password, where no ticket is', async () => {
    const { callers } = await connect(
      'bob@EAST.TEST',
      { password: 'pw-bob' },
      { KRB5CCNAME: 'FILE:/nonexistent/cache' },
    )
    expect(callers).toEqual(['bob@EAST.TEST 1 65536 bob@EAST.TEST'])
  })

  test('takes the realm and the name of the service from its properties, and opens many connections', async () => {
    const properties = { SERVICE_HOST: HOST, SERVICE_REALM: 'EAST.TEST', SERVICE_NAME: 'mongodb' }
    expect((await connect('alice@EAST.TEST', { properties, count: 6 })).callers).toEqual(Array(6).fill(ALICE))
  })

  test('signs in as the caller of a service, to what the service may call and nothing else', async () => {
    const { web, db } = realm.services
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    const delegate = { keytab: web.keytab, kdc, as: 'carol@EAST.TEST' }
    const properties = { SERVICE_NAME: 'postgres', SERVICE_HOST: db.host }
    expect((await connect('carol@EAST.TEST', { delegate, properties })).callers).toEqual([
      'carol@EAST.TEST 1 65536 carol@EAST.TEST',
    ])
    expect(await connect('carol@EAST.TEST', { delegate })).toMatchObject({
      code: 'KDC_ERR_BADOPTION',
      message: expect.stringContaining(SPN),
    })
    expect((await connect('alice@EAST.TEST', { delegate, properties })).message).toContain(
      'the credentials are those of carol@EAST.TEST, and alice@EAST.TEST was asked for',
    )
  })

  test('says why it cannot, by name', async () => {
    expect(await connect('alice@EAST.TEST', { properties: { SERVICE_HOST: 'nowhere.east.test' } })).toMatchObject({
      message: `${FAILURE}Server mongodb/nowhere.east.test@EAST.TEST not found in Kerberos database`,
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
    })
    expect(await connect('bob@EAST.TEST', { password: 'wrong' })).toMatchObject({
      message: `${FAILURE}Preauthentication failed`,
      code: 'KDC_ERR_PREAUTH_FAILED',
    })
  })

  test('does not go on with a server that proves nothing', async () => {
    server.lies = true
    const { begun } = server
    const refused = await connect('alice@EAST.TEST')
    server.lies = false
    expect(refused.code).toMatch(/^KRB_AP_ERR_(?:MUT_FAIL|MODIFIED|BAD_INTEGRITY)$/)
    expect(server.begun).toBeGreaterThan(begun)
  })

  test('does not go on with a server that demands a layer', async () => {
    server.offer = 4
    const refused = await connect('alice@EAST.TEST')
    server.offer = 7
    expect(refused).toMatchObject({
      message: `${FAILURE}the server demands a security layer, and the choice of this API has none`,
      code: 'GSS_S_UNAVAILABLE',
    })
  })
})
