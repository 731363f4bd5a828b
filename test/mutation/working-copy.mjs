/**
 * A copy of the repository in a folder of the system for temporary files. Stryker changes the
 * sources of the copy and never those of the repository, so that there is nothing to restore,
 * whatever ends the run.
 */
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const copied = ['package.json', 'pnpm-workspace.yaml', 'tsconfig.json', 'packages', 'test', 'examples']
const leftOut = new Set(['dist', '.turbo', '.vite'])

/**
 * @param {string} root the repository
 * @returns {{ path: string, remove: () => void }}
 */
export function makeWorkingCopy(root) {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 's4u-mutation-'))
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  try {
    for (const name of copied) {
      // The links of pnpm are relative: in the copy, a package's sibling is the copy of the
      // sibling.
      cpSync(join(root, name), join(path, name), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (source) => !leftOut.has(basename(source)),
      })
    }
    symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'), 'dir')
    return { path, remove }
  } catch (error) {
    remove()
    throw error
  }
}
