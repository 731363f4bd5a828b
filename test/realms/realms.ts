import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { portsFor, type RealmKey, realmKeys } from './addresses.js'
import { startHeimdal } from './heimdal/heimdal.js'
import { unpackHeimdal } from './heimdal/heimdal-packages.js'
import { krb5Conf, renderProfile } from './krb5-conf.js'
import { linkRealms, startMit } from './mit/mit.js'
import {
  heimdalServer,
  installMissing,
  isRoot,
  mitClients,
  mitLdapServer,
  mitServer,
  type Requirement,
  sambaServer,
  searchPath,
  type ToolKey,
  tools,
  trixieLdapServer,
  trixieServer,
  whyMissing,
} from './debian/packages.js'
import { openProcesses } from './processes.js'
import type { RealmInfo, RealmsInfo, Wanted } from './realm-info.js'
import { startSamba, trustForests } from './samba/samba.js'
import type { Site } from './site.js'
import { startSlapd } from './mit/slapd.js'
import { openTrixie } from './debian/trixie.js'

export type { Account, Address, RealmInfo, RealmsInfo, ServiceInfo, UserInfo, Wanted } from './realm-info.js'
export type { RealmKey } from './addresses.js'

export const defaultRealms: readonly RealmKey[] = ['CORP', 'EAST']

