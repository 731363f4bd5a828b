import { dnsDomain, hostNumbers, type Ports, realmKeys, realmName } from './addresses.js'

export type Profile = { [name: string]: string | number | boolean | readonly string[] | Profile }

/**
 * A file in the format of krb5.conf: sections of relations. MIT wants the `{` of a subsection at
 * the end of its line.
 */
export function renderProfile(sections: Record<string, Profile>): string {
  return Object.entries(sections)
    .map(([name, profile]) => [`[${name}]`, ...renderRelations(profile, '  ')].join('\n'))
    .join('\n\n')
    .concat('\n')
}

/**
 * The configuration that every client and every KDC of the run reads. All realms are in it, whether
 * they run or not.
 */
export function krb5Conf(block: string, ports: Ports, directory: string): Record<string, Profile> {
  const realms: Profile = {}
  const domains: Profile = {}
  for (const key of realmKeys) {
    const host = `${block}.${hostNumbers[key]}`
    realms[realmName(key)] = {
      kdc: `${host}:${ports.kdc}`,
      kpasswd_server: `${host}:${ports.kpasswd}`,
      admin_server: `${host}:${ports.kadmin}`,
    }
    domains[`.${dnsDomain(key)}`] = realmName(key)
  }
  const libdefaults: Profile = {
    default_realm: realmName('EAST'),
    dns_lookup_kdc: false,
    dns_lookup_realm: false,
    dns_uri_lookup: false,
    dns_canonicalize_hostname: false,
    rdns: false,
    forwardable: true,
    kdc_timesync: 0,
    default_ccache_name: `FILE:${directory}/ccaches/default`,
  }
  return { libdefaults, realms, domain_realm: domains }
}

function renderRelations(profile: Profile, indent: string): string[] {
  return Object.entries(profile).flatMap(([name, value]) => {
    if (typeof value !== 'object') return [`${indent}${name} = ${value}`]
    if (isList(value)) return value.map((item) => `${indent}${name} = ${item}`)
    return [`${indent}${name} = {`, ...renderRelations(value, `${indent}  `), `${indent}}`]
  })
}

const isList = (value: Profile | readonly string[]): value is readonly string[] => Array.isArray(value)
