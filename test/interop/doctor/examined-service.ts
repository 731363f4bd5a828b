import { type Diagnosis, diagnose, type DiagnoseOptions } from '@s4u/doctor'
import { type Directory, openDirectory } from '@s4u/directory'
import type { KdcClient } from '@s4u/kdc-client'
import { copyFileSync, mkdtempSync } from 'node:fs'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { join } from 'node:path'
import type { RealmKey } from '../../realms/addresses.js'
import { realmOf } from '../../realms/clients.js'
import type { RealmInfo, RealmsInfo } from '../../realms/realm-info.js'
import { controllers } from '../../realms/samba/samba-conf.js'

/** The service `web` of a realm, with a keytab of its own that a test may spoil. */
export class ExaminedService {
  readonly realm: RealmInfo
  readonly keytab: string
  /** Where tests may put files. */
  readonly folder: string
  /** Where the service listens: the address that DNS gives for its host. */
  readonly address: string
  private readonly more: Partial<DiagnoseOptions>
  private readonly info: RealmsInfo
  private readonly key: RealmKey

  constructor(info: RealmsInfo, key: RealmKey, hostNumber: number, more: Partial<DiagnoseOptions> = {}) {
    this.more = more
    this.info = info
    this.key = key
    this.realm = realmOf(info, key)
    this.address = `${info.block}.${hostNumber}`
    this.folder = mkdtempSync(join(info.directory, 'doctor-'))
    this.keytab = join(this.folder, 'web.keytab')
    this.restoreKeytab()
  }

  /** As it was when the realm came up. */
  restoreKeytab(): void {
    copyFileSync(this.realm.services.web.keytab, this.keytab)
  }

  /** What a healthy service is looked at with. */
  get options(): DiagnoseOptions {
    const { kdc, services, kind } = this.realm
    return {
      keytab: this.keytab,
      service: services.web.spn,
      kdc: `${kdc.host}:${kdc.port}`,
      krb5Config: this.info.krb5Config,
      as: 'alice',
      to: [services.api.spn],
      timeLimit: 5_000,
      ...(kind === 'samba' && { dnsServers: [kdc.host], directory: (client) => this.openAt(client) }),
      ...this.more,
    }
  }

  diagnose(options: Partial<DiagnoseOptions> = {}): Promise<Diagnosis> {
    return diagnose({ ...this.options, ...options })
  }

  /** @param address where a controller is looked for; default: where it is */
  openAt(client: KdcClient, address?: string): Directory {
    const { kdc, ldap = kdc, domain } = this.realm
    const controller = this.key in controllers ? controllers[this.key as keyof typeof controllers] : 'dc'
    return openDirectory({ client, servers: { host: `${controller}.${domain}`, address: address ?? ldap.host } })
  }
}

/** A web server at the address that DNS has for the host of a service. */
export async function serveAt(
  address: string,
  listener: RequestListener,
  options: ServerOptions = { maxHeaderSize: 65_536 },
): Promise<{ readonly port: number; [Symbol.asyncDispose](): Promise<void> }> {
  const server: Server = createServer(options, listener)
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What failed or warned: `['spn-owner']`. */
export function redOf({ findings }: Diagnosis): readonly string[] {
  return [...new Set(findings.filter(({ status }) => status === 'failed').map(({ check }) => check))]
}

/** Everything that is not green, in one text, for failed tests. */
export function troubleIn({ findings }: Diagnosis): string {
  return findings
    .filter(({ status }) => status === 'failed' || status === 'warning')
    .map(({ check, status, found, why = '', hint = '' }) => `${status} ${check}: ${found} ${why} ${hint}`)
    .join('\n')
}
