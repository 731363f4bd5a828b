import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EAST_CAPPED_HOST, realmName } from '../addresses.js'
import { type Profile, renderProfile } from '../krb5-conf.js'
import { allEncryptionTypes } from './mit-accounts.js'
import type { Account } from '../realm-info.js'
import { hostOf, type Site } from '../site.js'
import type { Slapd } from './slapd.js'

export type MitKey = 'EAST' | 'WEST' | 'PLAIN' | 'NEWEAST'

/** So small that no ticket fits into a datagram. */
const CAPPED_REPLY_SIZE = 300

export const kdcProfile = (site: Site, key: MitKey): string => join(site.directory, realmName(key), 'kdc.conf')
export const cappedProfile = (site: Site): string => join(site.directory, realmName('EAST'), 'capped.conf')
/** May set passwords, by kadm5.acl. */
export const administratorOf = (key: MitKey): Account => ({
  principal: `admin/admin@${realmName(key)}`,
  password: 'pw-admin',
})
export const cappedHost = (site: Site): string => `${site.processes.block}.${EAST_CAPPED_HOST}`

/** kdc.conf of one realm; PLAIN has a database file, the others share the directory. */
export function writeKdcConf(site: Site, key: MitKey, slapd: Slapd | undefined): void {
  const folder = join(site.directory, realmName(key))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'kadm5.acl'), `${administratorOf(key).principal} c\n`)
  const database: Profile = slapd ? { database_module: 'ldap' } : { database_name: join(folder, 'principal') }
  const modules: Record<string, Profile> = slapd ? { dbmodules: { ldap: ldapModule(slapd) } } : {}
  const listening = (host: string): Profile => ({
    kdc_listen: `${host}:${site.ports.kdc}`,
    kdc_tcp_listen: `${host}:${site.ports.kdc}`,
  })
  const realms = { [realmName(key)]: { ...database, ...realmOptions(site, key, folder) } }
  const conf = (defaults: Profile, log: string): string =>
    renderProfile({
      kdcdefaults: defaults,
      realms,
      ...modules,
      logging: { kdc: `FILE:${site.directory}/log/${log}.log` },
    })
  writeFileSync(kdcProfile(site, key), conf(listening(hostOf(site, key)), `${realmName(key)}.kdc`))
  if (key !== 'EAST') return
  const capped = { ...listening(cappedHost(site)), kdc_max_dgram_reply_size: CAPPED_REPLY_SIZE }
  writeFileSync(cappedProfile(site), conf(capped, `${realmName(key)}.capped-kdc`))
}

function realmOptions(site: Site, key: MitKey, folder: string): Profile {
  return {
    acl_file: join(folder, 'kadm5.acl'),
    key_stash_file: join(folder, 'stash'),
    max_life: '24h',
    max_renewable_life: '7d',
    master_key_type: 'aes256-cts-hmac-sha1-96',
    supported_enctypes: allEncryptionTypes.map((name) => `${name}:normal`).join(' '),
    default_principal_flags: '+preauth,+forwardable',
    host_based_services: '*',
    kadmind_listen: `${hostOf(site, key)}:${site.ports.kadmin}`,
    kpasswd_listen: `${hostOf(site, key)}:${site.ports.kpasswd}`,
  }
}

const ldapModule = (slapd: Slapd): Profile => ({
  db_library: 'kldap',
  ldap_kerberos_container_dn: 'cn=krbcontainer,dc=kdb',
  ldap_servers: slapd.uri,
  ldap_kdc_sasl_mech: 'EXTERNAL',
  ldap_kadmind_sasl_mech: 'EXTERNAL',
  ldap_kdc_dn: `"${slapd.rootDn}"`,
  ldap_kadmind_dn: `"${slapd.rootDn}"`,
  ldap_conns_per_server: 2,
  disable_last_success: true,
  disable_lockout: true,
})
