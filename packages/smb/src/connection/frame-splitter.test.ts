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
