import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import type { Reporter, TestModule, TestSpecification, TestSuite, Vitest } from 'vitest/node'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Globs; one with `!` in front leaves files out. */
const named = JSON.parse(process.env.S4U_MUTATION_TESTS ?? '[]') as string[]
const conditions = ['@s4u/source', 'module', 'node', 'development|production']

/**
 * The first test that fails ends a try, so those that are likely to notice run first: the test file
 * beside the changed file, then its neighbours, then the vectors.
 */
class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const changed = this.ctx.config.related ?? []
    const beside = new Set(changed.map((path) => path.replace(/\.ts$/, '.test.ts')))
    const folders = new Set(changed.map(dirname))
    const place = ({ moduleId }: TestSpecification): number => {
      if (beside.has(moduleId)) return 0
      if (folders.has(dirname(moduleId))) return 1
      return moduleId.includes('/vectors/') ? 2 : 3
    }
    return files.toSorted((a, b) => place(a) - place(b))
  }
}

/**
 * Stryker looks at tests alone. Where a change breaks a file before it has any, or what runs before
 * all of them, it would be told as not noticed; so that becomes an error of the run, which
 * test/mutation/mutants.mjs knows.
 */
class TellBrokenFiles implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestModuleEnd(module: TestModule): void {
    this.#tell(module)
  }

  onTestSuiteResult(suite: TestSuite): void {
    this.#tell(suite)
  }

  #tell(broken: TestModule | TestSuite): void {
    const errors = broken.errors()
    for (const error of errors) this.#vitest?.state.catchError(error, 'Broken test file')
    // As after the first test that fails: the others can say no more.
    if (errors.length > 0) void this.#vitest?.cancelCurrentRun('test-failure')
  }
}

/**
 * What Stryker runs: the test files that test/mutation/run.mjs names, in the working copy in which
 * this file then lies. Packages resolve to their sources, as in test/vitest.config.ts.
 */
export default defineConfig({
  root,
  // The working copy shares its node_modules with the repository; no cache of ours belongs there.
  cacheDir: join(root, '.vite'),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name: 'mutation',
    include: named.filter((glob) => !glob.startsWith('!')),
    exclude: ['**/node_modules/**', ...named.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1))],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One changed place after the other is tried: the files of one try take turns.
    fileParallelism: false,
    reporters: [new TellBrokenFiles()],
    sequence: { sequencer: NearestFirst },
  },
})
