import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { downloadPackages, isDebian, searchPath } from '../debian/packages.js'
import { runProgram, waitUntil } from '../processes.js'
import type { Site } from '../site.js'

export interface Slapd {
  /** `ldapi://…`: a socket in the run's folder. */
  uri: string
  /**
   * The identity that this process has there, which may do everything. There is no LDAP password.
   */
  rootDn: string
  /** Applies LDIF change records. */
  modify(ldif: string): Promise<void>
}

/** The directory that the MIT realms keep their principals in. */
export async function startSlapd(site: Site): Promise<Slapd> {
  const folder = join(site.directory, 'ldap')
  mkdirSync(join(folder, 'data'), { recursive: true })
  const rootDn = `gidNumber=${process.getgid?.()}+uidNumber=${process.getuid?.()},cn=peercred,cn=external,cn=auth`
  const uri = `ldapi://${encodeURIComponent(join(folder, 'sock'))}`
  const conf = join(folder, 'slapd.conf')
  writeFileSync(join(folder, 'kerberos.schema'), await kerberosSchema(folder))
  writeFileSync(conf, slapdConf(folder, rootDn))
  const top = 'dn: dc=kdb\nobjectClass: dcObject\nobjectClass: organization\ndc: kdb\no: kdb\n'
  await site.processes.run('slapadd', ['-q', '-f', conf], { input: top })
  // A copy, because Ubuntu's AppArmor keeps the installed one from reading anything here.
  copyFileSync(programPath('slapd'), join(folder, 'slapd'))
  site.processes.start('slapd', join(folder, 'slapd'), ['-f', conf, '-h', uri, '-d', '0'])
  const access = ['-Q', '-Y', 'EXTERNAL', '-H', uri]
  await waitUntil(
    'slapd does not answer',
    async () => (await runProgram('ldapwhoami', access)).status === 0,
    site.processes,
  )
  const modify = async (ldif: string): Promise<void> => {
    await site.processes.run('ldapmodify', access, { input: ldif })
  }
  return { uri, rootDn, modify }
}

function slapdConf(folder: string, rootDn: string): string {
  const schemas = ['core', 'cosine', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`)
  return [
    ...[...schemas, `include ${folder}/kerberos.schema`],
    // Nobody reads it, and where there is no syslog each search tries three times to reach one.
    'loglevel 0',
    ...['modulepath /usr/lib/ldap', 'moduleload back_mdb', 'database mdb', 'maxsize 67108864', 'suffix dc=kdb'],
    ...[`rootdn "${rootDn}"`, `directory ${folder}/data`, 'dbnosync'],
    ...['index objectClass eq', 'index krbPrincipalName eq,sub,pres', ''],
  ].join('\n')
}

/**
 * The schema is packaged as documentation, which slim container images leave out; then the package
 * is fetched again.
 */
async function kerberosSchema(folder: string): Promise<Uint8Array> {
  const path = 'usr/share/doc/krb5-kdc-ldap/kerberos.schema.gz'
  if (existsSync(`/${path}`)) return gunzipSync(readFileSync(`/${path}`))
  if (!isDebian()) throw new Error(`/${path} not found`)
  await downloadPackages(['krb5-kdc-ldap'], folder)
  await runProgram('/bin/sh', ['-c', 'dpkg -x krb5-kdc-ldap_*.deb unpacked'], { directory: folder })
  return gunzipSync(readFileSync(join(folder, 'unpacked', path)))
}

function programPath(name: string): string {
  const found = searchPath.split(delimiter).find((folder) => existsSync(join(folder, name)))
  if (found === undefined) throw new Error(`${name} not found`)
  return join(found, name)
}
