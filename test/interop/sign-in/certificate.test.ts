/**
 * Client certificates on real servers: curl, nginx, OpenSSL's responder and lists, the directories
 * and KDCs of Samba and MIT, and a backend that is called as the user.
 */

import { openDirectory, planUser } from '@s4u/directory'
import { negotiate } from '@s4u/express'
import { createKdcClient } from '@s4u/kdc-client'
import type { FailedEvent } from '@s4u/negotiate'
import { certificate, type CertificateOptions } from '@s4u/sign-in'
import express from 'express'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { realmOf, run } from '../../realms/clients.js'
import { controllers } from '../../realms/samba/samba-conf.js'
import { describeRealms } from '../../realms/suite.js'
import { Authority, type Issued } from '../../stories/fixtures/authority.js'
import { askingFor, certifiedSite, type CertifiedSite, serverAuthority } from '../../stories/fixtures/certified-site.js'
import { frameworks } from '../main-job.site.js'
import { runNginx } from '../peers/nginx.js'
import { opensslAuthority, type OpensslAuthority } from './openssl-authority.js'

const authority = new Authority('DC=test,DC=corp,CN=Issuing CA')
const folder = mkdtempSync(join(tmpdir(), 's4u-certificates-'))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text, { mode: 0o600 })
  return join(folder, name)
}
const ca = authority.certificate.pem
const failures: FailedEvent[] = []
beforeEach(() => void failures.splice(0))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** With curl, as somebody who has this certificate. */
async function curl(
  site: { readonly origin: string },
  path: string,
  as?: Issued,
): Promise<{ status: number; body: string }> {
  const client = as && ['--cert', file('client.pem', as.pem), '--key', file('client.key', as.key)]
  const trust = ['--cacert', file('servers.pem', serverAuthority)]
  const { stdout } = await run('curl', [
    '-s',
    ...trust,
    ...(client ?? []),
    '-w',
    '\n%{http_code}',
    `${site.origin}${path}`,
  ])
  const [, body = '', status] = /^([\s\S]*)\n(\d+)$/.exec(stdout) ?? []
  return { status: Number(status), body }
}

