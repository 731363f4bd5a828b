import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { installPacked, packAll } from '../packages/packing.js'
import { runtimeBinaries } from './binaries.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder with the packed packages below its `node_modules`, and the programs. */
    readonly runtimesProject: string
  }
}

/** Packs the packages once for all files, and has the runtimes installed. */
export default function setup(project: TestProject): () => void {
  runtimeBinaries()
  const packed = packAll()
  const folder = installPacked(packed, fileURLToPath(new URL('..', import.meta.url)))
  packed.remove()
  cpSync(fileURLToPath(new URL('programs', import.meta.url)), join(folder, 'programs'), { recursive: true })
  project.provide('runtimesProject', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
