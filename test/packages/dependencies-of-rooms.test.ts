import { describe, expect, test } from 'vitest'
import { everyRow } from './layers.js'
import { cycleOf, passagesOf, roomOf } from './rooms.js'
import { readSources } from './sources.js'
import { unfinishedOf } from './unfinished.js'

describe.each(everyRow)('the rooms of %s', (name, { rooms }) => {
  const src = `packages/${name}/src`
  const files = readSources(src).filter((file) => !file.isTest && !file.path.includes('/fixtures/'))
  const passages = passagesOf(src, files, rooms)

  test('have no import cycle', () => {
    const cycle = cycleOf(passages)
    if (unfinishedOf(name).cycle)
      expect(cycle, `no cycle any more: take it out of unfinished/${name}.json`).toBeTruthy()
    else expect(cycle).toBeUndefined()
  })

  test('import only rooms that stand later in the list of layers.ts', () => {
    if (rooms === undefined) return
    const upwards = passages.filter(({ from, to }) => rooms.indexOf(to) < rooms.indexOf(from))
    expect(upwards.map(({ from, to, by }) => `${from} imports ${to}: ${by}`)).toEqual([])
  })

  test('are all in the list of layers.ts, and the list has no other', () => {
    if (rooms === undefined) return
    const there = new Set(files.map((file) => roomOf(file.path.slice(src.length + 1), rooms)))
    expect([...rooms].sort()).toEqual([...there].sort())
  })
})

describe('the reader of rooms', () => {
  const file = (path: string, ...imports: string[]) => ({ path: `src/${path}`, isTest: false, text: '', imports })

  test('tells the imports that make a cycle between folders', () => {
    const files = [
      file('a/one.ts', '../b/two.js'),
      file('b/two.ts'),
      file('b/three.ts', '../a/four.js'),
      file('a/four.ts'),
    ]
    expect(cycleOf(passagesOf('src', files))).toBe('a → b (a/one.ts → b/two.ts), b → a (b/three.ts → a/four.ts)')
  })

  test('takes a listed file for a room of its own', () => {
    const files = [file('index.ts', './a/one.js'), file('a/one.ts', '../errors.js'), file('errors.ts')]
    expect(cycleOf(passagesOf('src', files))).toBe('. → a (index.ts → a/one.ts), a → . (a/one.ts → errors.ts)')
    expect(cycleOf(passagesOf('src', files, ['.', 'a', 'errors.ts']))).toBeUndefined()
  })
})