export interface Realms {
  /** What there is so far. */
  info(): RealmsInfo
  /**
   * Starts what is not running yet, in parallel. What cannot be had is listed in `unavailable`;
   * this never rejects for it.
   */
  start(wanted: readonly Wanted[]): Promise<RealmsInfo>
  /** The daemons that died meanwhile, one line each: krb5kdc has been seen to. */
  fallen(): string[]
  /** Stops every process and removes the folder. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Brings up real Kerberos realms on loopback addresses of their own. Everything ends with this
 * process, however it ends.
 */
export async function startRealms({ wanted = defaultRealms }: { wanted?: readonly Wanted[] } = {}): Promise<Realms> {
  const realms = await openRealms()
  await realms.start(wanted)
  return realms
}

/**
 * The ground for realms, with none running yet. Where there can be no ground, everything is
 * unavailable for that reason.
 */
export async function openRealms(): Promise<Realms> {
  try {
    if (process.platform !== 'linux') throw new Error('the addresses of the realms exist on Linux only')
    return realmsAt(await openSite())
  } catch (error) {
    return noRealms(messageOf(error))
  }
}

function realmsAt(site: Site): Realms {
  const { directory, krb5Config, environment, processes } = site
  const info: RealmsInfo = { directory, krb5Config, environment, block: processes.block, realms: {}, unavailable: {} }
  const starters = makeStarters(site)
  const attempts = new Map<Wanted, Promise<void>>()
  const attempt = async (key: Wanted): Promise<void> => {
    try {
      if (isTool(key)) requireTool(key)
      else info.realms[key] = await starters[key]()
    } catch (error) {
      info.unavailable[key] = messageOf(error)
    }
  }
  return {
    info: () => info,
    async start(wanted) {
      await prepare(wanted.filter((key) => !attempts.has(key)))
      for (const key of wanted) if (!attempts.has(key)) attempts.set(key, attempt(key))
      await Promise.all(wanted.map((key) => attempts.get(key)))
      writeFileSync(join(directory, 'realms.json'), JSON.stringify(info, null, 2))
      return info
    },
    fallen: () => processes.fallen(),
    [Symbol.asyncDispose]: () => processes.stop(),
  }
}

function noRealms(reason: string): Realms {
  const info: RealmsInfo = { directory: '', block: '', krb5Config: '', environment: {}, realms: {}, unavailable: {} }
  return {
    info: () => info,
    async start(wanted) {
      for (const key of wanted) info.unavailable[key] = reason
      return info
    },
    fallen: () => [],
    async [Symbol.asyncDispose]() {},
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function openSite(): Promise<Site> {
  const directory = mkdtempSync(join(tmpdir(), 's4u-realms-'))
  chmodSync(directory, 0o755) // other accounts (a web server's, a database's) read krb5.conf
  for (const name of ['log', 'keytabs', 'ccaches', 'rcache']) mkdirSync(join(directory, name))
  const ports = portsFor(isRoot())
  const krb5Config = join(directory, 'krb5.conf')
  const environment = {
    KRB5_CONFIG: krb5Config,
    KRB5RCACHEDIR: join(directory, 'rcache'),
    KRB5CCNAME: `FILE:${directory}/ccaches/default`,
    PATH: searchPath,
    LC_ALL: 'C.UTF-8',
  }
  const keep = process.env.S4U_KEEP_REALMS === '1'
  const processes = await openProcesses(directory, environment, ports.kdc, keep)
  writeFileSync(krb5Config, renderProfile(krb5Conf(processes.block, ports, directory)))
  return { directory, krb5Config, ports, processes, environment }
}

const requirements: Record<RealmKey, Requirement> = {
  CORP: sambaServer,
  PARTNER: sambaServer,
  EAST: mitLdapServer,
  WEST: mitLdapServer,
  PLAIN: mitServer,
  NORTH: heimdalServer,
  SOUTH: heimdalServer,
  NEWCORP: trixieServer,
  NEWPARTNER: trixieServer,
  NEWEAST: trixieLdapServer,
}
const needingRoot: readonly Requirement[] = [sambaServer, trixieServer, trixieLdapServer]

const isTool = (key: Wanted): key is ToolKey => key in tools

function requireTool(key: ToolKey): void {
  const reason = whyMissing(tools[key])
  if (reason !== undefined) throw new Error(reason)
}

/** Failures show later, as what is still missing. */
async function prepare(wanted: readonly Wanted[]): Promise<void> {
  if (wanted.length === 0) return
  await installMissing([mitClients, ...wanted.map((key) => (isTool(key) ? tools[key] : requirements[key]))]).catch(
    (error: Error) => {
      process.stderr.write(`${error.message}\n`)
    },
  )
}

/**
 * How each realm starts, and after which other. Realms that share something wait for it, not for
 * each other.
 */
function makeStarters(site: Site): Record<RealmKey, () => Promise<RealmInfo>> {
  const slapd = once(() => startSlapd(site))
  const corp = once(() => startSamba(site, 'CORP'))
  const east = once(async () => startMit(site, 'EAST', await slapd()))
  const heimdal = once(unpackHeimdal)
  const trixie = once(() => openTrixie(site))
  const newcorp = once(async () => startSamba(await trixie(), 'NEWCORP'))
  const starters: Record<RealmKey, () => Promise<RealmInfo>> = {
    CORP: corp,
    async PARTNER() {
      const [info] = await Promise.all([startSamba(site, 'PARTNER'), corp()])
      await trustForests(site, ['CORP', 'PARTNER'])
      return info
    },
    EAST: east,
    async WEST() {
      const [info] = await Promise.all([slapd().then((directory) => startMit(site, 'WEST', directory)), east()])
      await linkRealms(await slapd())
      return info
    },
    PLAIN: () => startMit(site, 'PLAIN'),
    NORTH: () => startHeimdal(site, 'NORTH', heimdal()),
    SOUTH: () => startHeimdal(site, 'SOUTH', heimdal()),
    NEWCORP: newcorp,
    async NEWPARTNER() {
      const [info] = await Promise.all([trixie().then((newer) => startSamba(newer, 'NEWPARTNER')), newcorp()])
      await trustForests(await trixie(), ['NEWCORP', 'NEWPARTNER'])
      return info
    },
    async NEWEAST() {
      const newer = await trixie()
      return startMit(newer, 'NEWEAST', await startSlapd({ ...newer, processes: site.processes }))
    },
  }
  for (const key of realmKeys) {
    const start = starters[key]
    starters[key] = async () => {
      const reason = whyUnavailable(key)
      if (reason !== undefined) throw new Error(reason)
      return start()
    }
  }
  return starters
}

function whyUnavailable(key: RealmKey): string | undefined {
  const missing = [mitClients, requirements[key]].map(whyMissing).filter((reason) => reason !== undefined)
  if (missing.length > 0) return missing.join('; ')
  if (!isRoot() && needingRoot.includes(requirements[key])) return 'this realm needs root'
  return undefined
}

function once<T>(action: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => (result ??= action())
}
