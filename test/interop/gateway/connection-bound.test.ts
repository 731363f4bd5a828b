import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGateway, type Gateway } from '@s4u/gateway'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, runOk } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { selfSigned } from '../../stories/fixtures/certificate.js'
import { type Apache, startApache } from '../peers/apache.js'

const HOST = 'orders.example.com'
const PORT = 9443
/** Requests of each caller in a round: enough for connections to be used again and again. */
const REQUESTS = 8

/**
 * Apache remembers who authenticated on a connection (`GssapiConnectionBound`). Users with curl,
 * and one whom the gateway does not know, go to it through one gateway at the same time.
 */
await describeRealms('users over a gateway to an Apache that binds connections', ['apache', 'mit-clients'], (info) => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-connection-bound-'))
  const [outside, inner] = [66, 67].map((number) => `${info.block}.${number}`)
  const krb5Config = join(folder, 'krb5.conf')
  let realm: TestRealm
  let apache: Apache
  let gateway: Gateway

  beforeAll(async () => {
    realm = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: 'wonderland' }, bob: { password: 'builder' } },
      services: {
        gateway: { spns: [`HTTP/${HOST}`], allowedToDelegateTo: ['HTTP/orders.ad.test'] },
        orders: { spns: ['HTTP/orders.ad.test'] },
      },
    })
    await realm.listen()
    writeFileSync(krb5Config, realm.krb5Conf())
    for (const name of ['gateway', 'orders'])
      writeFileSync(join(folder, `${name}.keytab`), realm.keytabFor(name).encode())
    const { cert, key } = selfSigned(HOST)
    writeFileSync(join(folder, 'gateway.pem'), cert)
    writeFileSync(join(folder, 'gateway.key'), key)
    apache = await startApache({ address: inner, keytab: join(folder, 'orders.keytab'), krb5Config })
    gateway = createGateway({
      kerberos: { keytab: join(folder, 'gateway.keytab'), principal: 'gateway', krb5Config },
      listeners: {
        address: `${outside}:${PORT}`,
        tls: { certificates: { certificate: join(folder, 'gateway.pem'), key: join(folder, 'gateway.key') } },
      },
      operation: { alerts: 'off' },
      sites: {
        hosts: HOST,
        to: `http://${inner}:8080`,
        delegation: { service: 'HTTP/orders.ad.test' },
        access: [{ paths: '/conn/public', allow: 'everybody' }],
      },
    })
    await gateway.listen()
    await Promise.all([kinit('alice', 'wonderland'), kinit('bob', 'builder')])
  })
  afterAll(async () => {
    await gateway?.stop()
    await apache?.[Symbol.asyncDispose]()
    await realm?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const environmentOf = (user: string) => ({ KRB5_CONFIG: krb5Config, KRB5CCNAME: `FILE:${join(folder, user)}` })

  async function kinit(user: string, password: string): Promise<void> {
    await runOk('kinit', [`${user}@AD.TEST`], { environment: environmentOf(user), input: `${password}\n` })
  }

  /** One curl with many requests on one connection; an answer is its status, version and body. */
  async function curl(user: string, version: string, path: string, args: readonly string[]): Promise<string[]> {
    const urls = Array.from({ length: REQUESTS }, (_, number) => [
      ...['-o', join(folder, `${user}-${version}-${number}`), `https://${HOST}:${PORT}${path}?${number}`],
    ]).flat()
    const all = [
      '-sk',
      `--http${version}`,
      '--resolve',
      `${HOST}:${PORT}:${outside}`,
      '-w',
      '%{http_code} %{http_version}\n',
    ]
    const { stdout } = await run('curl', [...all, ...args, ...urls], { environment: environmentOf(user) })
    const bodies = await Promise.all(
      Array.from({ length: REQUESTS }, (_, number) =>
        run('cat', [join(folder, `${user}-${version}-${number}`)], {}).then((read) => read.stdout.trim()),
      ),
    )
    return stdout
      .trim()
      .split('\n')
      .map((line, number) => `${line} ${/^\S*/.exec(bodies[number])?.[0]}`)
  }

  test.each(['1.1', '2'])('never get the answer of another, over HTTP/%s', async (version) => {
    const shown = version === '2' ? '2' : '1.1'
    for (let round = 0; round < 3; round++) {
      const negotiate = ['--negotiate', '-u', ':']
      const [alice, bob, nobody] = await Promise.all([
        curl('alice', version, '/conn', negotiate),
        curl('bob', version, '/conn', negotiate),
        curl('nobody', version, '/conn/public', []),
      ])
      expect(new Set(alice)).toEqual(new Set([`200 ${shown} alice@AD.TEST`]))
      expect(new Set(bob)).toEqual(new Set([`200 ${shown} bob@AD.TEST`]))
      expect(new Set(nobody.map((line) => line.split(' ')[0]))).toEqual(new Set(['401']))
    }
    // Who is not known gets nothing of the others' pages either, now that Apache knows connections.
    expect((await curl('nobody', version, '/conn', [])).every((line) => line.startsWith('401 '))).toBe(true)
  })

  test('Apache itself would take a connection for its user: what the gateway keeps apart', async () => {
    const url = 'http://orders.ad.test:8080/conn'
    const at = ['-s', '--resolve', `orders.ad.test:8080:${inner}`]
    const asAlice = [...at, '--negotiate', '-u', ':', url]
    const { stdout } = await run('curl', [...asAlice, '--next', ...at, url], { environment: environmentOf('alice') })
    expect(stdout.match(/alice@AD\.TEST/g)).toEqual(['alice@AD.TEST', 'alice@AD.TEST'])
  })
})
