import { expect, test, vi } from 'vitest'
import { platform as node } from './node.js'
import { platform as portable } from './portable.js'
import { isWorkerd, runtimeOf, thisUserAgent } from './runtime.js'

test.each([
  [{ node: '26.3.0', bun: '1.4.5' }, 'Bun'],
  [{ node: '26.3.0', deno: '2.9.6', v8: '14' }, 'Deno'],
  [{ node: '20.20.2' }, 'Node'],
])('%j are the versions of %s', (versions, runtime) => {
  expect(runtimeOf(versions)).toBe(runtime)
})

test('workerd is told by the user agent of its workers alone', () => {
  expect(runtimeOf({ node: '22.19.0' }, 'Cloudflare-Workers')).toBe('workerd')
  expect(runtimeOf({ node: '24.0.0' }, 'Node.js/24')).toBe('Node')
  expect([isWorkerd('Cloudflare-Workers'), isWorkerd('Mozilla/5.0'), isWorkerd(undefined)]).toEqual([
    true,
    false,
    false,
  ])
})

test('the user agent is that of the global navigator, if it is text', () => {
  for (const [navigator, agent] of [
    [{ userAgent: 'Cloudflare-Workers' }, 'Cloudflare-Workers'],
    [{ userAgent: 5 }, undefined],
  ]) {
    vi.stubGlobal('navigator', navigator)
    expect(thisUserAgent()).toBe(agent)
  }
  vi.unstubAllGlobals()
})

test('a platform knows its runtime, unless it is none that is told apart', () => {
  expect([node.runtime, portable.runtime]).toEqual(['Node', undefined])
})
