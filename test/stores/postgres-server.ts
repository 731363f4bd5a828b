import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Pool } from 'pg'
import { ended } from '../interop/peers/apache.js'
import { until } from './redis-servers.js'

/** A PostgreSQL server that trusts who reaches its socket in a folder of its own. */
export interface PostgresServer extends AsyncDisposable {
  /** A pool of connections, as one instance of a service has it. */
  openPool(): Pool
}

const VERSIONS = '/usr/lib/postgresql'
const run = promisify(execFile)

export async function startPostgresServer(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-postgres-'))
  const [newest] = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))
  // PostgreSQL refuses to run as root.
  const isRoot = process.getuid?.() === 0
  const prefix = isRoot ? ['--reuid=postgres', '--regid=postgres', '--clear-groups'] : []
  if (isRoot) await run('chown', ['postgres:postgres', folder])
  const command = (name: string, args: readonly string[]): [string, string[]] => [
    'setpriv',
    [...prefix, '--pdeathsig', 'KILL', join(VERSIONS, newest, 'bin', name), ...args],
  ]
  const data = join(folder, 'data')
  const options = { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } }
  await run(
    ...command('initdb', ['-N', '-D', data, '-A', 'trust', '-U', 'postgres', '--no-locale', '-E', 'UTF8']),
    options,
  )
  const settings = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${folder}`, '-c', 'fsync=off']
  const child = spawn(...command('postgres', ['-D', data, ...settings]), { ...options, stdio: 'ignore' })
  const pools: Pool[] = []
  const openPool = (): Pool => {
    const pool = new Pool({ host: folder, user: 'postgres', database: 'postgres', max: 4 })
    pool.on('error', () => {})
    pools.push(pool)
    return pool
  }
  const probe = openPool()
  await until(async () => (await probe.query('select 1')).rowCount === 1)
  return {
    openPool,
    async [Symbol.asyncDispose]() {
      for (const pool of pools) await pool.end()
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
