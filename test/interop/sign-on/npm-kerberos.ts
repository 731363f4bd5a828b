import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runOk } from '../../realms/clients.js'
import { downloadPackages, isDebian } from '../../realms/debian/packages.js'
import { useRealms } from '../../realms/suite.js'

/** Kept between runs, as what Heimdal's packages are unpacked to is. */
const cache = fileURLToPath(new URL('../../../node_modules/.cache/s4u/', import.meta.url))
const VERSION = '7.0.0'
const MINUTES = 60_000

/**
 * The folder of the npm package `kerberos`, built from its source: its install script would look
 * for a prebuilt binary, and for headers that are installed. Rejects where it cannot be built.
 */
export async function npmKerberos(): Promise<string> {
  const target = join(cache, `npm-kerberos-${VERSION}-${process.arch}-${process.versions.modules}`)
  if (!existsSync(target)) {
    const { unavailable } = await useRealms('npm kerberos', ['compiler'])
    if (unavailable.compiler !== undefined) throw new Error(unavailable.compiler)
    await buildIn(target)
  }
  return join(target, 'node_modules', 'kerberos')
}

async function buildIn(target: string): Promise<void> {
  if (!isDebian()) throw new Error('the headers of MIT krb5 come from Debian')
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(join(cache, 'building-'))
  try {
    await downloadPackages(['krb5-multidev', 'comerr-dev'], directory)
    const options = { directory, timeout: 2 * MINUTES }
    await runOk('/bin/sh', ['-c', 'for package in *.deb; do dpkg -x "$package" headers || exit 1; done'], options)
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save']
    await runOk('npm', ['install', '--prefix', directory, ...quiet, `kerberos@${VERSION}`], options)
    const include = join(directory, 'headers/usr/include')
    const environment = { CXXFLAGS: `-I${include}/mit-krb5 -I${include}` }
    const args = [await nodeGyp(), 'rebuild', `--directory=${directory}/node_modules/kerberos`, ...nodeHeaders()]
    await runOk(process.execPath, args, { ...options, environment })
    if (!existsSync(target)) renameSync(directory, target)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** npm brings it along. */
async function nodeGyp(): Promise<string> {
  const { stdout } = await runOk('/bin/sh', ['-c', 'command -v npm'])
  const script = join(dirname(realpathSync(stdout.trim())), '../node_modules/node-gyp/bin/node-gyp.js')
  if (!existsSync(script)) throw new Error(`${script} not found`)
  return script
}

/** Those that Node was installed with, else node-gyp would download them. */
function nodeHeaders(): string[] {
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
}
