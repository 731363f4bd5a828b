import { expect, test } from 'vitest'
import { Command } from '../wire/header.js'
import { encodeChain } from '../connection/request.js'
import { SpareMemory } from './spare-memory.js'

test('a place serves again when it was given back, for octets of about its length', () => {
  const memory = new SpareMemory()
  const first = memory.take(100_000)
  expect(memory.take(100_000).buffer).not.toBe(first.buffer)
  memory.giveBack(first)
  expect(memory.take(40_000).buffer).not.toBe(first.buffer)
  expect(memory.take(100_001).buffer).not.toBe(first.buffer)
  const second = memory.take(60_000)
  expect(second.buffer).toBe(first.buffer)
  expect(second).toHaveLength(60_000)
  memory.giveBack(second)
  memory.clear()
  expect(memory.take(100_000).buffer).not.toBe(first.buffer)
})

test('what was in the memory of a request before is not sent', () => {
  const requests = [
    { command: Command.WRITE, body: new Uint8Array(49), data: Uint8Array.of(1, 2, 3) },
    { command: Command.CLOSE, body: new Uint8Array(24) },
  ]
  const numbers = { firstId: 3n, credits: 7, isMultiCredit: true }
  const [clean, used] = [0, 0xff].map((value) =>
    encodeChain(requests, { sessionId: 5n, treeId: 9 }, numbers, (length) => new Uint8Array(length).fill(value)),
  )
  expect(used).toEqual(clean)
})
