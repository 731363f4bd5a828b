import { expect, test } from 'vitest'
import { OctetWriter, utf16 } from '../wire/octets.js'
import { ChangeAction, readChanges } from './file-information.js'

function change(name: string): Uint8Array {
  const octets = utf16(name)
  return new OctetWriter(12 + octets.length).u32(4, ChangeAction.ADDED).u32(8, octets.length).set(12, octets).octets
}

test.each(['', 'a.txt', 'old\\a.txt', '.hidden', 'a..b\\...x', 'file:stream'])('a change in %j is told', (name) => {
  expect(readChanges(change(name))).toEqual([{ action: ChangeAction.ADDED, name }])
})

test.each(['..', '..\\x', 'a\\..\\..\\x', '.', 'a\\.', '\\etc', 'a\\\\b', '/etc', '../x', 'a/../x', 'x\0'])(
  'a change whose name is the path of another file is refused: %j',
  (name) => {
    expect(() => readChanges(change(name))).toThrow('FILE_NOTIFY_INFORMATION.FileName')
  },
)
