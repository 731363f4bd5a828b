import type { Ports, RealmKey } from './addresses.js'
import { hostNumbers } from './addresses.js'
import type { Processes } from './processes.js'
import type { Address } from './realm-info.js'

/** The ground on which the realms of one run stand. */
export interface Site {
  directory: string
  krb5Config: string
  ports: Ports
  processes: Processes
  /** What Kerberos programs need in their environment. */
  environment: Record<string, string>
}

export const addressOf = (site: Site, key: RealmKey, port: number): Address => ({ host: hostOf(site, key), port })
export const hostOf = (site: Site, key: RealmKey): string => `${site.processes.block}.${hostNumbers[key]}`
