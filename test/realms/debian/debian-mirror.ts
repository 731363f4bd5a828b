import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The part of Debian that everything here is in. */
const COMPONENT = 'main'

/**
 * The mirror that the machine's own packages come from: it has Debian's other releases too, and
 * whoever set the machine up can reach it. Throws where the machine is not Debian, or has no such
 * source.
 */
export function debianMirror(etc = '/etc'): string {
  const release = existsSync(join(etc, 'os-release')) ? readFileSync(join(etc, 'os-release'), 'utf8') : ''
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1]
  if (!/^ID="?debian"?$/m.test(release) || codename === undefined) throw new Error('this machine is not Debian')
  const found = sourcesOf(etc).find(
    ({ suites, components }) => suites.includes(codename) && components.includes(COMPONENT),
  )
  if (found === undefined) throw new Error(`the machine’s package sources name no mirror of ${codename} ${COMPONENT}`)
  return found.uri
}

interface Source {
  uri: string
  suites: string[]
  components: string[]
}

/** sources.list(5): files of one line each, and files of stanzas. */
function sourcesOf(etc: string): Source[] {
  const folder = join(etc, 'apt/sources.list.d')
  const names = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  return [join(etc, 'apt/sources.list'), ...names].filter(existsSync).flatMap((path) => {
    const text = readFileSync(path, 'utf8')
    return path.endsWith('.sources') ? text.split(/\n\s*\n/).flatMap(fromStanza) : text.split('\n').flatMap(fromLine)
  })
}

function fromLine(line: string): Source[] {
  const match = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line.trim())
  return match === null ? [] : [{ uri: match[1], suites: [match[2]], components: match[3].trim().split(/\s+/) }]
}

function fromStanza(text: string): Source[] {
  const field = (name: string): string[] =>
    (new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, 'im').exec(text)?.[1] ?? '').trim().split(/\s+/)
  if (!field('Types').includes('deb') || field('Enabled')[0] === 'no') return []
  const [suites, components] = [field('Suites'), field('Components')]
  return field('URIs').map((uri) => ({ uri, suites, components }))
}
