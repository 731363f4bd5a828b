import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dnsDomain, realmName } from '../addresses.js'
import { AES_SHA1, AES_SHA2, alice, PROTOCOL_TRANSITION, RC4, services, users } from './heimdal-accounts.js'
import type { HeimdalPrograms } from './heimdal-packages.js'
import { krb5Conf, type Profile, renderProfile } from '../krb5-conf.js'
import { type Trust, trusts } from '../mit/mit-accounts.js'
import { waitForPort } from '../processes.js'
import type { Account, RealmInfo } from '../realm-info.js'
import { addressOf, hostOf, machineOf, type Site } from '../site.js'

export type HeimdalKey = 'NORTH' | 'SOUTH'

/** A realm of Heimdal, from packages that are unpacked but not installed. */
export async function startHeimdal(
  site: Site,
  key: HeimdalKey,
  unpacked: Promise<HeimdalPrograms>,
): Promise<RealmInfo> {
  const programs = await unpacked
  const realm = realmName(key)
  const folder = join(site.directory, realm)
  const info = describe(site, key, programs)
  const environment = { KRB5_CONFIG: confPath(site, key), LD_LIBRARY_PATH: programs.libraries }
  const run = (program: string, args: string[], input = ''): Promise<unknown> =>
    site.processes.run(program, args, { environment, input })
  const admin = (commands: string[]): Promise<unknown> =>
    run(programs.kadmin, ['-l', '-c', confPath(site, key), '-r', realm], `${commands.join('\n')}\n`)

  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'kadmind.acl'), `${administratorOf(key).principal} cpw\n`)
  writeConf(site, key, AES_SHA1)
  await run(programs.kstash, ['--random-key', '-k', join(folder, 'm-key')])
  await admin([
    `init --realm-max-ticket-life=1d --realm-max-renewable-life=7d ${realm}`,
    ...users.map(addUser),
    `add --use-defaults -p ${administratorOf(key).password} ${administratorOf(key).principal}`,
    ...trustsOf(key),
  ])
  writeConf(site, key, [...AES_SHA1, ...AES_SHA2, RC4])
  await admin([addUser(alice), ...servicePrincipals(info)])
  startDaemons(site, key, programs, environment)
  await waitForPort(hostOf(site, key), site.ports.kdc, site.processes)
  return info
}

/** May set passwords, by kadmind.acl. */
const administratorOf = (key: HeimdalKey): Account => ({
  principal: `admin/admin@${realmName(key)}`,
  password: 'pw-admin',
})

const confPath = (site: Site, key: HeimdalKey): string => join(site.directory, `${realmName(key)}.conf`)

/** `keys` are what principals get that are made while this is the configuration. */
function writeConf(site: Site, key: HeimdalKey, keys: readonly string[]): void {
  const folder = join(site.directory, realmName(key))
  const { libdefaults, ...shared } = krb5Conf(site.processes.block, site.ports, site.directory)
  const database: Profile = {
    dbname: join(folder, 'heimdal'),
    realm: realmName(key),
    mkey_file: join(folder, 'm-key'),
    acl_file: join(folder, 'kadmind.acl'),
    log_file: join(folder, 'log'),
  }
  const kdc = { database, 'require-preauth': true, 'enable-pkinit': 'no', 'check-ticket-addresses': false }
  const conf = renderProfile({
    libdefaults: { name_canon_rules: 'as-is:', ...libdefaults },
    ...shared,
    kdc,
    kadmin: { default_keys: keys.map((name) => `${name}:pw-salt`).join(' ') },
    logging: { kdc: `0-/FILE:${site.directory}/log/${realmName(key)}.kdc.log` },
  })
  writeFileSync(confPath(site, key), conf)
}

const addUser = ({ name, options }: { name: string; options: readonly string[] }): string =>
  ['add --use-defaults', `-p pw-${name}`, ...options, name].join(' ')

/**
 * One key only: Heimdal salts keys of SHA-2 at random, so the other side could not have the same.
 */
function trustsOf(key: HeimdalKey): string[] {
  const all: Trust[] = key === 'NORTH' ? [...trusts.northAndSouth, ...trusts.eastAndNorth] : trusts.northAndSouth
  return all.flatMap(({ password, principal }) => [
    `add --use-defaults -p ${password} ${principal}`,
    `del_enctype ${principal} aes128-cts-hmac-sha1-96`,
  ])
}

function servicePrincipals(info: RealmInfo): string[] {
  return services.flatMap(({ name, attribute, rc4Only }) => {
    const { spn, keytab, delegatesTo } = info.services[name]
    const targets = delegatesTo.map((target) => `--constrained-delegation=${target}@${info.name}`)
    return [
      `add --use-defaults -r ${attribute ? `--attributes=${attribute} ` : ''}${spn}`,
      ...(rc4Only ? [`del_enctype ${spn} ${[...AES_SHA1, ...AES_SHA2].join(' ')}`] : []),
      ...(targets.length > 0 ? [`modify ${targets.join(' ')} ${spn}`] : []),
      `ext_keytab -k ${keytab} ${spn}`,
    ]
  })
}

function startDaemons(
  site: Site,
  key: HeimdalKey,
  programs: HeimdalPrograms,
  environment: Record<string, string>,
): void {
  const addresses = `--addresses=${hostOf(site, key)}`
  const [realm, { kdc, kpasswd }] = [realmName(key), site.ports]
  site.processes.start(
    `${realm}.kdc`,
    programs.kdc,
    ['-c', confPath(site, key), addresses, '-P', String(kdc)],
    environment,
  )
  if (key !== 'NORTH') return
  site.processes.start(`${realm}.kpasswdd`, programs.kpasswdd, [addresses, '-p', String(kpasswd)], environment)
}

function describe(site: Site, key: HeimdalKey, programs: HeimdalPrograms): RealmInfo {
  const [name, domain] = [realmName(key), dnsDomain(key)]
  const spnOf = (service: string): string => `HTTP/${service}.${domain}`
  const info: RealmInfo = {
    name,
    domain,
    kind: 'heimdal',
    machine: machineOf(site),
    kdc: addressOf(site, key, site.ports.kdc),
    clients: {
      kinit: programs.kinit,
      kgetcred: programs.kgetcred,
      kadmin: programs.kadmin,
      libraries: programs.libraries,
    },
    users: {},
    services: {},
  }
  if (key === 'NORTH') {
    info.kpasswd = addressOf(site, key, site.ports.kpasswd)
    info.administrator = administratorOf(key)
  }
  for (const user of [alice, ...users]) {
    const account = { principal: `${user.name}@${name}`, password: `pw-${user.name}` }
    info.users[user.name] = { ...account, note: user.note, groups: [] }
  }
  for (const { name: service, attribute, delegatesTo = [], note } of services) {
    info.services[service] = {
      principal: `${spnOf(service)}@${name}`,
      spn: spnOf(service),
      host: `${service}.${domain}`,
      keytab: join(site.directory, 'keytabs', `${service}.${domain}.keytab`),
      protocolTransition: attribute === PROTOCOL_TRANSITION,
      delegatesTo: delegatesTo.map(spnOf),
      note,
    }
  }
  return info
}
