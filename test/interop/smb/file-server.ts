/** A real file server of a Samba realm, on an address of its own, which ends with the tests. */

import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { answering } from '../peers/apache.js'
import { runAt } from '../../realms/clients.js'
import type { RealmInfo } from '../../realms/realm-info.js'
import { searchPath } from '../../realms/debian/packages.js'
import { runProgram } from '../../realms/processes.js'

export interface FileServer extends AsyncDisposable {
  /** Its name, as in its service principal name: that of the controller. */
  readonly host: string
  readonly address: string
  readonly conf: string
  /** What it wrote to its log. */
  log(): string
  /** The folder of a share, on this machine. */
  folderOf(share: string): string
  /** Sets who may do what with a file or a folder of a share, in SDDL. */
  permit(share: string, path: string, sddl: string): Promise<void>
  /** Ends all its processes at once. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Tells all its smbd something: `control('close-share', 'docs')`. */
  control(...words: readonly string[]): Promise<void>
  /** Stops all its processes where they are, and lets them go on. */
  pause(isPaused: boolean): void
}

/** Options of one share beside its path. */
export type ShareSettings = Readonly<Record<string, string>>

export interface FileServerOptions {
  readonly shares: Readonly<Record<string, ShareSettings>>
  /** Lines of [global]. */
  readonly settings?: Readonly<Record<string, string>>
}

const CONTROLLERS: Readonly<Record<string, string>> = { CORP: 'dc1', NEWCORP: 'dc3' }

/** Starts smbd, and winbindd, which knows the numbers of users, beside a controller that runs. */
export async function startFileServer(
  realm: RealmInfo,
  key: string,
  address: string,
  { shares, settings = {} }: FileServerOptions,
): Promise<FileServer> {
  const { machine, domain } = realm
  const folder = join(machine.directory, `files-${address}`)
  for (const name of ['', 'lock', 'run', 'cache', 'winbindd']) mkdirSync(join(folder, name), { recursive: true })
  for (const share of Object.keys(shares)) {
    mkdirSync(join(folder, share), { recursive: true })
    chmodSync(join(folder, share), 0o1777)
  }
  if (machine.root !== undefined) await prepareRoot(machine.root)
  const conf = join(folder, 'smb.conf')
  writeFileSync(conf, confOf(machine.smbConf ?? '', folder, address, { shares, settings }, machine.root === undefined))
  const running: ChildProcess[] = []
  let output = ''
  const server: FileServer = {
    host: `${CONTROLLERS[key]}.${domain}`,
    address,
    conf,
    log: () => output,
    folderOf: (share) => join(folder, share),
    permit: async (share, path, sddl) => {
      await runAt(realm, 'samba-tool', ['ntacl', 'set', sddl, join(folder, share, path), '--use-s3fs', '-s', conf])
    },
    async kill() {
      await Promise.all(running.splice(0).map(killDaemon))
      killHelpers(conf)
    },
    async start() {
      for (const program of ['winbindd', 'smbd']) {
        const child = startDaemon(realm, program, conf, folder)
        running.push(child)
        for (const stream of [child.stdout, child.stderr])
          stream?.on('data', (chunk: Buffer) => (output += String(chunk)))
      }
      await answering(running[1], address, 445, () => output)
      await untilWinbind(join(machine.root === undefined ? folder : join(machine.root, 'run/samba'), 'winbindd'))
    },
    async control(...words) {
      await runAt(realm, 'smbcontrol', [`--configfile=${conf}`, 'smbd', ...words])
    },
    pause(isPaused) {
      for (const { pid } of running) if (pid !== undefined) process.kill(-pid, isPaused ? 'SIGSTOP' : 'SIGCONT')
    },
    [Symbol.asyncDispose]: () => server.kill(),
  }
  await server.start()
  return server
}

/**
 * Without /dev/urandom Kerberos collects randomness from the clock for six seconds, in each process
 * anew, and smbd has one for each connection. Where no device can be made the tests take longer.
 */
async function prepareRoot(root: string): Promise<void> {
  mkdirSync(join(root, 'run/samba'), { recursive: true })
  const device = join(root, 'dev/urandom')
  if (!existsSync(device)) await runProgram('mknod', [device, 'c', '1', '9'])
}

/** The controller's own settings, with another address and other folders for what runs. */
function confOf(
  controllers: string,
  folder: string,
  address: string,
  { shares, settings = {} }: FileServerOptions,
  isOwn: boolean,
): string {
  const own: Record<string, string> = {
    interfaces: `${address}/24`,
    'lock directory': join(folder, 'lock'),
    'pid directory': join(folder, 'run'),
    'cache directory': join(folder, 'cache'),
    'log level': '1 auth_audit:5',
    'winbindd socket directory': isOwn ? join(folder, 'winbindd') : '/run/samba/winbindd',
    'smb ports': '445',
    'server multi channel support': 'no',
    ...settings,
  }
  const [global] = readFileSync(controllers, 'utf8').split('[sysvol]')
  const kept = global.split('\n').filter((line) => !(line.split('=')[0].trim() in own))
  const lines = Object.entries(own).map(([name, value]) => `${name} = ${value}`)
  const sections = Object.entries(shares).flatMap(([name, more]) => [
    `[${name}]`,
    `path = ${join(folder, name)}`,
    'read only = no',
    ...Object.entries(more).map(([option, value]) => `${option} = ${value}`),
  ])
  return `${[...kept, ...lines, ...sections].join('\n')}\n`
}

function startDaemon({ machine }: RealmInfo, program: string, conf: string, folder: string): ChildProcess {
  const args = [
    '-F',
    '--no-process-group',
    '-s',
    conf,
    // Elsewhere it would need a /dev/null, which the root of the newer Samba does not have.
    '--debug-stdout',
    '--option=server role check:inhibit=yes',
  ]
  const [command, ...before] = machine.root === undefined ? [program] : ['chroot', machine.root, program]
  const isolated: Record<string, string> =
    machine.root === undefined
      ? {
          // Only behind this wrapper Samba's programs look for winbindd elsewhere than in /run.
          LD_PRELOAD: nssWrapper(),
          NSS_WRAPPER_PASSWD: '/etc/passwd',
          NSS_WRAPPER_GROUP: '/etc/group',
          SELFTEST_WINBINDD_SOCKET_DIR: join(folder, 'winbindd'),
        }
      : {}
  // The signal ends it also when the test process is killed.
  return spawn('setpriv', ['--pdeathsig', 'KILL', command, ...before, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: searchPath, ...machine.environment, TDB_NO_FSYNC: '1', ...isolated },
  })
}

/** The library behind which Samba's programs see users and hosts of our choice. */
export function nssWrapper(): string {
  const folder = readdirSync('/usr/lib').find((name) => name.endsWith('-linux-gnu')) ?? ''
  return `/usr/lib/${folder}/libnss_wrapper.so`
}

export async function killDaemon(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  process.kill(-child.pid, 'SIGKILL')
  await exit
}

/**
 * samba-dcerpcd and its workers are in a session of their own, and would outlive smbd. They are
 * known by the settings that they were given.
 */
export function killHelpers(conf: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      if (words.includes(`--configfile=${conf}`)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
}

export async function untilWinbind(folder: string): Promise<void> {
  const deadline = Date.now() + 30_000
  const isThere = (): boolean => {
    try {
      return readdirSync(folder).includes('pipe')
    } catch {
      return false
    }
  }
  while (!isThere()) {
    if (Date.now() > deadline) throw new Error('winbindd does not answer')
    await sleep(50)
  }
}
