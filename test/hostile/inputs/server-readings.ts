/**
 * How servers read a path, each in its own order of steps: a rule about a path must hold for all of
 * them.
 */
export function readingsOf(path: string): readonly string[] {
  return [nginx(path), tomcat(path), iis(path), whatwg(path)].filter((one) => one !== undefined)
}

/** Decodes, merges slashes, resolves dot segments. */
function nginx(path: string): string | undefined {
  const decoded = decodedOnce(path)
  return decoded === undefined ? undefined : resolved(decoded)
}

/** Takes parameters away, decodes, merges slashes, resolves dot segments. */
function tomcat(path: string): string | undefined {
  const decoded = decodedOnce(path.replaceAll(/;[^/]*/g, ''))
  return decoded === undefined ? undefined : resolved(decoded)
}

/** Decodes, takes capitals for small letters, and drops dots and spaces at the end of names. */
function iis(path: string): string | undefined {
  const decoded = decodedOnce(path)
  if (decoded === undefined) return undefined
  const names = decoded.toLowerCase().split('/')
  return resolved(
    names.map((name) => (/^\.\.? *$/.test(name) ? name.trim() : name.replace(/(?<![. ])[. ]+$/, ''))).join('/'),
  )
}

/** As browsers and Node resolve it, and then decoded. */
function whatwg(path: string): string | undefined {
  return URL.canParse(`http://inner.test${path}`)
    ? decodedOnce(new URL(`http://inner.test${path}`).pathname)
    : undefined
}

function resolved(path: string): string {
  const names: string[] = []
  for (const name of path.split('/').slice(1)) {
    if (name === '' || name === '.') continue
    if (name === '..') names.pop()
    else names.push(name)
  }
  return `/${names.join('/')}`
}

function decodedOnce(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
