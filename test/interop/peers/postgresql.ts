import { execFile, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { answering, ended } from './apache.js'

export interface PostgresOptions {
  readonly address: string
  readonly realm: string
  readonly keytab: string
  readonly krb5Config: string
  readonly roles: readonly string[]
  /**
   * Further databases, each with its line of pg_hba.conf: `hostgssenc NAME all 0.0.0.0/0 trust`.
   */
  readonly databases?: Readonly<Record<string, string>>
  /** Statements of the administrator, by database. */
  readonly statements?: Readonly<Record<string, readonly string[]>>
  /** PEM, for connections with TLS. */
  readonly certificate?: { readonly cert: string; readonly key: string }
}

/**
 * PostgreSQL that lets people in by GSS-API alone: database `enc` over GSS encryption, `plain`
 * without.
 */
export interface Postgres extends AsyncDisposable {
  readonly port: number
  log(): string
}

const PORT = 5432
const VERSIONS = '/usr/lib/postgresql'
const run = promisify(execFile)

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { address, keytab, krb5Config, roles, databases = {}, certificate } = options
  const folder = mkdtempSync(join(tmpdir(), 's4u-postgres-'))
  const newest = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))[0]
  const program = (name: string): string => join(VERSIONS, newest, 'bin', name)
  // PostgreSQL refuses to run as root.
  const root = process.getuid?.() === 0
  const prefix = root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : []
  const env = { PATH: process.env.PATH, HOME: folder, KRB5_CONFIG: join(folder, 'krb5.conf') }
  const command = (name: string, args: readonly string[]): [string, string[]] => {
    const [first, ...rest] = [...prefix, program(name), ...args]
    return [first, rest]
  }
  copyFileSync(krb5Config, join(folder, 'krb5.conf'))
  copyFileSync(keytab, join(folder, 'krb5.keytab'))
  writeFileSync(join(folder, 'server.crt'), certificate?.cert ?? '')
  writeFileSync(join(folder, 'server.key'), certificate?.key ?? '')
  for (const name of ['krb5.conf', 'krb5.keytab', 'server.key']) chmodSync(join(folder, name), 0o600)
  if (root) await run('chown', ['-R', 'postgres:postgres', folder])
  const data = join(folder, 'data')
  const call = (name: string, args: readonly string[]) => run(...command(name, args), { env, cwd: folder })
  await call('initdb', ['-N', '-D', data, '-A', 'trust', '-U', 'postgres', '--no-locale', '-E', 'UTF8'])
  configure(data, folder, options)
  const logFile = join(folder, 'log')
  const output = openSync(logFile, 'a')
  const child = spawn(...command('postgres', ['-D', data, '-c', 'logging_collector=off']), {
    env,
    cwd: folder,
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const log = (): string => readFileSync(logFile, 'utf8')
  const stop = async (): Promise<void> => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  const query = (sql: string, database = 'postgres') =>
    call('psql', ['-qh', folder, '-p', `${PORT}`, '-U', 'postgres', '-d', database, '-c', sql])
  const statements = [
    ...roles.map((role) => `create role ${role} login`),
    'create database enc',
    'create database plain',
    ...Object.keys(databases).map((name) => `create database ${name}`),
  ]
  try {
    await answering(child, address, PORT, log)
    await queriable(query)
    for (const sql of statements) await query(sql)
    for (const [database, list] of Object.entries(options.statements ?? {}))
      for (const sql of list) await query(sql, database)
  } catch (error) {
    await stop()
    throw error
  }
  return { port: PORT, log, [Symbol.asyncDispose]: stop }
}

/** Writes postgresql.conf, and pg_hba.conf: database `enc` by GSS encryption, `plain` without. */
function configure(data: string, folder: string, options: PostgresOptions): void {
  const { address, realm, databases = {}, certificate } = options
  const settings = {
    listen_addresses: address,
    unix_socket_directories: folder,
    krb_server_keyfile: `${folder}/krb5.keytab`,
    ...(certificate && { ssl: 'on', ssl_cert_file: `${folder}/server.crt`, ssl_key_file: `${folder}/server.key` }),
  }
  for (const [name, value] of Object.entries(settings)) {
    appendFileSync(join(data, 'postgresql.conf'), `${name} = '${value}'\n`)
  }
  appendFileSync(join(data, 'postgresql.conf'), `port = ${PORT}\nfsync = off\n`)
  const gss = `all 0.0.0.0/0 gss include_realm=0 krb_realm=${realm}`
  writeFileSync(
    join(data, 'pg_hba.conf'),
    ['local all postgres trust', `hostgssenc enc ${gss}`, `hostnogssenc plain ${gss}`, ...Object.values(databases), '']
      .join('\n')
      .replaceAll('GSS', gss),
  )
}

/** It takes connections before it takes queries. */
async function queriable(query: (sql: string) => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    const error = await query('select 1').then(
      () => undefined,
      (error: unknown) => error,
    )
    if (error === undefined) return
    if (tries === 100) throw error
    await sleep(100)
  }
}
