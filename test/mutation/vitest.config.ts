import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('../..', import.meta.url))
const conditions = ['@s4u/source', 'module', 'node', 'development|production']

/**
 * What Stryker runs: the test files that test/mutation/run.mjs names, in the working copy in which this file then lies.
 * Packages resolve to their sources, as in test/vitest.config.ts.
 */
export default defineConfig({
  root,
  // The working copy shares its node_modules with the repository; no cache of ours belongs there.
  cacheDir: join(root, '.vite'),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name: 'mutation',
    include: JSON.parse(process.env.S4U_MUTATION_TESTS ?? '[]') as string[],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One changed place after the other is tried: the files of one try take turns.
    fileParallelism: false,
  },
})
