import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answering, ended } from './apache.js'
import type { Front } from './front.js'

/** HAProxy with this configuration, made by `config(folder)`; `listens` is where it answers. */
export async function runHaproxy(
  config: (folder: string) => string,
  listens: { host: string; port: number },
): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-haproxy-'))
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, config(folder))
  const child = spawn('haproxy', ['-db', '-f', file], {
    env: { PATH: `/usr/sbin:${process.env.PATH}` },
    stdio: ['ignore', openSync(join(folder, 'error.log'), 'a'), openSync(join(folder, 'error.log'), 'a')],
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
