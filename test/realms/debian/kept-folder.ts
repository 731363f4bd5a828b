import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../processes.js'

const cache = fileURLToPath(new URL('../../../node_modules/.cache/s4u/', import.meta.url))

/**
 * A folder that is made once and kept between runs: what `make` puts into the folder that it is
 * given gets the name as a whole, or not at all. Two runs that both find nothing both make it, and
 * the second one uses that of the first.
 */
export async function keptFolder(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const target = join(cache, name)
  if (existsSync(target)) return target
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, 'unpacking-'))
  try {
    const folder = join(work, 'folder')
    mkdirSync(folder)
    await make(folder)
    moveTo(folder, target)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return target
}

/** Unpacks every package of a folder into `tree`, without any script of theirs being run. */
export async function unpackPackages(folder: string, tree: string): Promise<void> {
  const script = 'for package in "$1"/*.deb; do dpkg-deb -x "$package" "$2" || exit 1; done'
  const { status, stderr } = await runProgram('/bin/sh', ['-c', script, 'unpack', folder, tree], { timeout: 600_000 })
  if (status !== 0) throw new Error(`cannot unpack packages: ${stderr.trim()}`)
}

function moveTo(folder: string, target: string): void {
  try {
    renameSync(folder, target)
  } catch (error) {
    if (!existsSync(target)) throw error // else another run was faster
  }
}
