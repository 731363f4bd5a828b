/** A real file server that is a member of a domain and no controller, as in companies. */

import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answering } from '../peers/apache.js'
import { runOk } from '../../realms/clients.js'
import { keptFolder, unpackPackages } from '../../realms/debian/kept-folder.js'
import { downloadPackages, searchPath } from '../../realms/debian/packages.js'
import type { RealmInfo } from '../../realms/realm-info.js'
import { killDaemon, killHelpers, nssWrapper, startFileServer, untilWinbind } from './file-server.js'

export interface MemberServer extends AsyncDisposable {
  /** Its name, as in its service principal name. */
  readonly host: string
  readonly address: string
  /** What it wrote to its log. */
  log(): string
  /** The folder of its only share, `docs`, on this machine. */
  readonly folder: string
  /** Runs one of Samba's programs on the server: `net`, `wbinfo`, `samba-tool`. */
  run(program: string, ...args: readonly string[]): Promise<string>
}

const NAME = 'files1'

/**
 * Joins a new member to a Samba domain and starts it, with winbindd for the users of the domain.
 * Members ask the controller by SMB, so that one is started there too. The SIDs of users become
 * numbers by `idmap_rid`.
 */
export async function startMemberServer(realm: RealmInfo, key: string, address: string): Promise<MemberServer> {
  const controller = await startFileServer(realm, key, realm.kdc.host, { shares: {} })
  const place = await makePlace(realm, key, address, controller.host)
  const running: ChildProcess[] = []
  let output = ''
  const server: MemberServer = {
    host: `${NAME}.${realm.domain}`,
    address,
    folder: join(place.folder, 'docs'),
    log: () => output,
    run: async (program, ...args) => {
      const { stdout } = await runOk(program, [...args, '-s', place.conf], { environment: place.environment })
      return stdout
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(running.splice(0).map(killDaemon))
      killHelpers(place.conf)
      await controller[Symbol.asyncDispose]()
    },
  }
  try {
    const { administrator } = realm
    if (administrator === undefined) throw new Error(`nobody can join a server to ${realm.name}`)
    const [name] = administrator.principal.split('@')
    const login = ['-U', `${name}%${administrator.password}`, '-S', controller.host]
    await server.run('net', 'ads', 'join', ...login, '--no-dns-updates')
    for (const program of ['winbindd', 'smbd']) {
      const child = startDaemon(program, place)
      running.push(child)
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk: Buffer) => (output += String(chunk)))
    }
    await answering(running[1], address, 445, () => output)
    await untilWinbind(join(place.folder, 'winbindd'))
    return server
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

interface Place {
  readonly folder: string
  readonly conf: string
  readonly environment: Record<string, string>
}

/** The folders of the server, its settings, and an environment in which programs see only them. */
async function makePlace(realm: RealmInfo, key: string, address: string, controller: string): Promise<Place> {
  const { machine, domain, kdc } = realm
  const folder = join(machine.directory, `member-${address}`)
  for (const name of folders) mkdirSync(join(folder, name), { recursive: true })
  chmodSync(join(folder, 'docs'), 0o1777)
  const conf = join(folder, 'smb.conf')
  writeFileSync(conf, confOf(realm, key, address, { folder, controller }))
  const hosts = [`${kdc.host} ${controller}`, `${kdc.host} ${domain}`, `${address} ${NAME}.${domain} ${NAME}`]
  writeFileSync(join(folder, 'hosts'), `${hosts.join('\n')}\n`)
  return {
    folder,
    conf,
    environment: {
      ...machine.environment,
      PATH: searchPath,
      TDB_NO_FSYNC: '1',
      LD_PRELOAD: nssWrapper(),
      NSS_WRAPPER_PASSWD: '/etc/passwd',
      NSS_WRAPPER_GROUP: '/etc/group',
      NSS_WRAPPER_HOSTS: join(folder, 'hosts'),
      NSS_WRAPPER_HOSTNAME: `${NAME}.${domain}`,
      // The users of the domain are users of the machine, as nsswitch.conf makes them elsewhere.
      NSS_WRAPPER_MODULE_SO_PATH: await winbindModule(),
      NSS_WRAPPER_MODULE_FN_PREFIX: 'winbind',
      SELFTEST_WINBINDD_SOCKET_DIR: join(folder, 'winbindd'),
    },
  }
}

const folders = ['private', 'state', 'cache', 'lock', 'run', 'winbindd', 'ncalrpc', 'docs']

function confOf(
  { name, machine }: RealmInfo,
  key: string,
  address: string,
  { folder, controller }: { folder: string; controller: string },
): string {
  const settings: Record<string, string> = {
    'netbios name': NAME.toUpperCase(),
    realm: name,
    workgroup: key,
    security: 'ads',
    interfaces: `${address}/24`,
    'bind interfaces only': 'yes',
    'password server': controller,
    'resolv:host file': join(machine.directory, 'dns_hosts'),
    'idmap config * : backend': 'tdb',
    'idmap config * : range': '3000-7999',
    [`idmap config ${key} : backend`]: 'rid',
    [`idmap config ${key} : range`]: '100000-999999',
    'private dir': join(folder, 'private'),
    'state directory': join(folder, 'state'),
    'cache directory': join(folder, 'cache'),
    'lock directory': join(folder, 'lock'),
    'pid directory': join(folder, 'run'),
    'ncalrpc dir': join(folder, 'ncalrpc'),
    'winbindd socket directory': join(folder, 'winbindd'),
    'vfs objects': 'acl_xattr',
    'map acl inherit': 'yes',
    'log level': '1 auth_audit:5',
    'smb ports': '445',
    'panic action': '',
    'usershare path': '',
  }
  const lines = Object.entries(settings).map(([option, value]) => `${option} = ${value}`)
  return `${['[global]', ...lines, '[docs]', `path = ${folder}/docs`, 'read only = no'].join('\n')}\n`
}

/**
 * Unpacks the module that makes users of the domain users of the machine. It is not installed: that
 * would change /etc/nsswitch.conf.
 */
async function winbindModule(): Promise<string> {
  const tree = await keptFolder(`libnss-winbind-${process.arch}`, async (folder) => {
    const packages = join(folder, 'packages')
    mkdirSync(packages)
    await downloadPackages(['libnss-winbind'], packages)
    await unpackPackages(packages, folder)
  })
  const libraries = readdirSync(join(tree, 'lib')).find((name) => name.endsWith('-linux-gnu')) ?? ''
  return join(tree, 'lib', libraries, 'libnss_winbind.so.2')
}

function startDaemon(program: string, { conf, environment }: Place): ChildProcess {
  const args = ['-F', '--no-process-group', '-s', conf, '--debug-stdout']
  // The signal ends it also when the test process is killed.
  return spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  })
}
