import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './sources.js'

/**
 * What is still above a limit of `layout-sizes.test.ts` or `dependencies-of-rooms.test.ts`. Each
 * list only shrinks.
 */
export interface Unfinished {
  /** Folders that hold more than 15 source files. */
  readonly folders?: readonly string[]
  /** Source files with more than 300 lines. */
  readonly files?: readonly string[]
  /** Files with a function of more than 60 lines. */
  readonly functions?: readonly string[]
  /** Files with a comment line wider than 100 columns. */
  readonly comments?: readonly string[]
  /** Pages and files with examples that do not compile by themselves. */
  readonly examples?: readonly string[]
  /** Options that the README of the package does not list yet. */
  readonly options?: readonly string[]
  /** Whether its rooms import each other in a circle. */
  readonly cycle?: boolean
}

/** Of one package, or of `test` or `examples`. A finished one has no file. */
export function unfinishedOf(name: string): Unfinished {
  const path = join(root, 'test/packages/unfinished', `${name}.json`)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}
