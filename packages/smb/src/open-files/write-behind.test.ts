import { expect, test } from 'vitest'
import { WriteBehind } from './write-behind.js'

/** A write that ends when it is told to. */
function write() {
  let end = (_error?: Error): void => {}
  const done = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve())
  })
  return { begin: () => done, end: (error?: Error) => end(error) }
}

test('writes overlap up to as many as may, and the next one waits for room', async () => {
  const behind = new WriteBehind(2)
  const [first, second] = [write(), write()]
  await behind.add(first.begin)
  let hasRoom = false
  const adding = behind.add(second.begin).then(() => (hasRoom = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(hasRoom).toBe(false)
  first.end()
  await adding
  second.end()
  await behind.drained()
})

test('what failed is told by the next write, and at the end', async () => {
  const behind = new WriteBehind(3)
  const failing = write()
  await behind.add(failing.begin)
  failing.end(new Error('the disk is full'))
  await expect(behind.drained()).rejects.toThrow('the disk is full')
  await expect(behind.add(async () => {})).rejects.toThrow('the disk is full')
})
