import { describe, expect, test } from 'vitest'
import { serveShare } from './serve-share.js'
import type { ServeShareOptions } from './serve-share-options.js'
import { pathOfUrl } from './url-path.js'

const SHARE = '\\\\files.ad.test\\www'

describe('the path of a URL', () => {
  test.each([
    ['/', ''],
    ['/a/b.txt', 'a/b.txt'],
    ['/a/', 'a'],
    ['/a%20b/%C3%9C.txt', 'a b/Ü.txt'],
    ['/%252e%252e/x', '%2e%2e/x'],
    ['/long~1name.html', 'long~1name.html'],
    ['/draft~.txt', 'draft~.txt'],
    ['/backup~old.txt', 'backup~old.txt'],
  ])('%s names %j', (path, name) => {
    expect(pathOfUrl(path)).toBe(name)
  })

  test.each([
    ['/a%2fb', 404, 'a name has a separator in it'],
    ['/a%5Cb', 404, 'a name has a separator in it'],
    ['/a\\b', 404, 'a name has a separator in it'],
    ['/../x', 404, 'the name begins with a dot'],
    ['/a/.git/config', 404, 'the name begins with a dot'],
    ['//a', 404, 'two slashes follow each other'],
    ['/Web.Config', 404, 'the name is one of settings'],
    ['/PROGRA~1', 404, 'the name may be a short name of another file'],
    ['/AB12~1.HTM', 404, 'the name may be a short name of another file'],
    // What Samba answers for secret-reports, and for secret-reports-of-the-board.txt.
    ['/S93DHP~B/a.txt', 404, 'the name may be a short name of another file'],
    ['/s93dhp~b', 404, 'the name may be a short name of another file'],
    ['/SA2IY8~Q.TXT', 404, 'the name may be a short name of another file'],
    ['/%', 400, 'the path has % without two digits, or octets that are no UTF-8'],
    ['/%c0%af', 400, 'the path has % without two digits, or octets that are no UTF-8'],
  ])('%s is refused with %i: %s', (path, status, why) => {
    expect(pathOfUrl(path)).toEqual({ status, why })
  })
})

describe('the options of serveShare', () => {
  test.each<[object, string]>([
    [{ as: 'service' }, 'serveShare: as must be \'caller\', not "service"'],
    [{ as: undefined }, "serveShare: as must be 'caller', not undefined"],
    [{ as: 'caller', mount: 'files' }, 'serveShare: mount must be the path of a URL, such as \'/files\', not "files"'],
    [
      { as: 'caller', index: ['a/b'] },
      'serveShare: index must have names of files, not a text of 3 characters, which is not shown',
    ],
    [{ as: 'caller', maxAnswers: 0 }, 'serveShare: maxAnswers must be a whole number above 0, not 0'],
    [{ as: 'caller', maxCallers: 0 }, 'ConnectionsPerIdentity: maxIdentities must be a number above 0'],
    [{ as: 'caller', timeLimit: 0 }, 'openShare: timeLimit must be a whole number from 1 to 2147483647, not 0'],
  ])('%j is refused at once', (options, message) => {
    expect(() => serveShare(SHARE, options as ServeShareOptions)).toThrow(message)
  })

  test('a path that is none of a share is refused at once, and an option that is none', () => {
    expect(() => serveShare('/srv/www', { as: 'caller' })).toThrow(
      'openShare: a text of 8 characters, which is not shown is no path of a share',
    )
    const unknown = { as: 'caller', streams: true } as ServeShareOptions
    expect(() => serveShare(SHARE, unknown)).toThrow(expect.objectContaining({ code: 'S4U_UNKNOWN_OPTION' }))
  })
})
