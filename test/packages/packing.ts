import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packageNames, root } from './sources.js'

/** The tarballs of all packages, as they would be published, in a folder of their own. */
export interface Packed {
  readonly folder: string
  tarballOf(name: string): string
  remove(): void
}

export function packAll(): Packed {
  const folder = mkdtempSync(join(tmpdir(), 's4u-pack-'))
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const filters = packageNames.map((name) => `--filter=@s4u/${name}`)
  execFileSync('npx', ['-y', packageManager, ...filters, '-r', 'pack', '--pack-destination', folder], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return {
    folder,
    tarballOf(name) {
      const file = readdirSync(folder).find((entry) => entry.replace(/-\d+\.\d+\.\d+.*$/, '') === `s4u-${name}`)
      if (file === undefined) throw new Error(`@s4u/${name} was not packed`)
      return join(folder, file)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/**
 * A project beside the repository: the packed packages below its `node_modules`, as npm would put
 * them there, and links to what they depend on and to what `others` (a folder with a
 * `node_modules`) has.
 */
export function installPacked(packed: Packed, others: string): string {
  const project = mkdtempSync(join(tmpdir(), 's4u-project-'))
  const modules = join(project, 'node_modules')
  for (const name of packageNames) {
    const target = join(modules, '@s4u', name)
    mkdirSync(target, { recursive: true })
    execFileSync('tar', ['-xzf', packed.tarballOf(name), '-C', target, '--strip-components=1'])
  }
  const dependencies = packageNames.map((name) => join(root, 'packages', name))
  for (const folder of [others, ...dependencies]) linkAll(join(folder, 'node_modules'), modules)
  return project
}

/** What comes first stays. */
function linkAll(from: string, to: string): void {
  for (const name of installedIn(from)) {
    const link = join(to, name)
    mkdirSync(dirname(link), { recursive: true })
    try {
      symlinkSync(join(from, name), link)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}

function installedIn(modules: string): string[] {
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.') && name !== '@s4u')
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => join(name, inner)) : [name],
    )
}
