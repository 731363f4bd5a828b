import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { realmName } from '../addresses.js'
import { runProgram, waitForPort, waitUntil } from '../processes.js'
import type { RealmInfo } from '../realm-info.js'
import {
  controllers,
  folderOf,
  type SambaKey,
  sambaEnvironment,
  smbConf,
  TLS_KEY,
  tlsCertificate,
} from './samba-conf.js'
import { ADMINISTRATOR_PASSWORD, describeForest, seedPlan } from './samba-plan.js'
import { provision, PROVISIONED_ADDRESS } from './samba-provision.js'
import { hostOf, type Site } from '../site.js'

/** The distribution's own: another python on the path has no Samba modules. */
const PYTHON = '/usr/bin/python3'

/** Samba locks an account at the tenth wrong password. */
const WRONG_PASSWORDS = 11

/** A domain controller of its own forest, as its users' KDC. Takes about ten seconds. */
export async function startSamba(site: Site, key: SambaKey): Promise<RealmInfo> {
  await provision(site, key)
  const info = describeForest(site, key)
  await seed(site, key, info)
  await makeCertificate(site, key, info)
  startController(site, key)
  await waitForController(site, key)
  if (info.users.hank !== undefined) await lockOut(site, info.users.hank.principal)
  return info
}

/** A forest trust in both directions. Both controllers must be running. */
export async function trustForests(site: Site, [key, other]: readonly [SambaKey, SambaKey]): Promise<void> {
  const script = scriptFor(site, 'samba-trust.py')
  const trust = ['domain', 'trust', 'create', realmName(other), '--type=forest', '--direction=both']
  const access = ['-U', `Administrator@${realmName(other)}`, `--password=${ADMINISTRATOR_PASSWORD}`]
  await site.processes.run(
    PYTHON,
    [
      ...[script, smbConf(site, other), controllers[other].toUpperCase()],
      ...[...trust, '--create-location=both', '--skip-validation', '-s', smbConf(site, key), ...access],
      ...[`--ipaddress=${hostOf(site, other)}`, '--use-kerberos=off'],
    ],
    { environment: sambaEnvironment(site) },
  )
}

/**
 * The controller would make a certificate of its own, for another name, with a key of 4,096 bits.
 * It refuses a key that others may read.
 */
async function makeCertificate(site: Site, key: SambaKey, { domain }: RealmInfo): Promise<void> {
  const host = `${controllers[key]}.${domain}`
  const privateKey = join(folderOf(site, key), 'private', TLS_KEY)
  const { status, stderr } = await runProgram('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`],
    ...['-keyout', privateKey, '-out', tlsCertificate(site, key)],
  ])
  if (status !== 0) throw new Error(`cannot make a certificate for ${host}: ${stderr.trim()}`)
  chmodSync(privateKey, 0o600)
}

async function seed(site: Site, key: SambaKey, info: RealmInfo): Promise<void> {
  const plan = join(site.directory, `${controllers[key]}-plan.json`)
  writeFileSync(
    plan,
    JSON.stringify({ ...seedPlan(site, key, info), address: [PROVISIONED_ADDRESS, hostOf(site, key)] }),
  )
  const script = scriptFor(site, 'samba-seed.py')
  scriptFor(site, 'samba_newer.py')
  await site.processes.run(PYTHON, [script, plan], { environment: sambaEnvironment(site) })
}

/** A copy in the folder of the run, which is all that programs with another root see. */
function scriptFor(site: Site, name: string): string {
  const copy = join(site.directory, name)
  copyFileSync(fileURLToPath(new URL(name, import.meta.url)), copy)
  return copy
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

/**
 * Samba's children open their sockets late, so it is asked for something that only a working KDC
 * answers.
 */
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
