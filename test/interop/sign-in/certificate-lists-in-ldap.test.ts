import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { type Directory, openDirectory } from '@s4u/directory'
import { createKdcClient } from '@s4u/kdc-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RevocationCheck } from '../../../packages/sign-in/src/certificate/revocation/revocation-check.js'
import { revocationRules } from '../../../packages/sign-in/src/certificate/revocation/revocation-options.js'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { Authority, type Issued } from '../../stories/fixtures/authority.js'
import { type OpenLdap, startOpenLdap } from '../peers/openldap.js'

const BASE = 'ou=lists,dc=kdb'
const address = `${BASE}?certificateRevocationList?base?objectClass=cRLDistributionPoint`

/** Authorities publish their lists in a directory; those of Active Directory there first. */
await describeRealms('Revocation lists in OpenLDAP', ['EAST', 'openldap'], (info) => {
  const { kdc, users } = realmOf(info, 'EAST')
  const { principal, password } = users.alice
  const authority = new Authority('CN=CA')
  const place = `${info.block}.73:3890`
  const issue = (crl: string): Issued => authority.issue({ subject: 'CN=alice', crl })
  const of = (name: string, at = place): string => `ldap://${at}/cn=${name},${address}`
  const good = issue(of('ca'))
  const revoked = issue(of('ca'))
  let server: OpenLdap
  let directory: Directory

  beforeAll(async () => {
    const list = Buffer.from(authority.list({ revoked: [revoked.serial] })).toString('base64')
    const other = Buffer.from(new Authority('CN=Another').list()).toString('base64')
    const entry = (name: string, octets: string, base = BASE): string =>
      `dn: cn=${name},${base}\nobjectClass: cRLDistributionPoint\ncn: ${name}\ncertificateRevocationList;binary:: ${octets}\n\n`
    const unit = (name: string): string => `dn: ou=${name},dc=kdb\nobjectClass: organizationalUnit\nou: ${name}\n\n`
    server = await startOpenLdap(info, {
      ...{ address: `${info.block}.73`, folder: mkdtempSync(join(info.directory, 'openldap-')), publicBase: BASE },
      entries: [
        ...[unit('lists'), entry('ca', list), entry('other', other)],
        ...[unit('hidden'), entry('ca', list, 'ou=hidden,dc=kdb')],
      ].join(''),
    })
    const client = createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials: { principal, password } })
    const { host, port } = server
    directory = openDirectory({ client, servers: { host, address: server.address, port } })
  }, 60_000)
  afterAll(async () => {
    directory?.close()
    await server?.[Symbol.asyncDispose]()
  })

  const require = (issued: Issued, withDirectory = false): Promise<void> => {
    const own = withDirectory ? directory : undefined
    const check = new RevocationCheck(revocationRules({ timeLimit: 5_000 }), Date.now, (n) => Buffer.alloc(n), own)
    return check.require([issued.der, authority.certificate.der])
  }

  test('are read without a sign-in, from the server that the certificate names', async () => {
    await require(good)
    await expect(require(revoked)).rejects.toMatchObject({ code: 'KDC_ERR_REVOKED_CERTIFICATE' })
  })

  test('are read as the service where the certificate names no server, as AD CS writes it', async () => {
    const crl = `ldap:///cn=ca,ou=hidden,dc=kdb?certificateRevocationList?base?objectClass=cRLDistributionPoint`
    const here = issue(crl)
    await require(here, true)
    await expect(require(here)).rejects.toMatchObject({
      code: 'KDC_ERR_REVOCATION_STATUS_UNAVAILABLE',
      message: expect.stringContaining('neither certificate() nor the negotiator was given one (directory)'),
    })
  })

  test.each([
    ['an entry that is not there', of('gone'), 'the directory has no list there'],
    ['an entry that not everybody may read', of('ca').replace('ou=lists', 'ou=hidden'), 'answered the search with'],
    ['the list of another authority', of('other'), 'the list is that of another authority'],
    ['a server that is not there', of('ca', `${info.block}.74:3890`), 'ECONNREFUSED'],
  ])('that cannot be believed, or had, let nobody in: %s', async (_what, crl, reason) => {
    await expect(require(issue(crl))).rejects.toMatchObject({
      code: 'KDC_ERR_REVOCATION_STATUS_UNAVAILABLE',
      message: expect.stringContaining(reason),
    })
  })
})
