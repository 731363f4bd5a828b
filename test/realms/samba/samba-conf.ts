import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dnsDomain, realmName } from '../addresses.js'
import { krb5Conf, renderProfile } from '../krb5-conf.js'
import { hostOf, type Site } from '../site.js'

export type SambaKey = 'CORP' | 'PARTNER' | 'NEWCORP' | 'NEWPARTNER'
export const controllers: Record<SambaKey, string> = { CORP: 'dc1', PARTNER: 'dc2', NEWCORP: 'dc3', NEWPARTNER: 'dc4' }

/**
 * Forests that trust each other. Only in those of the newer Samba there are claims and
 * authentication policies.
 */
export const forestPairs: readonly (readonly [SambaKey, SambaKey])[] = [
  ['CORP', 'PARTNER'],
  ['NEWCORP', 'NEWPARTNER'],
]
export const isNewer = (key: SambaKey): boolean => key === 'NEWCORP' || key === 'NEWPARTNER'
export const functionLevel = (key: SambaKey): string => (isNewer(key) ? '2016' : '2008_R2')

/** smb.conf and the files it points to. */
export function writeSambaConf(site: Site, key: SambaKey): void {
  const folder = folderOf(site, key)
  const scripts = join(folder, 'sysvol', dnsDomain(key), 'scripts')
  for (const name of ['private', 'state', 'cache', 'lock', 'run', 'log', 'binddns']) {
    mkdirSync(join(folder, name), { recursive: true })
  }
  mkdirSync(scripts, { recursive: true })
  chmodSync(join(folder, 'private'), 0o700)
  const options: Record<string, string> = { ...identity(site, key), ...quiet, ...folders(site, key) }
  const lines = Object.entries(options).map(([name, value]) => `${name} = ${value}`)
  const shares = [
    '[sysvol]',
    `path = ${folder}/sysvol`,
    'read only = no',
    '[netlogon]',
    `path = ${scripts}`,
    'read only = no',
  ]
  writeFileSync(smbConf(site, key), `${['[global]', ...lines, ...shares].join('\n')}\n`)
  const shared = krb5Conf(site.processes.block, site.ports, site.directory)
  writeFileSync(sambaKrb5Config(site), renderProfile({ ...shared, kdc: { 'require-preauth': false } }))
  writeFileSync(join(site.directory, 'dns_hosts'), dnsHosts(site))
}

export const folderOf = (site: Site, key: SambaKey): string => join(site.directory, controllers[key])
export const smbConf = (site: Site, key: SambaKey): string => join(folderOf(site, key), 'smb.conf')
/** The certificate of the controller, which it has signed itself, PEM. */
export const tlsCertificate = (site: Site, key: SambaKey): string => join(folderOf(site, key), 'tls-certificate.pem')
export const TLS_KEY = 'tls-key.pem'
const sambaKrb5Config = (site: Site): string => join(site.directory, 'krb5-samba.conf')
export const sambaEnvironment = (site: Site): Record<string, string> => ({
  KRB5_CONFIG: sambaKrb5Config(site),
  TDB_NO_FSYNC: '1', // halves the time of provisioning; nothing here has to survive a power cut
})

const identity = (site: Site, key: SambaKey): Record<string, string> => ({
  'netbios name': controllers[key].toUpperCase(),
  realm: realmName(key),
  workgroup: key,
  'server role': 'active directory domain controller',
  'server services': 'ldap, cldap, kdc, dns, rpc',
  interfaces: `${hostOf(site, key)}/24`,
  'bind interfaces only': 'yes',
  'krb5 port': String(site.ports.kdc),
  ...(isNewer(key) ? newer(key) : {}),
})

/**
 * `server support krb5 netlogon`: machine accounts may sign the secure channel in with a ticket.
 */
const newer = (key: SambaKey): Record<string, string> => ({
  'ad dc functional level': functionLevel(key),
  'server support krb5 netlogon': 'yes',
})

/** Nothing that costs time or that looks beyond this machine. */
const quiet: Record<string, string> = {
  'ldap server require strong auth': 'no',
  'dns forwarder': '',
  'allow dns updates': 'disabled',
  'dns update command': '/bin/true',
  'spn update command': '/bin/true',
  'gpo update command': '/bin/true',
  'panic action': '',
  'usershare path': '',
  logging: 'file',
  'max log size': '0',
  'log level': '1',
}

function folders(site: Site, key: SambaKey): Record<string, string> {
  const folder = folderOf(site, key)
  return {
    'private dir': `${folder}/private`,
    'state directory': `${folder}/state`,
    'cache directory': `${folder}/cache`,
    'lock directory': `${folder}/lock`,
    'pid directory': `${folder}/run`,
    'ncalrpc dir': `${folder}/run/ncalrpc`,
    'winbindd socket directory': `${folder}/run/winbindd`,
    'ntp signd socket directory': `${folder}/run/ntp_signd`,
    'binddns dir': `${folder}/binddns`,
    'log file': `${folder}/log/samba.log`,
    // LDAP over TLS, and StartTLS.
    'tls keyfile': join(folder, 'private', TLS_KEY),
    'tls certfile': tlsCertificate(site, key),
    'tls cafile': tlsCertificate(site, key),
    'resolv:host file': join(site.directory, 'dns_hosts'),
  }
}

/** Samba's own resolver reads this file instead of asking the machine's DNS. */
function dnsHosts(site: Site): string {
  const lines = forestPairs.flat().flatMap((key) => {
    const domain = dnsDomain(key)
    const host = `${controllers[key]}.${domain}`
    const ldap = ['_ldap._tcp', '_ldap._tcp.dc._msdcs', '_ldap._tcp.pdc._msdcs']
    const kerberos = ['_kerberos._tcp', '_kerberos._tcp.dc._msdcs']
    return [
      ...[host, domain, `gc._msdcs.${domain}`].map((name) => `A ${name} ${hostOf(site, key)}`),
      ...ldap.map((name) => `SRV ${name}.${domain} ${host} 389`),
      `SRV _ldap._tcp.gc._msdcs.${domain} ${host} 3268`,
      ...kerberos.map((name) => `SRV ${name}.${domain} ${host} ${site.ports.kdc}`),
    ]
  })
  return `${lines.join('\n')}\n`
}
