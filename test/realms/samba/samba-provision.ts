import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { realmName } from '../addresses.js'
import { keptFolder } from '../debian/kept-folder.js'
import { runProgram } from '../processes.js'
import {
  controllers,
  folderOf,
  functionLevel,
  type SambaKey,
  sambaEnvironment,
  smbConf,
  writeSambaConf,
} from './samba-conf.js'
import { ADMINISTRATOR_PASSWORD } from './samba-plan.js'
import type { Site } from '../site.js'

/**
 * The address that is written into a forest when it is made (127.0.0.1 would not be); samba-seed.py
 * puts that of the run in its place.
 */
export const PROVISIONED_ADDRESS = '127.0.0.2'

/**
 * An empty forest. Making one takes most of ten seconds and has the same outcome each time, so it
 * is made once for each version of Samba, and copied.
 */
export async function provision(site: Site, key: SambaKey): Promise<void> {
  const { stdout } = await site.processes.run('samba', ['--version'])
  const version = stdout.trim().replaceAll(/[^\w.]+/g, '-')
  const kept = await keptFolder(`${key.toLowerCase()}-${version}-${process.arch}`, (folder) => make(site, key, folder))
  writeSambaConf(site, key)
  await copy(kept, folderOf(site, key))
}

async function make(site: Site, key: SambaKey, folder: string): Promise<void> {
  writeSambaConf(site, key)
  await site.processes.run(
    'samba-tool',
    [
      ...['domain', 'provision', '-s', smbConf(site, key), `--realm=${realmName(key)}`, `--domain=${key}`],
      ...[`--adminpass=${ADMINISTRATOR_PASSWORD}`, '--server-role=dc', '--dns-backend=SAMBA_INTERNAL'],
      ...[
        `--host-name=${controllers[key]}`,
        `--host-ip=${PROVISIONED_ADDRESS}`,
        `--function-level=${functionLevel(key)}`,
      ],
    ],
    { environment: sambaEnvironment(site) },
  )
  await copy(folderOf(site, key), folder)
  rmSync(join(folder, 'smb.conf')) // the addresses of this run are in it
}

/**
 * With owners, modes and attributes, which Samba looks at, and with the holes, which its databases
 * are full of.
 */
async function copy(from: string, to: string): Promise<void> {
  const { status, stderr } = await runProgram('cp', ['-a', `${from}/.`, to])
  if (status !== 0) throw new Error(`cannot copy ${from}: ${stderr.trim()}`)
}
