import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import type { TestProjectInlineConfiguration } from 'vitest/config'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const root = at('..')

/** Tests refuse all day long: whoever wants to read it says NODE_DEBUG=s4u. */
const QUIET = ['--disable-warning=S4U_REFUSED']

/**
 * One suite of `npm test`; packages and their siblings resolve to the sources, as they do for the
 * compiler.
 */
const suite = (
  name: string,
  include: string[],
  options: TestProjectInlineConfiguration['test'] = {},
  alias: Record<string, string> = {},
): TestProjectInlineConfiguration => {
  const conditions = ['@s4u/source', 'module', 'node', 'development|production']
  return {
    root,
    resolve: { conditions, alias },
    ssr: { resolve: { conditions } },
    test: { name, include, environment: 'node', execArgv: QUIET, ...options },
  }
}

const cryptoTests = ['packages/krb5/src/crypto/**/*.test.ts', 'test/vectors/**/*.test.ts']
/** Tests of the packages as packages, and of the tools that test them. */
const aboutTheRepository = ['packages', 'mutation', 'realms', 'release', 'run'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
)

/** The stories of Nest once more, on Nest 11, whose modules are those of test/nest11. */
const ofNest = ['sign-in', 'routes', 'sessions', 'several-legs', 'channel-bindings', 'known-callers', 'bad-input']
  .concat('failing-handlers', 'delegation-faults', 'impersonation-ambient', 'nest')
  .map((name) => `test/stories/${name}.test.ts`)
const nest11 = Object.fromEntries(
  ['common', 'core', 'platform-express', 'platform-fastify'].map((name) => [
    `@nestjs/${name}`,
    at(`nest11/node_modules/@nestjs/${name}`),
  ]),
)

const realServers = { globalSetup: [at('realms/setup.ts')], testTimeout: 60_000, hookTimeout: 180_000 }

export default defineConfig({
  root,
  test: {
    projects: [
      suite('unit', ['packages/*/src/**/*.test.ts', 'test/vectors/**/*.test.ts'], { testTimeout: 30_000 }),
      // The same vectors on the portable implementation, whatever the platform would have chosen.
      suite(
        'noble',
        cryptoTests,
        { env: { S4U_PRIMITIVES: 'noble' } },
        {
          '#primitives': at('../packages/krb5/src/crypto/primitives/noble.ts'),
        },
      ),
      suite('packages', aboutTheRepository, { testTimeout: 120_000, hookTimeout: 120_000 }),
      suite('stories', ['test/stories/**/*.test.ts'], { testTimeout: 30_000 }),
      // The packed packages on each runtime of the matrix.
      suite('runtimes', ['test/runtimes/**/*.test.ts'], {
        ...{ globalSetup: [at('runtimes/setup.ts')], testTimeout: 60_000, hookTimeout: 180_000 },
        fileParallelism: false,
      }),
      suite('nest11', ['test/nest11/*.test.ts', ...ofNest], { testTimeout: 30_000, env: { S4U_NEST: '11' } }, nest11),
      suite('kdc-client', ['test/kdc-client/**/*.test.ts'], { testTimeout: 30_000 }),
      // Those with ten thousand callers want the machine to themselves, and so does the fuzzer,
      // which counts milliseconds.
      suite('hostile', ['test/hostile/**/*.test.ts'], { testTimeout: 60_000, fileParallelism: false }),
      // Stores that instances share, on real servers.
      suite('stores', ['test/stores/**/*.test.ts'], { ...realServers, fileParallelism: false }),
      suite('fleet', ['test/fleet/**/*.test.ts'], { ...realServers, fileParallelism: false }),
      // Suites share the realms, so their files run one after the other.
      suite('interop', ['test/interop/**/*.test.ts'], { ...realServers, fileParallelism: false }),
    ],
  },
})
