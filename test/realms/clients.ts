import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { RealmKey } from './addresses.js'
import { type RunOptions, type RunResult, runProgram } from './processes.js'
import type { RealmInfo, RealmsInfo } from './realm-info.js'

/** A credential cache, and the environment in which programs use it. */
export interface Login {
  /**
   * The path of the file, for whoever reads it; `environment` has it in the form that programs
   * want.
   */
  ccache: string
  environment: Record<string, string>
}

export interface KinitOptions {
  /** Further arguments of kinit: `['-E']`, `['-l', '30s']`. */
  flags?: readonly string[]
  /** A principal to type instead of the account's own. */
  principal?: string
  password?: string
}

/**
 * Signs a user in by password, or a service by keytab, into a credential cache of its own. Rejects
 * when the KDC refuses.
 */
export async function kinit(
  info: RealmsInfo,
  realm: RealmKey,
  name: string,
  options: KinitOptions = {},
): Promise<Login> {
  const { users, services, name: realmName } = realmOf(info, realm)
  const ccache = join(info.directory, 'ccaches', `${name}-${randomUUID()}`)
  const login: Login = { ccache, environment: { ...info.environment, KRB5CCNAME: `FILE:${ccache}` } }
  const account = users[name] ?? services[name]
  if (account === undefined) throw new Error(`${realmName} has neither a user nor a service ${name}`)
  const keytab = users[name] === undefined ? ['-k', '-t', services[name].keytab] : []
  const input = `${options.password ?? account.password ?? ''}\n`
  const args = [...keytab, ...(options.flags ?? []), options.principal ?? account.principal]
  await runOk('kinit', args, { environment: login.environment, input })
  return login
}

/**
 * Runs curl, kvno or whatever else, and reports how it went. Give it a login's environment, or a
 * `RealmsInfo`'s.
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return runProgram(program, args, options)
}

/** The same, for where only success will do. */
export async function runOk(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await runProgram(program, args, options)
  if (result.status === 0) return result
  throw new Error(
    `${program} ${args.join(' ')} ended with ${result.status}: ${result.stderr.trim() || result.stdout.trim()}`,
  )
}

/**
 * Runs a program of the realm's own machine there: `samba-tool`, `kadmin.local`, or its `kinit`.
 * Only success will do.
 */
export function runAt(
  { machine }: RealmInfo,
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const environment = { ...machine.environment, ...options.environment }
  const [command, ...rest] = machine.root === undefined ? [program] : ['chroot', machine.root, program]
  return runOk(command, [...rest, ...args], { ...options, environment })
}

/** `samba-tool` on the controller itself, as its administrator would. */
export function sambaTool(realm: RealmInfo, ...args: readonly string[]): Promise<RunResult> {
  return runAt(realm, 'samba-tool', [...args, '-s', realm.machine.smbConf ?? ''])
}

/** A realm that must be there. */
export function realmOf(info: RealmsInfo, key: RealmKey): RealmInfo {
  const realm = info.realms[key]
  if (realm === undefined)
    throw new Error(`${key}.TEST is not running: ${info.unavailable[key] ?? 'nobody asked for it'}`)
  return realm
}
