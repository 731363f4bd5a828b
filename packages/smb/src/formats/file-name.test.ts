import { describe, expect, test } from 'vitest'
import { FileError } from '../errors.js'
import { findSharePath, wireName } from './file-name.js'

const RULES = { syscall: 'open', streams: false }

describe('a path of a file', () => {
  test.each([
    ['', ''],
    ['/', ''],
    ['.', ''],
    ['reports/2026.pdf', 'reports\\2026.pdf'],
    ['/reports\\old/', 'reports\\old'],
    ['.hidden', '.hidden'],
    ['a..b', 'a..b'],
    ['icon', 'icon'],
    ['cafe\u0301/\ud800', 'cafe\u0301\\\ud800'],
  ])('%j is %j on the wire', (path, name) => {
    expect(wireName(path, RULES)).toBe(name)
  })

  test.each([
    ...['..', '../x', 'a/../b', 'a\\..\\..', './x', 'x/.', 'a//b', '//server/share', '\\\\server\\share'],
    ...['x.', 'x ', 'con', 'CON.txt', 'con .txt', 'nul  .a.b', 'nul', 'a/aux', 'com1', 'lpt9.x', 'conin$', 'com\u00b9'],
    ...['file:stream', 'file::$DATA', 'a:b/c', 'c:', 'x\0', 'x\n', 'a*', 'a?', 'a"', '<', '>', '|'],
  ])('a path that would lead elsewhere is refused: %j', (path) => {
    const refused = { name: 'FileError', code: 'EINVAL', ntStatus: 'STATUS_OBJECT_NAME_INVALID', status: 404, path }
    expect(refusal(path)).toMatchObject(refused)
  })

  test('a path, or a name, that is too long is refused', () => {
    expect(refusal('x'.repeat(256))).toMatchObject({ code: 'ENAMETOOLONG' })
    expect(wireName('x'.repeat(255), RULES)).toHaveLength(255)
    expect(refusal('x/'.repeat(20_000))).toMatchObject({ code: 'ENAMETOOLONG' })
  })

  test('what is no text is refused', () => {
    expect(refusal(Object(7))).toMatchObject({ code: 'EINVAL' })
  })

  test('a stream is a name where it was asked for, at the end alone', () => {
    const rules = { syscall: 'open', streams: true }
    expect(wireName('a/file:stream', rules)).toBe('a\\file:stream')
    expect(() => wireName('a:b/file', rules)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    expect(() => wireName('file:a:b:c', rules)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })
})

function refusal(path: string): FileError {
  try {
    wireName(path, RULES)
  } catch (error) {
    if (error instanceof FileError) return error
    throw error
  }
  throw new Error('not refused')
}

describe('a path of a share', () => {
  test.each([
    ['\\\\Files.AD.test\\docs', { host: 'files.ad.test', share: 'docs', folder: '' }],
    ['//files/docs/', { host: 'files', share: 'docs', folder: '' }],
    ['\\\\files\\c$\\Users\\a\\', { host: 'files', share: 'c$', folder: 'Users\\a' }],
  ])('%j has these parts', (path, parts) => {
    expect(findSharePath(path)).toEqual(parts)
  })

  test.each([
    '',
    'docs',
    '\\\\files',
    '\\\\files\\',
    '\\files\\docs',
    '\\\\fi les\\docs',
    '\\\\a@b\\c',
    '\\\\files\\do:cs',
  ])('%j is none', (path) => {
    expect(findSharePath(path)).toBeUndefined()
  })
})
