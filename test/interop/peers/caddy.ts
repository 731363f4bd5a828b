import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answering, ended } from './apache.js'
import type { Front } from './front.js'

/** Caddy with these global options and sites; `listens` is where it answers. */
export async function runCaddy(
  config: { readonly options: string; readonly sites: (folder: string) => string },
  listens: { host: string; port: number },
): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-caddy-'))
  const file = join(folder, 'Caddyfile')
  // No administration on a port that others may use, and no certificates from the internet.
  writeFileSync(file, `{\n  admin off\n  auto_https off\n${config.options}\n}\n${config.sites(folder)}\n`)
  const child = spawn('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], {
    env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'ignore', openSync(join(folder, 'error.log'), 'a')],
  })
  const errorLog = (): string => readFileSync(join(folder, 'error.log'), 'utf8')
  await answering(child, listens.host, listens.port, errorLog)
  return {
    errorLog,
    async stop() {
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
