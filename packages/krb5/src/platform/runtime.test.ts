import { expect, test } from 'vitest'
import { platform as node } from './node.js'
import { platform as portable } from './portable.js'
import { runtimeOf } from './runtime.js'

test.each([
  [{ node: '26.3.0', bun: '1.4.5' }, 'Bun'],
  [{ node: '26.3.0', deno: '2.9.6', v8: '14' }, 'Deno'],
  [{ node: '20.20.2' }, 'Node'],
])('%j are the versions of %s', (versions, runtime) => {
  expect(runtimeOf(versions)).toBe(runtime)
})

test('a platform knows its runtime, unless it is none that is told apart', () => {
  expect([node.runtime, portable.runtime]).toEqual(['Node', undefined])
})
