import { expect, test } from 'vitest'
import { packageNames } from './sources.js'

/**
 * Everything a package exports, by name. A name that appears or goes is a change of the public surface: it is
 * made here, on purpose, or not at all. (Types leave no trace at run time and are not listed.)
 */
const exported: Record<string, readonly string[]> = {
  acceptor: [],
  express: [],
  fetch: [],
  gssapi: [],
  'kdc-client': [],
  koa: [],
  krb5: [],
  negotiate: [],
  'test-kdc': [],
}

test.each(packageNames)('%s exports what is listed and nothing else', async (name) => {
  const index: object = await import(`../../packages/${name}/src/index.ts`)
  expect(Object.keys(index).sort()).toEqual(exported[name])
})
