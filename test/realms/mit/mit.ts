import { join } from 'node:path'
import { dnsDomain, realmName } from '../addresses.js'
import { type MitService, PROTOCOL_TRANSITION, services, type Trust, trusts, users } from './mit-accounts.js'
import { administratorOf, cappedHost, cappedProfile, kdcProfile, type MitKey, writeKdcConf } from './mit-conf.js'
import { waitForPort } from '../processes.js'
import type { RealmInfo } from '../realm-info.js'
import { addressOf, hostOf, machineOf, type Site } from '../site.js'
import type { Slapd } from './slapd.js'

/**
 * Passwords are stretched once for each encryption type, the slow part of filling a realm; two are
 * enough for most.
 */
const TWO_KEYS = '-e aes256-cts-hmac-sha1-96:normal,aes128-cts-hmac-sha1-96:normal'
const TRUST_KEY = '-e aes256-cts-hmac-sha1-96:normal'
const ALICE_ALIAS = 'alice@corp.example'

/** A realm of MIT krb5: EAST and WEST in the directory, PLAIN (without one) in a file. */
export async function startMit(site: Site, key: MitKey, slapd?: Slapd): Promise<RealmInfo> {
  const realm = realmName(key)
  const info = describe(site, key)
  writeKdcConf(site, key, slapd)
  const environment = { KRB5_KDC_PROFILE: kdcProfile(site, key) }
  const run = (program: string, args: string[], input = ''): Promise<unknown> =>
    site.processes.run(program, args, { environment, input })
  // Never with -subtrees: two realms that share one find each other's krbtgt, and krb5kdc 1.20
  // crashes on it.
  if (slapd) await run('kdb5_ldap_util', ['-H', slapd.uri, '-r', realm, 'create', '-P', 'masterpw', '-s'])
  else await run('kdb5_util', ['-r', realm, 'create', '-P', 'masterpw', '-s'])
  await run('kadmin.local', ['-r', realm], [...principals(info), ...trustsOf(key)].join('\n') + '\n')
  if (slapd) await slapd.modify(delegationAndAliases(key, info))
  await startDaemons(site, key)
  return info
}

/**
 * The user's KDC must know in which realm a service is that asks for tickets to itself; both realms
 * must be there.
 */
export async function linkRealms(slapd: Slapd): Promise<void> {
  const foreign = (krbtgt: string, of: MitKey, at: MitKey, names: string[]): string => {
    const aliases = names.map((name) => `HTTP\\/${name}.${dnsDomain(of)}@${realmName(of)}@${realmName(at)}`)
    return addAliases(krbtgt, aliases)
  }
  await slapd.modify(
    foreign('krbtgt/EAST.TEST@WEST.TEST', 'EAST', 'WEST', ['web', 'kcd']) +
      foreign('krbtgt/WEST.TEST@EAST.TEST', 'WEST', 'EAST', ['web']),
  )
}

async function startDaemons(site: Site, key: MitKey): Promise<void> {
  const realm = realmName(key)
  const start = (name: string, program: string, args: string[], profile = kdcProfile(site, key)): void =>
    site.processes.start(name, program, args, { KRB5_KDC_PROFILE: profile })
  // For measurements: a process answers one request at a time.
  const workers = process.env.S4U_KDC_WORKERS
  start(`${realm}.krb5kdc`, 'krb5kdc', ['-n', '-r', realm, ...(workers === undefined ? [] : ['-w', workers])])
  await waitForPort(hostOf(site, key), site.ports.kdc, site.processes)
  if (key !== 'EAST') return
  start(`${realm}.capped`, 'krb5kdc', ['-n', '-r', realm], cappedProfile(site))
  start(`${realm}.kadmind`, 'kadmind', ['-nofork', '-r', realm])
  await waitForPort(cappedHost(site), site.ports.kdc, site.processes)
  await waitForPort(hostOf(site, key), site.ports.kpasswd, site.processes)
}

