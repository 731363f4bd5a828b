import { join } from 'node:path'
import { dnsDomain, realmName } from '../addresses.js'
import { newcorp, newpartner } from './newer-accounts.js'
import type { RealmInfo, ServiceInfo } from '../realm-info.js'
import {
  AES,
  corp,
  ORDINARY,
  partner,
  PROTOCOL_TRANSITION,
  type SambaForest,
  type SambaService,
} from './samba-accounts.js'
import { controllers, folderOf, isNewer, type SambaKey, smbConf, tlsCertificate } from './samba-conf.js'
import { addressOf, machineOf, type Site } from '../site.js'

const forests: Record<SambaKey, SambaForest> = {
  CORP: corp,
  PARTNER: partner,
  NEWCORP: newcorp,
  NEWPARTNER: newpartner,
}
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
    ldapCertificate: tlsCertificate(site, key),
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
  for (const { name, note } of forest.managedAccounts ?? []) {
    const [host, keytab] = [`${name}.${domain}`, join(keytabs, `${name}.${domain}.keytab`)]
    const list = { protocolTransition: false, delegatesTo: [] }
    info.services[name] = { principal: `${name}$@${realm}`, spn: spnOf(name), host, keytab, note, ...list }
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
  const computerMembers: Record<string, string[]> = {}
  for (const { name, groups = [] } of forest.computers) {
    for (const group of groups) (computerMembers[group] ??= []).push(`${name.toUpperCase()}$`)
  }
  return {
    smbConf: smbConf(site, key),
    samLdb: join(folderOf(site, key), 'private', 'sam.ldb'),
    everyKey: info.everyKey,
    controller: controllers[key].toUpperCase(),
    controllerServices: controllerServices(key, info.domain),
    upnSuffixes: forest.upnSuffixes,
    groups: forest.groups,
    members,
    users: forest.users.map((user) => ({
      ...{ flags: ORDINARY, mustChangePassword: false, ...user },
      upn: info.users[user.name].enterpriseName,
      attributes: { 'msDS-SupportedEncryptionTypes': AES, ...user.attributes },
    })),
    services: forest.services.map((service) => serviceAccount(service, info.services[service.name])),
    computerMembers,
    ...(isNewer(key) ? { newer: newerPlan(forest, info) } : {}),
    computers: forest.computers.map(({ name, password, attributes = {} }) => ({
      ...{ name: name.toUpperCase(), account: `${name.toUpperCase()}$`, password, host: `${name}.${info.domain}` },
      attributes,
      ...{ hostSpn: `host/${name}.${info.domain}`, spn: info.services[name].spn, keytab: info.services[name].keytab },
    })),
  }
}

/** Only controllers are given names of three parts: what DNS says proves nothing of a host. */
function controllerServices(key: SambaKey, domain: string): string[] {
  const host = `${controllers[key]}.${domain}`
  return [`ldap/${host}`, `ldap/${controllers[key]}`, `ldap/${host}/${domain}`, `GC/${host}/${domain}`]
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

/** What samba_newer.py has to add. */
function newerPlan(
  { claims = [], policies = [], silos = [], managedAccounts = [], users, services }: SambaForest,
  info: RealmInfo,
): object {
  return {
    claims,
    policies,
    silos,
    accounts: [
      ...users.map(({ name, policy, silo }) => ({ name, policy, silo })),
      ...services.map(({ name, policy, allows }) => ({
        ...{ name: `svc-${name}`, policy },
        allows: allows?.map((service) => `svc-${service}`),
      })),
    ].filter((account) => Object.values(account).some((value, index) => index > 0 && value !== undefined)),
    managedAccounts: managedAccounts.map(({ name, readers }) => {
      const { spn, host, keytab } = info.services[name]
      return { name, account: `${name}$`, readers, spn, host, keytab }
    }),
  }
}
