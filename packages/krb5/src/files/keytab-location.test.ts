import { describe, expect, test } from 'vitest'
import { keytabFilePath, unreadableKeytab } from './keytab-location.js'

describe('the name of a keytab', () => {
  test.each([
    ['/etc/web.keytab', '/etc/web.keytab'],
    ['FILE:/etc/web.keytab', '/etc/web.keytab'],
    ['WRFILE:web.keytab', 'web.keytab'],
    ['FILE:', ''],
    [String.raw`C:\web.keytab`, String.raw`C:\web.keytab`],
    ['odd FILE:name.keytab', 'odd FILE:name.keytab'],
  ])('%s is the file %s', (name, path) => {
    expect(keytabFilePath(name)).toBe(path)
  })

  test.each([
    ['MEMORY:x', 'keytab: keytabs of type MEMORY cannot be read'],
    ['Secret7:x', 'keytab: keytabs of another type than FILE cannot be read'],
  ])('%s is refused, and shows nothing that may be a secret', (name, message) => {
    expect(() => keytabFilePath(name)).toThrow(message)
  })
})

describe('a keytab that the system does not read', () => {
  const failed = (code: string): Error => Object.assign(new Error(`${code}: open '/x.keytab'`), { code })
  test.each([
    ['ENOENT', 'the keytab /x.keytab does not exist', 'KRB5_KT_NOTFOUND', /^Name the file in the option keytab/],
    ['ENOTDIR', 'the keytab /x.keytab does not exist', 'KRB5_KT_NOTFOUND', /^Name the file in the option keytab/],
    [
      'EISDIR',
      'the keytab /x.keytab is a folder',
      'KRB5_KT_IOERR',
      /^Name the file in it: \/x\.keytab\/NAME\.keytab\.$/,
    ],
    [
      'EACCES',
      'the keytab /x.keytab cannot be read: EACCES',
      'KRB5_KT_IOERR',
      /^Give the user .* \/x\.keytab, and nobody else\.$/,
    ],
    ['EPERM', 'the keytab /x.keytab cannot be read: EPERM', 'KRB5_KT_IOERR', /^Give the user/],
    ['EIO', 'the keytab /x.keytab cannot be read: EIO', 'KRB5_KT_IOERR', /^Look at the file system: it says EIO\.$/],
  ])('%s: %s', (errno, message, code, hint) => {
    const cause = failed(errno)
    expect(unreadableKeytab('/x.keytab', cause)).toMatchObject({
      message,
      code,
      hint: expect.stringMatching(hint),
      cause,
    })
  })

  test('has no cause where the path must not be shown', () => {
    const error = unreadableKeytab('a text of 20 characters', failed('ENOENT'), { isNameShown: false })
    expect(error.cause).toBeUndefined()
  })
})
