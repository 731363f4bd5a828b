import { FileError } from '../errors.js'
import { meaningOf } from '../wire/status.js'

const NAME_INVALID = 0xc000_0033
const NAME_TOO_LONG = 0xc000_0106

/** Units of a component. MS-FSCC section 2.1.5. */
const MAX_COMPONENT = 255

/** Units of a path: what a u16 length of octets can say. */
const MAX_PATH = 32_760

/** What no name may have; the colon, which begins a stream, is looked at apart. MS-FSCC 2.1.5.1. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\0-\x1f"*:<>?|]/

/** Names of devices, with whatever extension. */
const DEVICE = /^(?:con|nul|aux|prn|com[1-9¹²³]|lpt[1-9¹²³]|conin\$|conout\$) *(?:\.|$)/i

export interface NameRules {
  readonly syscall: string
  /** Whether `file:stream` is a name. */
  readonly streams: boolean
}

/**
 * Returns the path of a file as it is on the wire: relative to the share, with backslashes.
 *
 * What a path means is decided here and not by the server: `.` and `..` are refused and not
 * resolved, so that nothing gets out of the folder that an app has put in front. Names are not
 * normalised. MS-FSCC section 2.1.5.
 * @param path `reports/2026.pdf` or `reports\2026.pdf`; the root is `''`, `'/'` or `'.'`
 * @throws FileError EINVAL, ENAMETOOLONG
 */
export function wireName(path: string, { syscall, streams }: NameRules): string {
  const refuse = (status: number, why: string): never => {
    const { name: ntStatus, code } = meaningOf(status)
    throw new FileError(
      code,
      { ntStatus, ntStatusCode: status, syscall, path },
      { status: 404, hint: `${why} Nothing was sent.` },
    )
  }
  if (typeof path !== 'string') return refuse(NAME_INVALID, 'A path is a string.')
  if (path.length > MAX_PATH) return refuse(NAME_TOO_LONG, `A path has at most ${MAX_PATH} characters.`)
  const parts = (path === '.' ? '' : path).split(/[/\\]/)
  if (parts[0] === '') parts.shift()
  if (parts.at(-1) === '') parts.pop()
  parts.forEach((part, i) => {
    const fault = faultOf(part, streams && i + 1 === parts.length)
    if (fault !== undefined) refuse(fault.status, fault.why)
  })
  return parts.join('\\')
}

interface NameFault {
  readonly status: number
  readonly why: string
}

function faultOf(part: string, mayHaveStream: boolean): NameFault | undefined {
  const [name, ...stream] = mayHaveStream ? part.split(':') : [part]
  if (name === '' && stream.length === 0) return { status: NAME_INVALID, why: 'Two separators follow each other.' }
  if (name === '.' || name === '..')
    return { status: NAME_INVALID, why: 'Paths are relative to the share, without . and ..' }
  if (stream.length > 2 || [name, ...stream].some((each) => FORBIDDEN.test(each)))
    return { status: NAME_INVALID, why: 'The name has a character that names on Windows do not have.' }
  if (/[. ]$/.test(name)) return { status: NAME_INVALID, why: 'Windows drops a dot or a space at the end of a name.' }
  if (DEVICE.test(name)) return { status: NAME_INVALID, why: 'On Windows this is the name of a device.' }
  if (name.length > MAX_COMPONENT)
    return { status: NAME_TOO_LONG, why: `A name has at most ${MAX_COMPONENT} characters.` }
  return undefined
}

/** A share: the server that has it, and its name. */
export interface SharePath {
  readonly host: string
  readonly share: string
  /** A folder in the share, without separators around; empty for the share itself. */
  readonly folder: string
}

/** Returns the parts of `\\files.ad.test\docs\folder`; undefined where it is no such path. */
export function findSharePath(path: string): SharePath | undefined {
  const parts = /^[/\\]{2}([^/\\]+)[/\\]([^/\\]+)(?:[/\\]+(.*))?$/s.exec(path)
  if (parts === null) return undefined
  const [, host, share, folder = ''] = parts
  // oxlint-disable-next-line no-control-regex
  if (!/^[\w.-]+$/.test(host) || /[\0-\x1f"*:<>?|]/.test(share)) return undefined
  return { host: host.toLowerCase(), share, folder: withoutEnd(folder) }
}

/** Without separators at the end; each character is looked at once, however many there are. */
function withoutEnd(folder: string): string {
  let length = folder.length
  while (length > 0 && '/\\'.includes(folder[length - 1])) length--
  return folder.slice(0, length)
}
