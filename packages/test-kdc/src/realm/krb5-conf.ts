import { asciiLower } from '@s4u/krb5'
import type { ListenAddress } from '../network/listen.js'

/** A realm, as krb5.conf has it. */
export interface ConfiguredRealm {
  readonly realm: string
  readonly domains: readonly string[]
  readonly addresses: readonly ListenAddress[]
  readonly passwordServers: readonly ListenAddress[]
}

/**
 * Returns a krb5.conf that MIT, Heimdal and Java read. The first realm is the default one. Clients
 * with this file never ask DNS.
 */
export function renderKrb5Conf(
  realms: readonly ConfiguredRealm[],
  libdefaults: Readonly<Record<string, string | number | boolean>> = {},
): string {
  const settings = { default_realm: realms[0].realm, ...DEFAULTS, ...libdefaults }
  return [
    '[libdefaults]',
    ...Object.entries(settings).map(([name, value]) => `  ${name} = ${value}`),
    '',
    '[realms]',
    ...realms.flatMap(({ realm, addresses, passwordServers }) => [
      `  ${realm} = {`,
      ...addresses.map((address) => `    kdc = ${written(address)}`),
      ...passwordServers.map((address) => `    kpasswd_server = ${written(address)}`),
      '  }',
    ]),
    '',
    '[domain_realm]',
    ...realms.flatMap(({ realm, domains }) =>
      domains.map(asciiLower).flatMap((domain) => [`  ${domain} = ${realm}`, `  .${domain} = ${realm}`]),
    ),
    '',
  ].join('\n')
}

function written({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

const DEFAULTS = {
  dns_lookup_kdc: false,
  dns_lookup_realm: false,
  dns_canonicalize_hostname: false,
  rdns: false,
  forwardable: true,
}
