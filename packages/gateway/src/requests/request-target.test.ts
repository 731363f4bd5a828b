import { describe, expect, test } from 'vitest'
import { looseReading, parseTarget, requireOneReading } from './request-target.js'

describe('a path that servers read in one way', () => {
  test.each(['/', '/a/b', '/a/', '/a/;jsessionid=1', '/a;v=1/b', '/a...b/c', '/.well-known/x', '/a%20b', '/a/..b'])(
    '%s passes',
    (path) => {
      expect([parseTarget(path), requireOneReading(path)]).toEqual([{ path, query: '' }, undefined])
    },
  )

  test.each([
    ['/;/admin', 'segments with a name, found one without'],
    ['/;x=1/admin', 'segments with a name, found one without'],
    ['/a/%3b/admin', 'segments with a name, found one without'],
    ['/%20/admin', 'segments with a name, found one without'],
    ['/x/..%20/admin', 'a path without dot segments, found a dot segment'],
    ['/x/.../admin', 'a path without dot segments, found a dot segment'],
    ['/x/..;/admin', 'a path without dot segments, found a dot segment'],
    ['/x/%2e./admin', 'a path without dot segments, found a dot segment'],
    ['/x//admin', 'one slash between segments, found two'],
  ])('%s is refused', (path, expected) => {
    expect(() => requireOneReading(path)).toThrow(`request.target: expected ${expected}`)
  })
})

test('a path is read loosely in a short time, whatever stands in it', () => {
  const started = performance.now()
  expect(looseReading(`/${'.'.repeat(65_000)}A;x/B. `)).toBe(`/${'.'.repeat(65_000)}a/b`)
  expect(performance.now() - started).toBeLessThan(200)
})
