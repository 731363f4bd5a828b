import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realmOf, runOk } from '../../realms/clients.js'
import type { RealmsInfo } from '../../realms/realm-info.js'
import { answering, ended } from './apache.js'

/**
 * An OpenLDAP server with what the KDC of EAST keeps in its own; stop it with
 * `Symbol.asyncDispose`.
 */
export interface OpenLdap extends AsyncDisposable {
  /** `dir.east.test`, as its keytab and its certificate have it. */
  readonly host: string
  readonly address: string
  readonly port: number
  /** Of its certificate, PEM. */
  readonly ca: string
}

export interface OpenLdapOptions {
  readonly address: string
  readonly folder: string
  /** Protection that it demands: 56 is that of a layer which seals. Default: none. */
  readonly leastProtection?: number
  /** More entries, in LDIF. */
  readonly entries?: string
  /** The entry below which everybody may read, without a sign-in. */
  readonly publicBase?: string
}

const HOST = 'dir.east.test'
const PORT = 3890

/** People beside the entries of the KDC, as administrators of OpenLDAP have them. */
const PEOPLE = `dn: ou=people,dc=kdb
objectClass: organizationalUnit
ou: people

dn: uid=erin,ou=people,dc=kdb
objectClass: inetOrgPerson
objectClass: krbPrincipalAux
objectClass: krbTicketPolicyAux
uid: erin
cn: Erin Example
sn: Example
displayName: Erin (Sales)
mail: erin@east.test
departmentNumber: Sales
krbPrincipalName: erin@EAST.TEST

`

/**
 * Starts it with a copy of the KDC's database, read-only, with GSSAPI, StartTLS and its own keytab.
 */
export async function startOpenLdap(info: RealmsInfo, options: OpenLdapOptions): Promise<OpenLdap> {
  const { address, folder, leastProtection = 0, entries = '', publicBase } = options
  mkdirSync(join(folder, 'data'), { recursive: true })
  const at = (name: string): string => join(folder, name)
  await makeKeytab(info, at('ldap.keytab'))
  await runOk('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST},IP:${address}`],
    ...['-keyout', at('key.pem'), '-out', at('certificate.pem')],
  ])
  cpSync(join(info.directory, 'ldap', 'kerberos.schema'), at('kerberos.schema'))
  writeFileSync(at('slapd.conf'), configuration(folder, leastProtection, publicBase))
  const socket = encodeURIComponent(join(info.directory, 'ldap', 'sock'))
  const everything = ['-Q', '-LLL', '-o', 'ldif-wrap=no', '-Y', 'EXTERNAL', '-H', `ldapi://${socket}`, '-b', 'dc=kdb']
  const { stdout } = await runOk('ldapsearch', everything)
  await runOk('slapadd', ['-q', '-f', at('slapd.conf')], { input: `${stdout}\n${PEOPLE}${entries}` })
  const child = spawn('slapd', ['-f', at('slapd.conf'), '-h', `ldap://${address}:${PORT}`, '-d', '0'], {
    env: { ...process.env, ...info.environment, PATH: `/usr/sbin:${process.env.PATH}`, KRB5_KTNAME: at('ldap.keytab') },
    stdio: 'ignore',
  })
  await answering(child, address, PORT, () => 'slapd says nothing')
  return {
    ...{ host: HOST, address, port: PORT, ca: at('certificate.pem') },
    [Symbol.asyncDispose]: () => ended(child),
  }
}

async function makeKeytab(info: RealmsInfo, keytab: string): Promise<void> {
  const { machine, name } = realmOf(info, 'EAST')
  const principal = `ldap/${HOST}@${name}`
  const asAdministrator = { environment: { ...info.environment, ...machine.environment } }
  const kadmin = (query: string) => runOk('kadmin.local', ['-r', name, '-q', query], asAdministrator)
  // One server of this run may have made it.
  await kadmin(`addprinc -randkey ${principal}`)
  if (!existsSync(keytab)) await kadmin(`ktadd -norandkey -k ${keytab} ${principal}`)
}

function configuration(folder: string, leastProtection: number, publicBase: string | undefined): string {
  const schemas = ['core', 'cosine', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`)
  return [
    ...[...schemas, `include ${folder}/kerberos.schema`],
    'loglevel 0',
    ...[`TLSCertificateFile ${folder}/certificate.pem`, `TLSCertificateKeyFile ${folder}/key.pem`],
    ...[`sasl-host ${HOST}`, 'sasl-realm EAST.TEST', `sasl-secprops noanonymous,minssf=${leastProtection}`],
    'authz-regexp uid=([^,/]+),cn=[^,]*gssapi,cn=auth uid=$1,ou=people,dc=kdb',
    ...['modulepath /usr/lib/ldap', 'moduleload back_mdb', 'database mdb', 'maxsize 268435456', 'suffix dc=kdb'],
    ...[
      `directory ${folder}/data`,
      'readonly on',
      'sizelimit size.soft=100 size.hard=unlimited size.prtotal=unlimited',
    ],
    ...(publicBase === undefined ? [] : [`access to dn.subtree="${publicBase}" by * read`]),
    ...['access to attrs=krbPrincipalKey by * none', 'access to * by users read by anonymous auth'],
    ...['index objectClass eq', 'index krbPrincipalName eq,sub,pres', 'index uid eq', ''],
  ].join('\n')
}