for (const key of ['CORP', 'EAST', 'NEWCORP'] as const) {
  await describeRealms(`client certificates in ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web, api } = realm.services
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    const isSamba = realm.kind === 'samba'
    let backend: Server
    let apiUrl = ''
    beforeAll(async () => {
      backend = createServer({ maxHeaderSize: 1 << 17 }, frameworks[1].backend(api.keytab)).listen(0, '127.0.0.1')
      await once(backend, 'listening')
      apiUrl = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
    })
    afterAll(() => void backend.close())

    function open(
      options: Partial<CertificateOptions>,
      listener = askingFor(authority),
      more = {},
    ): Promise<CertifiedSite> {
      const app = express()
      app.use(
        negotiate({
          ...{ keytab: web.keytab, kdc, delegation: { protocolTransition: true } },
          fetch: { serviceNames: { [new URL(apiUrl).host]: api.spn } },
          signIn: [certificate({ ...{ ca, mapping: 'upn', weakMappings: ['upn'], revocation: 'off' }, ...options })],
          onFailed: (event) => void failures.push(event),
          ...more,
        }),
      )
      app.get('/whoami', (req, res) => void res.json(req.identity))
      app.get('/backend', async (req, res) => {
        using as = req.identity.impersonate()
        res.json(await (await as.fetch(`${apiUrl}/orders`)).json())
      })
      return certifiedSite(app, listener)
    }

    // behaviour: S4U2Self by the name in a certificate, then S4U2Proxy = CORP: granted, EAST: granted, NEWCORP: granted
    test('a user with a certificate calls the backend as that user, after curl has shown the certificate', async () => {
      await using site = await open({ mapping: ({ subject }) => subject.slice('CN='.length) })
      const alices = authority.issue({ subject: 'CN=alice' })
      expect(JSON.parse((await curl(site, '/whoami', alices)).body)).toMatchObject({
        ...{ principal: `alice@${realm.name}`, authenticationMethod: 'certificate', impersonationLevel: 'delegation' },
      })
      expect(JSON.parse((await curl(site, '/backend', alices)).body)).toMatchObject({
        ...{ principal: `alice@${realm.name}`, delegatedBy: [web.principal] },
      })
      expect((await curl(site, '/whoami')).status).toBe(401)
    })

    // behaviour: S4U2Self with a certificate alone = CORP: refused, EAST: refused, NEWCORP: refused
    test('the KDC says nothing of certificates, and is not believed where it answers for somebody else', async () => {
      await using site = await open({ mapping: 'directory' })
      const { status } = await curl(
        site,
        '/whoami',
        authority.issue({ subject: 'CN=alice', upns: [`alice@${realm.domain}`] }),
      )
      expect(status).not.toBe(200)
      expect(failures).toHaveLength(1)
    })

    if (isSamba)
      test('a user principal name leads to its account, whose SID is compared', async () => {
        await using site = await open({ weakMappings: [] })
        const { sid } = JSON.parse(
          (await curl(await openByName(site), '/whoami', authority.issue({ subject: 'CN=alice' }))).body,
        )
        const upns = [`alice@${realm.domain}`]
        expect((await curl(site, '/whoami', authority.issue({ subject: 'CN=x', upns, sid }))).status).toBe(200)
        const others = authority.issue({ subject: 'CN=x', upns, sid: sid.replace(/\d+$/, '500') })
        expect((await curl(site, '/whoami', others)).status).toBe(401)
        expect(failures.map(({ code }) => code)).toEqual(['KDC_ERR_CERTIFICATE_MISMATCH'])
      })

    /** A site that takes the name in the subject, closed with the other one. */
    async function openByName(beside: CertifiedSite): Promise<CertifiedSite> {
      const site = await open({ mapping: ({ subject }) => subject.slice('CN='.length) })
      const close = beside[Symbol.asyncDispose].bind(beside)
      beside[Symbol.asyncDispose] = async () => {
        await close()
        await site[Symbol.asyncDispose]()
      }
      return site
    }

    if (isSamba)
      describe('altSecurityIdentities', () => {
        const { administrator, ldap = realm.kdc } = realm
        const servers = () => ({
          host: `${controllers[key as 'CORP' | 'NEWCORP']}.${realm.domain}`,
          address: ldap.host,
        })
        const clientOf = (principal: string, password: string) =>
          createKdcClient({ realm: realm.name, kdc, credentials: { principal, password } })
        const name = `cert-${key.toLowerCase()}`
        const mapped = authority.issue({
          subject: 'CN=Smart Card 7',
          serial: '2b00ac11',
          emails: [`${name}@mail.test`],
        })

        test('leads from a certificate to its account, through the directory', async () => {
          const directory = openDirectory({
            client: clientOf(administrator?.principal ?? '', administrator?.password ?? ''),
            servers: servers(),
          })
          const plan = await planUser(directory, { name, password: `Pw-${name}-1!` })
          await directory.apply(plan)
          try {
            const values = (...texts: string[]) =>
              directory.apply({
                kind: 'modify',
                dn: plan.dn,
                modifications: [{ operation: 'replace', attribute: 'altSecurityIdentities', values: texts }],
              })
            // The service itself asks, as it would.
            const client = createKdcClient({ kdc, credentials: { principal: web.principal, keytab: web.keytab } })
            const asking = openDirectory({ client, servers: servers() })
            const ask = async (options: Partial<CertificateOptions> = {}) => {
              await using site = await open({
                mapping: 'altSecurityIdentities',
                weakMappings: [],
                directory: asking,
                ...options,
              })
              return await curl(site, '/whoami', mapped)
            }
            expect((await ask()).status).toBe(401)
            const hint = failures[0]?.error?.hint ?? ''
            const offered = hint
              .slice(hint.indexOf('X509:'))
              .split(', X509:')
              .map((one) => one.replace(/^(?!X509:)/, 'X509:'))
            expect(offered).toContain('X509:<I>DC=test,DC=corp,CN=Issuing CA<SR>11ac002b')
            for (const value of offered) {
              await values(value)
              const { status, body } = await ask()
              expect([value, status, JSON.parse(body).principal]).toEqual([value, 200, `${name}@${realm.name}`])
            }
            await values(`X509:<RFC822>${name}@mail.test`)
            expect((await ask()).status).toBe(401)
            expect((await ask({ weakMappings: ['rfc822'] })).status).toBe(200)
            asking.close()
          } finally {
            await directory.apply({ kind: 'delete', dn: plan.dn })
            directory.close()
          }
        })
      })

    if (key === 'CORP')
      describe('OpenSSL as the authority', () => {
        let openssl: OpensslAuthority
        beforeAll(async () => void (openssl = await opensslAuthority(authority)))
        afterAll(() => openssl[Symbol.asyncDispose]())
        const byName: Partial<CertificateOptions> = { mapping: ({ subject }) => subject.slice('CN='.length) }

        test.each(['ocsp', 'crl'] as const)(
          'says by %s which certificates are good and which are revoked',
          async (way) => {
            const wish = way === 'ocsp' ? { ocsp: openssl.ocspUrl } : { crl: openssl.crlUrl }
            const [good, revoked] = [
              authority.issue({ subject: 'CN=alice', ...wish }),
              authority.issue({ subject: 'CN=alice', ...wish }),
            ]
            openssl.know(good)
            openssl.know(revoked, true)
            openssl.asked.length = 0
            await using site = await open({ ...byName, revocation: { requireNonce: true } })
            expect((await curl(site, '/whoami', good)).status).toBe(200)
            expect((await curl(site, '/whoami', revoked)).status).toBe(401)
            expect(failures.map(({ code }) => code)).toEqual(['KDC_ERR_REVOKED_CERTIFICATE'])
            expect((await curl(site, '/whoami', good)).status).toBe(200)
            expect(openssl.asked).toEqual(way === 'ocsp' ? ['/ocsp', '/ocsp'] : ['/ca.crl'])
          },
        )

        test('does not know a certificate, or is down: nobody gets in', async () => {
          const issue = () => authority.issue({ subject: 'CN=alice', ocsp: openssl.ocspUrl })
          await using site = await open({ ...byName, revocation: {} })
          expect((await curl(site, '/whoami', issue())).status).toBe(503)
          openssl.down = true
          const known = issue()
          openssl.know(known)
          expect((await curl(site, '/whoami', known)).status).toBe(503)
          openssl.down = false
          expect(failures.map(({ code }) => code)).toEqual(Array(2).fill('KDC_ERR_REVOCATION_STATUS_UNAVAILABLE'))
        })
      })
  })
}

await describeRealms('client certificates behind nginx', ['CORP', 'nginx'], (info) => {
  const realm = realmOf(info, 'CORP')
  const host = `${info.block}.63`
  const alices = authority.issue({ subject: 'CN=alice', upns: ['alice@corp.test'] })
  let app: Server
  let upstream = ''
  beforeAll(async () => {
    const site = express()
    const proxy = { from: '127.0.0.1', header: 'x-client-cert', format: 'pem' } as const
    site.use(
      negotiate({
        ...{ keytab: realm.services.web.keytab, kdc: `${realm.kdc.host}:${realm.kdc.port}` },
        ...{ delegation: { protocolTransition: true }, trustedProxies: ['127.0.0.1'] },
        signIn: [certificate({ ca, mapping: 'upn', weakMappings: ['upn'], revocation: 'off', proxy })],
      }),
    )
    site.get('/', (req, res) => void res.json(req.identity))
    app = createServer(site).listen(0, '127.0.0.1')
    await once(app, 'listening')
    upstream = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  })
  afterAll(() => void app.close())

  test('the certificate that nginx passes on counts, and one that a client writes into the header does not', async () => {
    const servers = new Authority('CN=Servers')
    const own = servers.issue({ subject: 'CN=web', extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] })
    const nginx = await runNginx(
      () =>
        [
          'server {',
          `  listen ${host}:8443 ssl;`,
          `  ssl_certificate ${file('web.pem', own.pem)}; ssl_certificate_key ${file('web.key', own.key)};`,
          '  ssl_verify_client optional_no_ca;',
          '  location / {',
          `    proxy_pass ${upstream};`,
          '    proxy_set_header X-Client-Cert $ssl_client_escaped_cert;',
          '    proxy_set_header X-Forwarded-Proto $scheme;',
          '  }',
          '}',
        ].join('\n'),
      { host, port: 8443 },
    )
    try {
      const client = ['--cert', file('client.pem', alices.pem), '--key', file('client.key', alices.key)]
      const forged = ['-H', `X-Client-Cert: ${encodeURIComponent(alices.pem)}`]
      const ask = async (args: readonly string[], to = `https://${host}:8443/`) =>
        (await run('curl', ['-sk', '-w', '\n%{http_code}', ...args, to])).stdout
      expect(await ask(client)).toMatch(/"principal":"alice@CORP.TEST"[\s\S]*\n200$/)
      expect(await ask([])).toMatch(/\n401$/)
      expect(await ask(forged)).toMatch(/\n401$/)
      const strangers = new Authority('CN=Other').issue({ subject: 'CN=alice', upns: ['alice@corp.test'] })
      const other = ['--cert', file('other.pem', strangers.pem), '--key', file('other.key', strangers.key)]
      expect(await ask(other)).toMatch(/\n401$/)
    } finally {
      await nginx.stop()
    }
  })
})
