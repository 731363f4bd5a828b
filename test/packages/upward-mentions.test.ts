import { expect, test } from 'vitest'
import { packageNames, readSources } from './sources.js'

/**
 * krb5 stands below every other package. A comment of it about one of them would go stale
 * unnoticed, and would send a reader who looks for the bottom upwards again.
 */
const comments = readSources('packages/krb5/src')
  .filter(({ isTest }) => !isTest)
  .flatMap(({ path, text }) =>
    text
      .split('\n')
      .filter((line) => /^\s*(?:\/\/|\/?\*)/.test(line))
      .map((line) => ({ path, line })),
  )

test('no comment of krb5 names another package', () => {
  const wrong = comments.filter(({ line }) => /@s4u\/(?!krb5\b)/.test(line))
  expect(wrong).toEqual([])
})

test('no comment of krb5 names a function or a class of the packages above it', async () => {
  const own = new Set(Object.keys(await import('@s4u/krb5')))
  const above = ['gssapi', 'acceptor', 'kdc-client', 'fetch', 'negotiate', 'express', 'test-kdc']
  expect(packageNames).toEqual(expect.arrayContaining(above))
  const modules = await Promise.all(above.map(async (name) => Object.keys(await import(`@s4u/${name}`))))
  // Words such as `fetch` mean other things as well.
  const names = new Set(modules.flat().filter((name) => /^[A-Za-z][a-z0-9]+[A-Z]/.test(name) && !own.has(name)))
  expect(names.size).toBeGreaterThan(50)
  const wrong = comments.filter(({ line }) => (line.match(/[A-Za-z0-9]+/g) ?? []).some((word) => names.has(word)))
  expect(wrong).toEqual([])
})
