/**
 * Client certificates at the gateway, on real servers: its file lets the directory of Samba say
 * whose certificate it is (`altSecurityIdentities`); curl shows a certificate from a file, Chromium
 * one from its own store.
 */

import { openDirectory, planUser } from '@s4u/directory'
import { type GatewayOfFile, openGatewayFile, createGateway, type Gateway } from '@s4u/gateway'
import { createKdcClient } from '@s4u/kdc-client'
import { certificate } from '@s4u/sign-in'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { realmOf, run } from '../../realms/clients.js'
import type { RealmsInfo } from '../../realms/realm-info.js'
import { controllers } from '../../realms/samba/samba-conf.js'
import { describeRealms } from '../../realms/suite.js'
import { Authority, type Issued } from '../../stories/fixtures/authority.js'
import { s4u } from '../command-line/s4u-process.js'
import { frameworks } from '../main-job.site.js'
import { chromiumWithCertificate } from '../peers/chromium-with-certificate.js'

const PORT = 8443
const people = new Authority('DC=test,DC=corp,CN=Issuing CA')
const servers = new Authority('CN=Servers')
const folder = mkdtempSync(join(tmpdir(), 's4u-cards-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text, { mode: 0o600 })
  return join(folder, name)
}

/** A certificate for a server of this name. */
function serverPair(host: string): { readonly certificate: string; readonly key: string } {
  const name = Buffer.from(host)
  const more = [{ oid: '2.5.29.17', value: Buffer.from([0x30, name.length + 2, 0x82, name.length, ...name]) }]
  const issued = servers.issue({ subject: `CN=${host}`, extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'], more })
  return { certificate: file(`${host}.pem`, issued.pem), key: file(`${host}.key`, issued.key) }
}

/** As curl shows it, from files. */
async function curl(host: string, address: string, card?: Issued): Promise<{ status: number; body: string }> {
  const shown = card ? ['--cert', file('card.pem', card.pem), '--key', file('card.key', card.key)] : []
  const trust = ['--cacert', file('servers.pem', servers.certificate.pem)]
  const to = ['--resolve', `${host}:${PORT}:${address}`, `https://${host}:${PORT}/orders`]
  const { stdout } = await run('curl', ['-s', ...trust, ...shown, '-w', '\n%{http_code}', ...to])
  const end = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) }
}

/** As Chromium shows it, from the store of its user. */
async function browse(host: string, address: string, card?: Issued): Promise<{ status: number; body: string }> {
  const home = mkdtempSync(join(folder, 'home-'))
  const trusts = servers.certificate.pem
  const browser = await chromiumWithCertificate({ home, host, address, trusts, ...(card && { card }) })
  try {
    const page = await browser.newPage()
    const answer = await page.goto(`https://${host}:${PORT}/orders`)
    return { status: answer?.status() ?? 0, body: (await page.textContent('body')) ?? '' }
  } finally {
    await browser.close()
  }
}

async function innerServer(keytab: string): Promise<Server> {
  const inner = createServer({ maxHeaderSize: 1 << 17 }, frameworks[0].backend(keytab)).listen(0, '127.0.0.1')
  await once(inner, 'listening')
  return inner
}

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

for (const [key, number] of [
  ['CORP', 84],
  ['NEWCORP', 85],
] as const)
  await describeRealms(`the file of a gateway, and the directory of ${key}`, [key, 'chromium', 'nss-tools'], (info) => {
    const realm = realmOf(info, key)
    const { web, api } = realm.services
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    const address = `${info.block}.${number}`
    const host = `portal.${realm.domain}`
    const name = `gw-card-${key.toLowerCase()}`
    const card = people.issue({ subject: 'CN=Smart Card 8', serial: '2b00ac12' })
    const { administrator, ldap = realm.kdc } = realm
    const controller = { host: `${controllers[key]}.${realm.domain}`, address: ldap.host }
    const directory = openDirectory({
      client: createKdcClient({
        ...{ realm: realm.name, kdc },
        credentials: { principal: administrator?.principal ?? '', password: administrator?.password ?? '' },
      }),
      servers: controller,
    })
    let [inner, opened]: [Server?, GatewayOfFile?] = []
    let dn = ''
    const path = join(folder, `${key}.yaml`)

    beforeAll(async () => {
      inner = await innerServer(api.keytab)
      const plan = await planUser(directory, { name, password: `Pw-${name}-1!` })
      await directory.apply(plan)
      dn = plan.dn
      const values = ['X509:<I>DC=test,DC=corp,CN=Issuing CA<SR>12ac002b']
      await directory.apply({
        ...{ kind: 'modify', dn },
        modifications: [{ operation: 'replace', attribute: 'altSecurityIdentities', values }],
      })
      writeFileSync(path, stringify(configuration(urlOf(inner))))
      opened = await openGatewayFile(path)
    })
    afterAll(async () => {
      await opened?.stop()
      inner?.close()
      if (dn !== '') await directory.apply({ kind: 'delete', dn })
      directory.close()
    })

    function configuration(to: string): object {
      return {
        kerberos: {
          ...{ keytab: web.keytab, principal: web.principal, kdc, krb5Config: info.krb5Config },
          ...{ protocolTransition: true, directory: true, controllers: controller },
        },
        listeners: { address: `${address}:${PORT}`, tls: { certificates: serverPair(host) } },
        signIn: {
          certificate: {
            ca: file('people.pem', people.certificate.pem),
            mapping: 'altSecurityIdentities',
            revocation: 'off',
          },
        },
        sites: {
          ...{ hosts: host, to, delegation: { service: `http/api.${realm.domain}` } },
          // Names of groups, from the same directory.
          access: [{ groups: `${key}\\Domain Users` }],
        },
        operation: { alerts: 'off' },
      }
    }

    test('is right, as s4u gateway --check says', async () => {
      const { status, stdout, stderr } = await s4u(['gateway', path, '--check'])
      expect([status, `${stdout}${stderr}`]).toEqual([0, `${key}.yaml is right.\n`])
    })

    test.each([
      ['curl', curl],
      ['Chromium, from its own store', browse],
    ])(
      'who shows a certificate that an account names is that account inside (%s)',
      async (_, visit) => {
        const { status, body } = await visit(host, address, card)
        expect([status, JSON.parse(body)]).toEqual([
          200,
          expect.objectContaining({ principal: `${name}@${realm.name}`, delegatedBy: [web.principal] }),
        ])
      },
      60_000,
    )

    test('a certificate that no account names is nobody’s, and none is no certificate', async () => {
      const other = people.issue({ subject: 'CN=Smart Card 8', serial: '2b00ac13' })
      expect((await curl(host, address, other)).status).toBe(401)
      expect((await curl(host, address)).status).toBe(401)
    })
  })

await describeRealms('a gateway with certificate() on MIT', ['EAST', 'chromium', 'nss-tools'], (info: RealmsInfo) => {
  const realm = realmOf(info, 'EAST')
  const { web, api } = realm.services
  const address = `${info.block}.86`
  const host = 'portal.east.test'
  let [inner, gateway]: [Server?, Gateway?] = []

  beforeAll(async () => {
    inner = await innerServer(api.keytab)
    const source = certificate({
      ...{ ca: people.certificate.pem, revocation: 'off' },
      mapping: ({ subject }) => subject.slice('CN='.length),
    })
    gateway = createGateway({
      kerberos: {
        ...{ keytab: web.keytab, kdc: `${realm.kdc.host}:${realm.kdc.port}`, krb5Config: info.krb5Config },
        protocolTransition: true,
      },
      listeners: { address: `${address}:${PORT}`, tls: { certificates: serverPair(host) } },
      signIn: [{ source: { source } }],
      sites: { hosts: host, to: urlOf(inner), delegation: { service: api.spn } },
      operation: { alerts: 'off' },
    })
    await gateway.listen()
  })
  afterAll(async () => {
    await gateway?.stop()
    inner?.close()
  })

  describe('Chromium', () => {
    test('signs its user in with the certificate in its store, and the inner server sees that user', async () => {
      const { status, body } = await browse(host, address, people.issue({ subject: 'CN=alice' }))
      expect([status, JSON.parse(body)]).toEqual([
        200,
        expect.objectContaining({ principal: `alice@${realm.name}`, delegatedBy: [web.principal] }),
      ])
    }, 60_000)

    test('without a certificate in its store is not let in', async () => {
      expect((await browse(host, address)).status).toBe(401)
    }, 60_000)
  })
})
