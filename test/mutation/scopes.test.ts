import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { isAskedFor, packages, scopesOf } from './scopes.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('what is mutated', () => {
  test('is a package, a folder or a file of it, those of one package in one run', () => {
    const scopes = scopesOf(root, ['packages/krb5/src/asn1', './packages/gssapi/', 'packages/krb5/src/files/keytab.ts'])
    expect(scopes.map(({ name, mutate }) => [name, mutate.filter((glob) => !glob.startsWith('!'))])).toEqual([
      ['krb5', ['packages/krb5/src/asn1/**/*.ts', 'packages/krb5/src/files/keytab.ts']],
      ['gssapi', ['packages/gssapi/src/**/*.ts']],
    ])
    expect(scopes[0]?.tests).toContain('packages/krb5/src/**/*.test.ts')
  })

  test('may be named from where one is', () => {
    expect(scopesOf(root, ['src'], join(root, 'packages/gssapi'))).toEqual(scopesOf(root, ['packages/gssapi']))
  })

  test('is told of what was asked for, not of what is known from earlier runs', () => {
    const [scope] = scopesOf(root, ['packages/krb5/src/asn1', 'packages/krb5/src/files/keytab.ts'])
    const files = ['asn1/der.ts', 'asn1x.ts', 'files/keytab.ts', 'files/ccache.ts', 'pac/pac.ts']
    const asked = files.filter((file) => isAskedFor(scope, `packages/krb5/src/${file}`))
    expect(asked).toEqual(['asn1/der.ts', 'files/keytab.ts'])
  })

  test('is never a test, nor what serves tests', () => {
    expect(scopesOf(root, ['packages/gssapi'])[0]?.mutate.slice(1)).toEqual([
      '!**/*.test.ts',
      '!**/fixtures/**',
      '!**/index.ts',
    ])
  })

  test.each(['packages/nobody', 'test/hostile', '/tmp', 'packages', 'packages/gssapi/README.md'])('is not %s', (name) =>
    expect(() => scopesOf(root, [name])).toThrow(`${name}: name a package`),
  )

  test('is, with nothing named, the trusted part of each package of the list, all of it there', () => {
    expect(scopesOf(root, []).map(({ name }) => name)).toEqual(Object.keys(packages))
  })
})
