import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('..', import.meta.url))
const conditions = ['@s4u/source', 'module', 'node', 'development|production']
/** Sibling packages resolve to their sources, as they do for the compiler. */
const sources = { resolve: { conditions }, ssr: { resolve: { conditions } } }
const noblePrimitives = fileURLToPath(new URL('../packages/krb5/src/crypto/primitives/noble.ts', import.meta.url))

export default defineConfig({
  root,
  test: {
    projects: [
      { ...sources, root, test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'test/vectors/**/*.test.ts'] } },
      {
        ...sources,
        root,
        resolve: { conditions, alias: { '#primitives': noblePrimitives } },
        test: {
          name: 'noble',
          include: ['packages/krb5/src/crypto/**/*.test.ts', 'test/vectors/**/*.test.ts'],
          env: { S4U_PRIMITIVES: 'noble' },
        },
      },
    ],
  },
})