function describe(site: Site, key: MitKey): RealmInfo {
  const [name, domain] = [realmName(key), dnsDomain(key)]
  const ldap = key !== 'PLAIN'
  const info: RealmInfo = {
    name,
    domain,
    kind: ldap ? 'mit-ldap' : 'mit-db2',
    machine: { ...machineOf(site), environment: { ...site.environment, KRB5_KDC_PROFILE: kdcProfile(site, key) } },
    kdc: addressOf(site, key, site.ports.kdc),
    users: {},
    services: {},
  }
  if (key === 'EAST') {
    info.kpasswd = addressOf(site, key, site.ports.kpasswd)
    info.administrator = administratorOf(key)
    info.cappedKdc = { host: cappedHost(site), port: site.ports.kdc }
  }
  for (const user of users) {
    const account = { principal: `${user.name}@${name}`, password: `pw-${user.name}`, note: user.note, groups: [] }
    info.users[user.name] = user.name === 'alice' && ldap ? { ...account, enterpriseName: ALICE_ALIAS } : account
  }
  const spnOf = (target: string): string =>
    spn(
      services.find((service) => service.name === target),
      target,
      domain,
    )
  for (const service of services) {
    info.services[service.name] = {
      principal: `${spnOf(service.name)}@${name}`,
      spn: spnOf(service.name),
      host: `${service.name}.${domain}`,
      keytab: join(site.directory, 'keytabs', `${service.name}.${domain}.keytab`),
      protocolTransition: service.options === PROTOCOL_TRANSITION,
      delegatesTo: ldap ? (service.delegatesTo ?? []).map(spnOf) : [],
      note: service.note,
    }
  }
  return info
}

const spn = (service: MitService | undefined, name: string, domain: string): string =>
  `${service?.service ?? 'HTTP'}/${name}.${domain}`

/** Commands for kadmin.local. Services sign in without pre-authentication. */
function principals(info: RealmInfo): string[] {
  const { administrator } = info
  return [
    ...(administrator
      ? [`addprinc +requires_preauth ${TWO_KEYS} -pw ${administrator.password} ${administrator.principal}`]
      : []),
    ...users.map(({ name, options = '', everyEncryptionType }) => {
      const keys = everyEncryptionType ? '' : TWO_KEYS
      return `addprinc +requires_preauth ${options} ${keys} -pw pw-${name} ${name}`
    }),
    ...services.flatMap(({ name, options = '', encryptionType }) => {
      const keys = encryptionType ? `-e ${encryptionType}:normal` : ''
      const { spn: principal, keytab } = info.services[name]
      return [
        `addprinc -requires_preauth ${options} ${keys} -randkey ${principal}`,
        `ktadd -norandkey -k ${keytab} ${principal}`,
      ]
    }),
  ]
}

function trustsOf(key: MitKey): string[] {
  const all: Record<MitKey, Trust[]> = {
    EAST: [...trusts.eastAndWest, ...trusts.eastAndNorth],
    WEST: trusts.eastAndWest,
    PLAIN: [],
    NEWEAST: [],
  }
  return all[key].map(
    ({ password, principal }) => `addprinc -requires_preauth ${TRUST_KEY} -pw ${password} ${principal}`,
  )
}

/** kadmin knows neither delegation lists nor aliases: they are written into the directory. */
function delegationAndAliases(key: MitKey, info: RealmInfo): string {
  const lists = Object.values(info.services)
    .filter(({ delegatesTo }) => delegatesTo.length > 0)
    .map(({ principal, delegatesTo }) => {
      const targets = delegatesTo.map((target) => `krbAllowedToDelegateTo: ${target}@${info.name}`)
      return [...change(principal), 'replace: krbAllowedToDelegateTo', ...targets, '', ''].join('\n')
    })
  const aliases = [
    addAliases(info.users.alice.principal, [`${ALICE_ALIAS}@${info.name}`]),
    addAliases(info.services.api.principal, [`HTTP/alias.${dnsDomain(key)}@${info.name}`]),
  ]
  return [...lists, ...aliases].join('')
}

function addAliases(principal: string, aliases: readonly string[]): string {
  const names = aliases.map((alias) => `krbPrincipalName: ${alias}`)
  const canonical = ['-', 'add: krbCanonicalName', `krbCanonicalName: ${principal}`, '', '']
  return [...change(principal), 'add: krbPrincipalName', ...names, ...canonical].join('\n')
}

function change(principal: string): string[] {
  const realm = principal.slice(principal.lastIndexOf('@') + 1)
  return [`dn: krbPrincipalName=${principal},cn=${realm},cn=krbcontainer,dc=kdb`, 'changetype: modify']
}
