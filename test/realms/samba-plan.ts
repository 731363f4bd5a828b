import { join } from 'node:path'
import { dnsDomain, realmName } from './addresses.js'
import type { RealmInfo, ServiceInfo } from './realm-info.js'
import {
  AES,
  corp,
  ORDINARY,
  partner,
  PROTOCOL_TRANSITION,
  type SambaForest,
  type SambaService,
} from './samba-accounts.js'
import { controllers, folderOf, type SambaKey, smbConf } from './samba-conf.js'
import { addressOf, machineOf, type Site } from './site.js'

const forests: Record<SambaKey, SambaForest> = { CORP: corp, PARTNER: partner, NEWCORP: corp, NEWPARTNER: partner }
export const ADMINISTRATOR_PASSWORD = 'Adm1n!Passw0rd'

/** What tests are told about the forest. */
export function describeForest(site: Site, key: SambaKey): RealmInfo {
  const forest = forests[key]
  const realm = realmName(key)
  const domain = dnsDomain(key)
  const keytabs = join(site.directory, 'keytabs')
  const spnOf = (name: string): string => `${name.includes('/') ? name : `HTTP/${name}`}.${domain}`
  const info: RealmInfo = {
    name: realm,
    domain,
    kind: 'samba',
    machine: { ...machineOf(site), smbConf: smbConf(site, key) },
    kdc: addressOf(site, key, site.ports.kdc),
    kpasswd: addressOf(site, key, site.ports.kpasswd),
    ldap: addressOf(site, key, 389),
    administrator: { principal: `Administrator@${realm}`, password: ADMINISTRATOR_PASSWORD },
    users: {},
    services: {},
    everyKey: join(keytabs, `every-key.${domain}.keytab`),
  }
  for (const { name, password, upn, groups = [], note } of forest.users) {
    const enterpriseName = upn ?? `${name}@${domain}`
    const memberOf = [...forest.commonGroups, ...groups]
    info.users[name] = { principal: `${name}@${realm}`, password, enterpriseName, note, groups: memberOf }
  }
  for (const { name, flags = ORDINARY, delegatesTo = [], note } of forest.services) {
    info.services[name] = {
      principal: `svc-${name}@${realm}`,
      spn: spnOf(name),
      host: `${name}.${domain}`,
      keytab: join(keytabs, `${name}.${domain}.keytab`),
      password: `pw-svc-${name}`,
      protocolTransition: (flags & PROTOCOL_TRANSITION) !== 0,
      delegatesTo: delegatesTo.map(spnOf),
      note,
    }
  }
  for (const { name, password, note } of forest.computers) {
    const [host, keytab] = [`${name}.${domain}`, join(keytabs, `${name}.${domain}.keytab`)]
    const principal = `${name.toUpperCase()}$@${realm}`
    const list = { protocolTransition: false, delegatesTo: [] }
    info.services[name] = { principal, spn: spnOf(name), host, keytab, password, note, ...list }
  }
  return info
}

/** What samba-seed.py has to put into the directory. */
export function seedPlan(site: Site, key: SambaKey, info: RealmInfo): object {
  const forest = forests[key]
  const members: Record<string, string[]> = {}
  for (const [name, { groups }] of Object.entries(info.users)) {
    for (const group of groups) (members[group] ??= []).push(name)
  }
  return {
    smbConf: smbConf(site, key),
    samLdb: join(folderOf(site, key), 'private', 'sam.ldb'),
    everyKey: info.everyKey,
    controller: controllers[key].toUpperCase(),
    controllerServices: [`ldap/${controllers[key]}.${info.domain}`, `ldap/${controllers[key]}`],
    upnSuffixes: forest.upnSuffixes,
    groups: forest.groups,
    members,
    users: forest.users.map((user) => ({
      ...{ flags: ORDINARY, mustChangePassword: false, ...user },
      upn: info.users[user.name].enterpriseName,
      attributes: { 'msDS-SupportedEncryptionTypes': AES, ...user.attributes },
    })),
    services: forest.services.map((service) => serviceAccount(service, info.services[service.name])),
    computers: forest.computers.map(({ name, password }) => ({
      ...{ name: name.toUpperCase(), account: `${name.toUpperCase()}$`, password, host: `${name}.${info.domain}` },
      ...{ hostSpn: `host/${name}.${info.domain}`, spn: info.services[name].spn, keytab: info.services[name].keytab },
    })),
  }
}

function serviceAccount({ name, flags = ORDINARY, encryptionTypes = AES }: SambaService, info: ServiceInfo): object {
  const list = info.delegatesTo.length > 0 ? { 'msDS-AllowedToDelegateTo': info.delegatesTo } : {}
  return {
    ...{ name: `svc-${name}`, password: info.password, flags, mustChangePassword: false },
    upn: `svc-${name}@${info.host.slice(name.length + 1)}`,
    attributes: { servicePrincipalName: [info.spn], ...list },
    ...{ spn: info.spn, keytab: info.keytab, finalEncryptionTypes: encryptionTypes },
  }
}
