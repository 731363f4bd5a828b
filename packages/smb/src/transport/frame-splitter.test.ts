import { expect, test } from 'vitest'
import { FrameSplitter } from './frame-splitter.js'

const WIRE = Uint8Array.of(0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 2, 4, 5)
const FRAMES = [[1, 2, 3], [], [4, 5]]
const splitter = new FrameSplitter(() => 3)

test.each([1, 2, 3, 5, 7, 8, 11, 17])('frames are the same when they come %i octets at a time', (step) => {
  const splitter = new FrameSplitter(() => 3)
  const frames: number[][] = []
  for (let at = 0; at < WIRE.length; at += step)
    for (const frame of splitter.push(WIRE.subarray(at, at + step))) frames.push([...frame])
  expect(frames).toEqual(FRAMES)
})

test.each([1, 2, 3, 5, 7, 8, 11, 17])('frames are the same when they are received in place, %i octets', (most) => {
  const splitter = new FrameSplitter(() => 3)
  const frames: Uint8Array[] = []
  for (let at = 0; at < WIRE.length;) {
    const { space } = splitter
    const came = WIRE.subarray(at, at + Math.min(space.length, most))
    space.set(came)
    frames.push(...splitter.filled(came.length))
    at += came.length
  }
  // Compared at the end: none is overwritten by those that come later.
  expect(frames.map((frame) => [...frame])).toEqual(FRAMES)
})

test('the rest of a long frame is received where it stays, and nothing behind it', () => {
  const splitter = new FrameSplitter(() => 200_000)
  splitter.space.set([0, 0x03, 0x0d, 0x40, 7])
  expect(splitter.filled(5)).toEqual([])
  const { space } = splitter
  expect(space).toHaveLength(199_999)
  const [frame] = splitter.filled(199_999)
  expect(frame.buffer).toBe(space.buffer)
  expect(frame[0]).toBe(7)
})

test('the memory of a frame serves the next one only when nobody has it any more', () => {
  const splitter = new FrameSplitter(() => 200_000)
  const receive = (): Uint8Array => {
    splitter.space.set([0, 0x03, 0x0d, 0x40])
    splitter.filled(4)
    return splitter.filled(200_000)[0]
  }
  const first = receive()
  expect(receive().buffer).not.toBe(first.buffer)
  splitter.reuse(first)
  expect(receive().buffer).toBe(first.buffer)
  splitter.reuse(first)
  splitter.rest()
  expect(receive().buffer).not.toBe(first.buffer)
})

test('the memory of short frames that came together is not used again', () => {
  const splitter = new FrameSplitter(() => 3)
  splitter.space.set(WIRE)
  const [first, , last] = splitter.filled(WIRE.length)
  splitter.reuse(first)
  splitter.space.set(Uint8Array.of(0, 0, 0, 3, 9))
  splitter.filled(5)
  expect(splitter.space.buffer).not.toBe(first.buffer)
  expect([...last]).toEqual([4, 5])
})

test('a slice of a frame is a copy, also of one that came in a Buffer', () => {
  for (const pieces of [[Buffer.from(WIRE)], [Buffer.from(WIRE.subarray(0, 5)), Buffer.from(WIRE.subarray(5))]]) {
    const [frame] = pieces.flatMap((piece) => [...splitter.push(piece)])
    const copy = frame.slice(0, 1)
    frame[0] = 9
    expect(copy[0]).toBe(1)
  }
})

test('a frame that is longer than permitted now, and one of something else, are refused by their prefix', () => {
  expect(() => new FrameSplitter(() => 2).push(WIRE.subarray(0, 4))).toThrow('at most 2 octets')
  expect(() => new FrameSplitter(() => 9).push(Uint8Array.of(0x85, 0, 0, 0))).toThrow('the octet 0')
})
