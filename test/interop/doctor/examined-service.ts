import { type Diagnosis, diagnose, type DiagnoseOptions } from '@s4u/doctor'
import { type Directory, joinAccount, type JoinedAccount, type JoinOptions, openDirectory } from '@s4u/directory'
import { createKdcClient, deriveAccountKeys, type KdcClient } from '@s4u/kdc-client'
import { Keytab, parsePrincipal } from '@s4u/krb5'
import { chmodSync, copyFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import { promises as dns } from 'node:dns'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { join } from 'node:path'
import type { Administrator } from '../diagnosis/administrator.js'
import type { RealmKey } from '../../realms/addresses.js'
import { realmOf } from '../../realms/clients.js'
import type { RealmInfo, RealmsInfo } from '../../realms/realm-info.js'
import { controllers } from '../../realms/samba/samba-conf.js'

/**
 * A service of a realm, with a keytab of its own that a test may spoil. At Samba it has accounts of
 * its
 * own as well (`makeAccounts`): those of the harness are what other suites count on.
 */
export class ExaminedService {
  readonly realm: RealmInfo
  readonly keytab: string
  /** Of another service. */
  readonly otherKeytab: string
  /** Where tests may put files. */
  readonly folder: string
  /** Where the service listens: the address that DNS gives for its host. */
  readonly address: string
  private readonly more: Partial<DiagnoseOptions>
  private readonly info: RealmsInfo
  private own: Uint8Array | undefined
  private readonly key: RealmKey

  constructor(info: RealmsInfo, key: RealmKey, hostNumber: number, more: Partial<DiagnoseOptions> = {}) {
    this.more = more
    this.info = info
    this.key = key
    this.realm = realmOf(info, key)
    this.address = `${info.block}.${hostNumber}`
    this.folder = mkdtempSync(join(info.directory, 'doctor-'))
    this.keytab = join(this.folder, 'web.keytab')
    this.otherKeytab = join(this.folder, 'other.keytab')
    if (this.realm.kind !== 'samba') this.restoreKeytab()
  }

  get spn(): string {
    return this.realm.kind === 'samba' ? `HTTP/exam.${this.realm.domain}` : this.realm.services.web.spn
  }

  /** The service that it calls. */
  get target(): string {
    return this.realm.kind === 'samba' ? `HTTP/examapi.${this.realm.domain}` : this.realm.services.api.spn
  }

  /** As it was before it was spoilt. */
  restoreKeytab(): void {
    if (this.realm.kind !== 'samba') return copyFileSync(this.realm.services.web.keytab, this.keytab)
    if (this.own) writeFileSync(this.keytab, this.own, { mode: 0o600 })
    chmodSync(this.keytab, 0o600)
  }

  /** Makes the accounts of the service, of what it calls, and of a user; or takes them over. */
  async makeAccounts(): Promise<void> {
    const { principal = '', password = '' } = this.realm.administrator ?? {}
    const client = createKdcClient({ kdc: this.kdcAddress, credentials: { principal, password } })
    await using directory = this.openAt(client)
    const make = async (name: string, more: Partial<JoinOptions> = {}): Promise<Keytab> => {
      const options = { kind: 'user', name, encryptionTypes: [18, 17], takeOver: true, ...more } as const
      const joined = await joinAccount(directory, options)
      return this.keytabOf(joined)
    }
    await make('examinee')
    await make('EXAM01', { kind: 'computer' })
    await make('svc-examapi', { servicePrincipalNames: [this.target] })
    const other = await make('svc-examnone', { servicePrincipalNames: [`HTTP/examnone.${this.realm.domain}`] })
    writeFileSync(this.otherKeytab, other.encode(), { mode: 0o600 })
    const delegation = { delegateTo: [this.target], protocolTransition: true }
    this.own = (await make('svc-exam', { servicePrincipalNames: [this.spn], ...delegation })).encode()
    this.restoreKeytab()
  }

  /**
   * Gives the service its names in the realm's own name server. Another file of tests may have done
   * so in this run.
   */
  async nameIt(administrator: Administrator): Promise<void> {
    const { kdc, domain, administrator: admin } = this.realm
    const names = new dns.Resolver({ timeout: 2_000, tries: 2 })
    names.setServers([kdc.host])
    if ((await names.resolve4(`exam.${domain}`).catch((): string[] => [])).includes(this.address)) return
    const login = `-U 'Administrator%${admin?.password ?? ''}'`
    for (const record of [`exam A ${this.address}`, `canonical A ${this.address}`, `portal CNAME canonical.${domain}`])
      await administrator.run(`samba-tool dns add ${kdc.host} ${domain} ${record} ${login}`)
  }

  private async keytabOf({ account, password }: JoinedAccount): Promise<Keytab> {
    const {
      principal,
      kvno = 1,
      keys,
    } = await deriveAccountKeys({
      principal: account.principal,
      password,
      kdc: this.kdcAddress,
    })
    const spns = account.servicePrincipalNames.map((spn) => parsePrincipal(spn, { realm: principal.realm }))
    const timestamp = Date.now()
    return new Keytab(
      [principal, ...spns].flatMap((name) => keys.map((key) => ({ principal: name, kvno, key, timestamp }))),
    )
  }

  private get kdcAddress(): string {
    const { host, port } = this.realm.kdc
    return `${host}:${port}`
  }

  /** What a healthy service is looked at with. */
  get options(): DiagnoseOptions {
    const { kdc, kind } = this.realm
    return {
      keytab: this.keytab,
      service: this.spn,
      kdc: `${kdc.host}:${kdc.port}`,
      krb5Config: this.info.krb5Config,
      as: kind === 'samba' ? 'examinee' : 'alice',
      to: [this.target],
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
