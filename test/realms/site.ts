import type { Ports, RealmKey } from './addresses.js'
import { hostNumbers } from './addresses.js'
import type { Processes } from './processes.js'
import type { Address, Machine } from './realm-info.js'

/** The ground on which the realms of one run stand. */
export interface Site {
  directory: string
  krb5Config: string
  ports: Ports
  processes: Processes
  /** What Kerberos programs need in their environment. */
  environment: Record<string, string>
  /**
   * The folder that is the root of the programs of `processes`, where that is not the machine's
   * own.
   */
  root?: string
}

export const addressOf = (site: Site, key: RealmKey, port: number): Address => ({ host: hostOf(site, key), port })
export const hostOf = (site: Site, key: RealmKey): string => `${site.processes.block}.${hostNumbers[key]}`

/** What tests are told about where the programs of a realm run. */
export const machineOf = ({ directory, environment, root }: Site): Machine => ({ directory, environment, root })
