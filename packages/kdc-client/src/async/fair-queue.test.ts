import { describe, expect, test } from 'vitest'
import { FairQueue } from './fair-queue.js'

const alice = { kind: 'service', user: 'alice' }
const bob = { kind: 'service', user: 'bob' }
const form = (user: string) => ({ kind: 'password', user })

function all(queue: FairQueue<string>): string[] {
  const order: string[] = []
  for (let one = queue.take(); one !== undefined; one = queue.take()) order.push(one)
  return order
}

function waiting(...given: readonly (readonly [string, { kind: string; user: string }])[]): FairQueue<string> {
  const queue = new FairQueue<string>()
  for (const [one, place] of given) queue.add(one, place)
  return queue
}

describe('whose turn it is', () => {
  test('of one user: who came first', () => {
    expect(all(waiting(['a1', alice], ['a2', alice], ['a3', alice]))).toEqual(['a1', 'a2', 'a3'])
  })

  test('of several: one of each, however many one has', () => {
    const queue = waiting(['a1', alice], ['a2', alice], ['a3', alice], ['b1', bob], ['b2', bob])
    expect(all(queue)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3'])
  })

  test('of a kind with many users no more than of one with few', () => {
    const crowd = Array.from({ length: 100 }, (_, index) => [`p${index}`, form(`user${index}`)] as const)
    const queue = waiting(...crowd, ['a1', alice], ['a2', alice], ['b1', bob])
    expect(all(queue).slice(0, 6)).toEqual(['p0', 'a1', 'p1', 'b1', 'p2', 'a2'])
  })

  test('of who comes late: the next one after those who had none', () => {
    const queue = waiting(['a1', alice], ['a2', alice], ['a3', alice])
    expect(queue.take()).toBe('a1')
    queue.add('b1', bob)
    expect(all(queue)).toEqual(['a2', 'b1', 'a3'])
  })

  test('of the same name in two kinds: they are two', () => {
    const queue = waiting(['a1', alice], ['a2', alice], ['p1', form('alice')])
    expect(all(queue)).toEqual(['a1', 'p1', 'a2'])
  })
})

test('who has gone has no turn, and is not counted', () => {
  const queue = waiting(['a1', alice], ['a2', alice], ['b1', bob])
  expect(queue.remove('a1', alice)).toBe(true)
  expect(queue.remove('a1', alice)).toBe(false)
  expect(queue.remove('nobody', form('x'))).toBe(false)
  expect(queue.size).toBe(2)
  expect(all(queue)).toEqual(['a2', 'b1'])
  expect(queue.size).toBe(0)
  expect(queue.take()).toBeUndefined()
  expect(queue.takeFromLongest()).toBeUndefined()
})

test('when too many wait, the last one of whoever has most gives way', () => {
  const queue = waiting(['a1', alice], ['a2', alice], ['b1', bob], ['p1', form('carol')], ['p2', form('dave')])
  expect(queue.takeFromLongest()).toBe('a2')
  expect(queue.size).toBe(4)
  // Among equals the newcomer.
  expect(queue.takeFromLongest()).toBe('p2')
  expect(all(queue)).toEqual(['a1', 'p1', 'b1'])
})
