import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { realmName } from './addresses.js'
import { runProgram, waitForPort, waitUntil } from './processes.js'
import type { RealmInfo } from './realm-info.js'
import { controllers, folderOf, type SambaKey, sambaEnvironment, smbConf, writeSambaConf } from './samba-conf.js'
import { ADMINISTRATOR_PASSWORD, describeForest, seedPlan } from './samba-plan.js'
import { hostOf, type Site } from './site.js'

/** The distribution's own: another python on the path has no Samba modules. */
const PYTHON = '/usr/bin/python3'

/** Samba locks an account at the tenth wrong password. */
const WRONG_PASSWORDS = 11

/** A domain controller of its own forest, as its users' KDC. Takes about ten seconds. */
export async function startSamba(site: Site, key: SambaKey): Promise<RealmInfo> {
  writeSambaConf(site, key)
  await provision(site, key)
  const info = describeForest(site, key)
  await seed(site, key, info)
  startController(site, key)
  await waitForController(site, key)
  if (key === 'CORP') await lockOut(site, 'hank@CORP.TEST')
  return info
}

/** A forest trust in both directions. Both controllers must be running. */
export async function trustForests(site: Site): Promise<void> {
  const script = fileURLToPath(new URL('samba-trust.py', import.meta.url))
  const trust = ['domain', 'trust', 'create', realmName('PARTNER'), '--type=forest', '--direction=both']
  const access = ['-U', `Administrator@${realmName('PARTNER')}`, `--password=${ADMINISTRATOR_PASSWORD}`]
  await site.processes.run(
    PYTHON,
    [
      ...[script, smbConf(site, 'PARTNER'), controllers.PARTNER.toUpperCase()],
      ...[...trust, '--create-location=both', '--skip-validation', '-s', smbConf(site, 'CORP'), ...access],
      ...[`--ipaddress=${hostOf(site, 'PARTNER')}`, '--use-kerberos=off'],
    ],
    { environment: sambaEnvironment(site) },
  )
}

async function provision(site: Site, key: SambaKey): Promise<void> {
  await site.processes.run(
    'samba-tool',
    [
      ...['domain', 'provision', '-s', smbConf(site, key), `--realm=${realmName(key)}`, `--domain=${key}`],
      ...[`--adminpass=${ADMINISTRATOR_PASSWORD}`, '--server-role=dc', '--dns-backend=SAMBA_INTERNAL'],
      ...[`--host-name=${controllers[key]}`, `--host-ip=${hostOf(site, key)}`, '--function-level=2008_R2'],
    ],
    { environment: sambaEnvironment(site) },
  )
}

async function seed(site: Site, key: SambaKey, info: RealmInfo): Promise<void> {
  const plan = join(site.directory, `${controllers[key]}-plan.json`)
  writeFileSync(plan, JSON.stringify(seedPlan(site, key, info)))
  const script = fileURLToPath(new URL('samba-seed.py', import.meta.url))
  await site.processes.run(PYTHON, [script, plan], { environment: sambaEnvironment(site) })
}

function startController(site: Site, key: SambaKey): void {
  const args = [
    '-F',
    '--no-process-group',
    '-M',
    'prefork',
    '-s',
    smbConf(site, key),
    '-l',
    join(folderOf(site, key), 'log'),
  ]
  site.processes.start(controllers[key], 'samba', [...args, '--option=prefork children=1'], sambaEnvironment(site))
}

/** Samba's children open their sockets late, so it is asked for something that only a working KDC answers. */
async function waitForController(site: Site, key: SambaKey): Promise<void> {
  const probe = async (): Promise<boolean> => {
    const { stderr } = await runProgram('kinit', ['-c', 'MEMORY:', `nobody@${realmName(key)}`], {
      environment: site.environment,
    })
    return stderr.includes('not found in Kerberos database')
  }
  await waitUntil(`the KDC of ${realmName(key)} does not answer`, probe, site.processes)
  await waitForPort(hostOf(site, key), 389, site.processes)
}

/** A real lockout, made over the wire as an attacker would. */
async function lockOut(site: Site, principal: string): Promise<void> {
  for (let attempt = 0; attempt < WRONG_PASSWORDS; attempt++) {
    await runProgram('kinit', ['-c', 'MEMORY:', principal], { environment: site.environment, input: 'wrong\n' })
  }
}
