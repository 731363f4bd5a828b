import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { krb5Conf, renderProfile } from '../krb5-conf.js'
import type { Environment, Processes } from '../processes.js'
import type { Site } from '../site.js'
import { unpackTrixie } from './trixie-packages.js'

/**
 * The same ground once more, for the programs of a newer Debian. They see another root than
 * everybody else, so the folder of the run that they use lies in that root, and a link gives it the
 * same path outside: `/tmp/s4u-realms-X/trixie`.
 */
export async function openTrixie(site: Site): Promise<Site> {
  const tree = await unpackTrixie()
  await site.processes.run('chroot', [tree, 'samba', '--version'])
  const directory = join(site.directory, 'trixie')
  const folder = join(tree, directory)
  removeAbandoned(tree, dirname(site.directory))
  site.processes.removeAtEnd(join(tree, site.directory))
  for (const name of ['log', 'keytabs', 'ccaches', 'rcache']) mkdirSync(join(folder, name), { recursive: true })
  symlinkSync(folder, directory)
  const krb5Config = join(directory, 'krb5.conf')
  writeFileSync(krb5Config, renderProfile(krb5Conf(site.processes.block, site.ports, directory)))
  const environment = {
    ...site.environment,
    KRB5_CONFIG: krb5Config,
    KRB5RCACHEDIR: join(directory, 'rcache'),
    KRB5CCNAME: `FILE:${directory}/ccaches/default`,
  }
  return {
    ...site,
    directory,
    krb5Config,
    environment,
    root: tree,
    processes: within(tree, site.processes, environment),
  }
}

/** Programs are looked up and run in the tree. */
function within(tree: string, processes: Processes, environment: Environment): Processes {
  return {
    ...processes,
    run: (program, args, options = {}) =>
      processes.run('chroot', [tree, program, ...args], {
        ...options,
        environment: { ...environment, ...options.environment },
      }),
    start: (name, program, args, extra = {}) =>
      processes.start(name, 'chroot', [tree, program, ...args], { ...environment, ...extra }),
  }
}

/**
 * What runs left that were not even given the time to end: their folders outside are gone, those in
 * here are not.
 */
function removeAbandoned(tree: string, parent: string): void {
  if (!existsSync(join(tree, parent))) return
  for (const name of readdirSync(join(tree, parent))) {
    if (!existsSync(join(parent, name))) rmSync(join(tree, parent, name), { recursive: true, force: true })
  }
}
