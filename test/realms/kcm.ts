import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { keptFolder, unpackPackages } from './debian/kept-folder.js'
import { downloadPackages, isRoot } from './debian/packages.js'

/**
 * The two processes that keep credential caches in their memory: Heimdal's, and that of RHEL and
 * Fedora.
 */
export type KcmKind = 'heimdal' | 'sssd'

export interface Kcm {
  /** For `kcm_socket` in krb5.conf. */
  readonly socket: string
  stop(): Promise<void>
}

/**
 * Starts one that only this run knows: both have their socket in /run, whatever they are told, so
 * that they are given a /run of their own. Rejects with the reason where that cannot be done.
 */
export async function startKcm(kind: KcmKind): Promise<Kcm> {
  if (!isRoot()) throw new Error('only root can give a process a /run of its own')
  const tree = await keptFolder(`kcm-${process.arch}`, download)
  const folder = mkdtempSync(join(tmpdir(), 's4u-kcm-'))
  mkdirSync(join(folder, 'run'))
  if (kind === 'sssd') configureSssd(folder)
  const lines = kind === 'sssd' ? SSSD : HEIMDAL
  const script = ['set -e', ...lines].join('\n')
  const args = ['--mount', '--fork', '--kill-child', '/bin/sh', '-c', script, 'kcm', tree, folder, librariesIn(tree)]
  const child = spawn('unshare', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const socket = join(folder, 'run', '.heim_org.h5l.kcm-socket')
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
  await listening(child, socket).catch(async (error: Error) => {
    await stop()
    throw error
  })
  return { socket, stop }
}

/** $1 is where the packages are unpacked, $2 the folder of this process, $3 the libraries. */
const HEIMDAL = ['mount --bind "$2/run" /run', 'LD_LIBRARY_PATH="$3" exec "$1/usr/sbin/kcm"']

/** It looks for its files where a distribution puts them: there it finds those of this folder. */
const SSSD = [
  'cp -a /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache "$2/etc"',
  'cp -a "$1/usr/share/sssd" "$2/share/"',
  'mount --bind "$2/etc" /etc',
  'mount --bind "$2/lib" /var/lib',
  'mount --bind "$2/log" /var/log',
  'mount --bind "$2/share" /usr/share',
  'mount --bind "$2/run" /run',
  'LD_LIBRARY_PATH="$3:$3/sssd" exec "$1/usr/libexec/sssd/sssd_kcm" --uid 0 --gid 0 --logger=stderr',
]

function configureSssd(folder: string): void {
  for (const name of ['etc/sssd', 'lib/sss/db', 'lib/sss/secrets', 'log/sssd', 'share'])
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, 'etc/sssd/sssd.conf'), '[sssd]\nservices =\n[kcm]\n', { mode: 0o600 })
}

function librariesIn(tree: string): string {
  const libraries = readdirSync(join(tree, 'usr/lib')).find((name) => name.includes('-linux-'))
  if (libraries === undefined) throw new Error(`no libraries in ${tree}`)
  return join(tree, 'usr/lib', libraries)
}

async function listening(child: ChildProcess, socket: string): Promise<void> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk}`.slice(-2_000)))
  const deadline = Date.now() + 20_000
  while (!existsSync(socket)) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
      throw new Error(`no KCM listens: ${said.trim().split('\n').slice(-3).join(' | ')}`)
    await sleep(50)
  }
}

/**
 * Heimdal's libraries; and those of sssd that Samba does not bring along, or that nobody has
 * brought along yet.
 */
const PACKAGES = [
  'heimdal-kcm',
  ...[
    'libkrb5-26',
    'libasn1-8',
    'libhcrypto5',
    'libheimbase1',
    'libheimntlm0',
    'libroken19',
    'libwind0',
    'libhx509-5',
  ].map((name) => `${name}-heimdal`),
  ...['sssd-kcm', 'sssd-common', 'libdhash1', 'libini-config5', 'libbasicobjects0', 'libcollection4', 'libref-array1'],
  ...['libpath-utils1', 'libtalloc2', 'libtevent0', 'libldb2', 'libtdb1', 'libpopt0', 'libjansson4', 'libdbus-1-3'],
]

async function download(tree: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 's4u-kcm-packages-'))
  try {
    await downloadPackages(PACKAGES, work)
    await unpackPackages(work, tree)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
