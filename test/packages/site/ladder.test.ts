import { describe, expect, test } from 'vitest'
import { ladder } from '../../../docs/.vitepress/ladder.mjs'

/** The drawings of the site. */
describe('a ladder', () => {
  const drawn = ladder('web -> KDC: alice\'s ticket & a name\nKDC -> web: alice at api\nweb = reads "it"')

  test('has each party once, in the order in which they appear', () => {
    expect([...drawn.matchAll(/<text class="name"[^>]*>(.*?)<\/text>/g)].map(([, name]) => name)).toEqual([
      'web',
      'KDC',
    ])
  })

  test('points from the one who sends to the one who gets', () => {
    const ways = [...drawn.matchAll(/<line class="way" x1="(\d+)" y1="\d+" x2="(\d+)"/g)].map(([, from, to]) => [
      from,
      to,
    ])
    expect(ways).toEqual([
      ['190', '561'],
      ['570', '199'],
    ])
  })

  test('is read aloud as sentences', () => {
    const spoken = /aria-label="([^"]*)"/.exec(drawn)?.[1]
    expect(spoken).toBe("web to KDC: alice's ticket &amp; a name. KDC to web: alice at api. web: reads &quot;it&quot;.")
  })

  test('breaks long labels into two lines', () => {
    const long = ladder('a -> b: the ticket that the user came with goes along as evidence of it')
    expect([...long.matchAll(/<tspan[^>]*>(.*?)<\/tspan>/g)].map(([, line]) => line)).toEqual([
      'the ticket that the user came with',
      'goes along as evidence of it',
    ])
  })

  test('refuses a line that is no message', () => {
    expect(() => ladder('a -> b')).toThrow('not a line of a ladder: a -> b')
  })
})
