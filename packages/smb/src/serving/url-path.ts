/** A path that a URL may not name, with what to answer. */
export interface RefusedPath {
  readonly status: 400 | 404
  readonly why: string
}

/**
 * Names as DOS would see them: `PROGRA~1`, `REPORT~2.TXT` of Windows (MS-FSCC section 2.1.5.2.1),
 * and `S93DHP~B` of Samba, which makes six characters and one behind `~` of a hash of the name.
 */
const SHORT_NAME = /^(?:[^.~]{0,6}~\d{1,6}|[^.~]{6}~[\da-z])(?:\.[^.]{0,3})?$/i

/** What IIS never sends either, beside names that begin with a dot. */
const SETTINGS = /^(?:web\.config|global\.asax|thumbs\.db|desktop\.ini)$/i

/**
 * Returns the path of the file that a URL names, relative to the share, `''` for its root.
 *
 * The path is cut at its slashes before anything is decoded, so that no `%2f` or `%5c` becomes a
 * separator, and decoded once, so that `%252e` stays what it is. What remains to be refused (`..`,
 * streams, devices, dots and spaces at the end) the share refuses by itself. Short names are
 * refused because a rule for `secret-reports` would not know `SECRET~1`.
 * @param path the path of the URL as it was sent, from the folder that is served: `/a%20b/c.txt`
 */
export function pathOfUrl(path: string): string | RefusedPath {
  const parts = path.replace(/^\//, '').split('/')
  // The slash at the end, which says that a folder is meant.
  if (parts.at(-1) === '') parts.pop()
  const names: string[] = []
  for (const part of parts) {
    const name = decoded(part)
    if (name === undefined)
      return { status: 400, why: 'the path has % without two digits, or octets that are no UTF-8' }
    const why = faultOf(name)
    if (why !== undefined) return { status: 404, why }
    names.push(name)
  }
  return names.join('/')
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

function faultOf(name: string): string | undefined {
  if (name === '') return 'two slashes follow each other'
  if (/[/\\]/.test(name)) return 'a name has a separator in it'
  if (name.startsWith('.')) return 'the name begins with a dot'
  if (SETTINGS.test(name)) return 'the name is one of settings'
  if (SHORT_NAME.test(name)) return 'the name may be a short name of another file'
  return undefined
}
