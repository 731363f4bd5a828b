import { Access, CreateOption, type CreateRequest, Disposition } from '../wire/file-messages.js'
import { Status } from '../wire/status.js'
import { refusalOf } from '../connection/attempt.js'

/** How a file is opened, in the words of `fs.open`. */
export type OpenFlags = 'r' | 'r+' | 'w' | 'wx' | 'w+' | 'wx+' | 'a' | 'ax' | 'a+' | 'ax+'

/** What a flag means on the wire. */
export interface OpenManner {
  readonly request: Omit<CreateRequest, 'name'>
  /** Whether everything is written at the end, wherever it was asked for. */
  readonly appends: boolean
}

const { OPEN, CREATE, OPEN_IF, OVERWRITE_IF } = Disposition

const MANNERS: Readonly<Record<OpenFlags, readonly [access: number, disposition: number]>> = {
  r: [Access.READ, OPEN],
  'r+': [Access.READ | Access.WRITE, OPEN],
  w: [Access.WRITE, OVERWRITE_IF],
  wx: [Access.WRITE, CREATE],
  'w+': [Access.READ | Access.WRITE, OVERWRITE_IF],
  'wx+': [Access.READ | Access.WRITE, CREATE],
  a: [Access.WRITE | Access.READ_ATTRIBUTES, OPEN_IF],
  ax: [Access.WRITE | Access.READ_ATTRIBUTES, CREATE],
  'a+': [Access.READ | Access.WRITE, OPEN_IF],
  'ax+': [Access.READ | Access.WRITE, CREATE],
}

/** Returns what a flag means. @throws FileError EINVAL for another */
export function mannerOf(flags: OpenFlags, path: string): OpenManner {
  if (!Object.hasOwn(MANNERS, flags)) throw refusalOf(Status.INVALID_PARAMETER, { syscall: 'open', path })
  const [access, disposition] = MANNERS[flags]
  return { request: { access, disposition, options: CreateOption.NON_DIRECTORY }, appends: flags.startsWith('a') }
}
