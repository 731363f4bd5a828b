import { join } from 'node:path'
import { type OutputChunk, rolldown } from 'rolldown'
import { root } from './sources.js'

/**
 * What a bundler makes of a program: what is loaded at its start, and what only when it is needed.
 */
export interface Bundle {
  readonly atOnce: readonly OutputChunk[]
  readonly later: readonly OutputChunk[]
}

/**
 * Bundles a program for Node as an app would, from the built packages, minified. The modules of
 * Node and the frameworks stay imports.
 *
 * @param program an ES module
 */
export async function bundleOf(program: string): Promise<Bundle> {
  const entry = join(root, 'test', 'entry.mjs')
  const build = await rolldown({
    input: entry,
    platform: 'node',
    tsconfig: false,
    external: /^(?:node:|(?:express|hono)(?:\/|$))/,
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? program : undefined),
      },
    ],
  })
  const { output } = await build.generate({ format: 'esm', minify: true })
  const chunks = output.filter((file) => file.type === 'chunk')
  const atOnce = new Set(chunks.filter((chunk) => chunk.isEntry))
  // A set goes on to what is added while it is walked.
  for (const { imports } of atOnce)
    for (const chunk of chunks.filter(({ fileName }) => imports.includes(fileName))) atOnce.add(chunk)
  return { atOnce: [...atOnce], later: chunks.filter((chunk) => !atOnce.has(chunk)) }
}

/** Returns the kilobytes of the code of some chunks. */
export function kilobytesOfChunks(chunks: readonly OutputChunk[]): number {
  return Math.ceil(chunks.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0) / 1_000)
}
