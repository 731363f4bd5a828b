import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RealmInfo } from '../../realms/realm-info.js'

/** A real controller with the accounts of a realm, which tests may stop and kill. */
export interface SecondController extends AsyncDisposable {
  readonly address: string
  /**
   * Stops all of its processes where they are (SIGSTOP): connections stay open, nothing answers.
   */
  freeze(): void
  thaw(): void
  /** As a power cut: `kill -9` for all of its processes. */
  kill(): Promise<void>
  /** Starts it again. @param settings further ones of smb.conf */
  start(settings?: Readonly<Record<string, string>>): Promise<void>
}

/**
 * Starts Samba with a copy of a controller's folder at another address. It has the same accounts
 * and secure channels of its own: for a member it is a second controller of the domain.
 */
export async function startSecondController(
  { machine: { directory, environment, root, smbConf = '' } }: RealmInfo,
  address: string,
): Promise<SecondController> {
  const original = dirname(smbConf)
  const folder = join(directory, `second-${address}`)
  cpSync(original, folder, { recursive: true, filter: isState })
  for (const name of ['run', 'log']) mkdirSync(join(folder, name), { recursive: true })
  const given = readFileSync(smbConf, 'utf8').replaceAll(original, folder)
  const conf = join(folder, 'smb.conf')
  let child: ChildProcess | undefined
  const signal = (name: NodeJS.Signals): void => {
    if (child?.pid !== undefined && child.exitCode === null) process.kill(-child.pid, name)
  }
  const controller: SecondController = {
    address,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    async kill() {
      if (child === undefined) return
      const exit = new Promise((resolve) => child?.once('exit', resolve))
      signal('SIGKILL')
      await exit
      child = undefined
    },
    async start(settings = {}) {
      const own = { interfaces: `${address}/24`, 'server services': 'rpc, ldap, kdc', ...settings }
      const kept = given.split('\n').filter((line) => !(line.split('=')[0].trim() in own))
      const lines = Object.entries(own).map(([name, value]) => `${name} = ${value}`)
      writeFileSync(conf, kept.join('\n').replace('[global]', `[global]\n${lines.join('\n')}`))
      // The signal ends it also when the test process is killed.
      const samba = root === undefined ? ['samba'] : ['chroot', root, 'samba']
      const args = [...samba, '-F', '--no-process-group', '-M', 'prefork', '-s', conf, '-l', join(folder, 'log')]
      child = spawn('setpriv', ['--pdeathsig', 'KILL', ...args, '--option=prefork children=1'], {
        detached: true,
        stdio: 'ignore',
        env: { PATH: `${process.env.PATH}:/usr/sbin`, ...environment },
      })
      await listening(address, 135)
    },
    async [Symbol.asyncDispose]() {
      await controller.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await controller.start()
  return controller
}

/** Sockets, and what belongs to running processes, are not copied. */
function isState(path: string): boolean {
  const state = lstatSync(path)
  return (state.isFile() || state.isDirectory()) && !/\/(?:run|log|msg\.(?:sock|lock))$/.test(path)
}

/** Ends when a port takes connections. */
async function listening(host: string, port: number): Promise<void> {
  const deadline = Date.now() + 60_000
  const isOpen = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect({ host, port })
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
  while (!(await isOpen())) {
    if (Date.now() > deadline) throw new Error(`nothing listens at ${host}:${port}`)
    await sleep(100)
  }
}
