/**
 * The parameters in names of keytabs and caches, such as `%{uid}`. Source: MIT krb5 documentation,
 * "krb5.conf", "Parameter expansion".
 */

import { ConfigurationError } from '../errors/errors.js'
import { shownName } from '../errors/shown-input.js'
import type { Machine } from '../platform/machine.js'

/**
 * Returns the name with its parameters replaced. On Windows slashes become backslashes, as in MIT's
 * library.
 *
 * @throws ConfigurationError for parameters that are not known, and for those that have no value on
 * this machine
 */
export function expandParameters(text: string, machine: Machine, setting: string): string {
  const name = text.replace(/%\{([^}]*)\}?/g, (written, parameter: string) => {
    const value = written.endsWith('}') ? valueOf(parameter, machine) : undefined
    if (value !== undefined) return value
    throw new ConfigurationError(`krb5.conf, ${setting}: %{${shownName(parameter)}} is not known here`, {
      code: 'KRB5_CONFIG_BADFORMAT',
      hint: hintFor(parameter, machine),
    })
  })
  return machine.isWindows ? name.replaceAll('/', '\\') : name
}

const EVERYWHERE = ['uid', 'USERID', 'euid', 'username', 'TEMP', 'null']

/** Users of Windows have a SID in place of a number, which Node does not tell. */
const NUMBERS = new Set(['uid', 'USERID', 'euid'])

/** Where Windows has its folders: an environment variable, and the path below it. */
const FOLDERS = new Map([
  ['APPDATA', { variable: 'APPDATA', below: '' }],
  ['COMMON_APPDATA', { variable: 'ProgramData', below: '' }],
  ['LOCAL_APPDATA', { variable: 'LOCALAPPDATA', below: '' }],
  ['SYSTEM', { variable: 'SystemRoot', below: '\\System32' }],
  ['WINDOWS', { variable: 'SystemRoot', below: '' }],
  ['USERCONFIG', { variable: 'APPDATA', below: '\\MIT\\Kerberos5' }],
  ['COMMONCONFIG', { variable: 'ProgramData', below: '\\MIT\\Kerberos5' }],
])

function hintFor(parameter: string, machine: Machine): string {
  if (machine.isWindows && NUMBERS.has(parameter))
    return `%{${parameter}} is the SID of the user on Windows, which Node does not tell. Write %{LOCAL_APPDATA}, a folder of each user, or the path itself.`
  const variable = machine.isWindows ? variableOf(parameter) : undefined
  if (variable !== undefined)
    return `%{${parameter}} is what the environment variable ${variable} says, which is not set. Set it, or write the path itself.`
  const known = machine.isWindows ? [...EVERYWHERE.filter((name) => !NUMBERS.has(name)), ...FOLDERS.keys()] : EVERYWHERE
  return `Known are ${known.map((name) => `%{${name}}`).join(', ')}. Write the path itself in place of others, or name the file in the options.`
}

function variableOf(parameter: string): string | undefined {
  return parameter === 'TEMP' ? 'TEMP' : FOLDERS.get(parameter)?.variable
}

function valueOf(parameter: string, machine: Machine): string | undefined {
  switch (parameter) {
    case 'uid':
    case 'USERID':
      return machine.uid?.toString()
    case 'euid':
      return machine.euid?.toString()
    case 'username':
      return nameOfUser(machine)
    case 'TEMP':
      return machine.isWindows ? temporaryFolder(machine) : (machine.environment['TMPDIR'] ?? '/tmp')
    case 'null':
      return ''
    default:
      return machine.isWindows ? windowsFolder(parameter, machine) : undefined
  }
}

/** Returns the folder for temporary files on Windows; undefined if the environment names none. */
export function temporaryFolder({ environment }: Machine): string | undefined {
  return windowsPath(environment['TEMP'] || environment['TMP'])
}

/** Returns a folder of Windows by the name of its parameter; undefined if it is not known. */
export function windowsFolder(parameter: string, { environment }: Machine): string | undefined {
  const folder = FOLDERS.get(parameter)
  if (folder === undefined) return undefined
  const path = windowsPath(environment[folder.variable])
  return path === undefined ? undefined : `${path}${folder.below}`
}

/** Returns a path with backslashes, and none at its end. */
function windowsPath(path: string | undefined): string | undefined {
  return path ? path.replaceAll('/', '\\').replace(/\\$/, '') : undefined
}

function nameOfUser(machine: Machine): string | undefined {
  try {
    return machine.username()
  } catch {
    return undefined
  }
}
