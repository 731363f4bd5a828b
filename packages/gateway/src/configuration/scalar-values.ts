import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { shownInput, shownPath } from '@s4u/krb5'
import type { ConfigReader } from './config-reader.js'
import type { NumberKind, TextKind } from './options/option-kinds.js'
import { Secret } from './options/secret.js'

export function readText({ form }: TextKind, given: unknown, at: ConfigReader): string | undefined {
  if (typeof given !== 'string') return at.refuse(`must be a text, not ${shownInput(given)}`)
  if (given === '' || /\p{Cc}/u.test(given)) return at.refuse('must be a text without control characters, not empty')
  if (form && !form.pattern.test(given)) return at.refuse(`must be ${form.called}, not ${shownInput(given)}`)
  return given
}

export function readNumber({ least, most }: NumberKind, given: unknown, at: ConfigReader): number | undefined {
  if (typeof given === 'number' && Number.isInteger(given) && given >= least && given <= most) return given
  return at.refuse(`must be a whole number from ${least} to ${most}, not ${shownInput(given)}`)
}

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Timers of Node take no more: 24 days. */
const LONGEST = 2 ** 31 - 1

export function readDuration(given: unknown, at: ConfigReader): number | undefined {
  const value = withUnit(given, /^(\d{1,12})\s?(ms|s|m|h|d)$/, MILLISECONDS)
  if (value !== undefined && value > 0 && value <= LONGEST) return value
  return at.refuse(`must be milliseconds, or a text such as 30s, 5m or 8h, up to 24d; not ${shownInput(given)}`)
}

const OCTETS: Readonly<Record<string, number>> = { KB: 1_024, MB: 1_024 ** 2, GB: 1_024 ** 3 }

export function readSize(given: unknown, at: ConfigReader): number | undefined {
  const value = withUnit(given, /^(\d{1,12})\s?(KB|MB|GB)$/, OCTETS)
  if (value !== undefined && value > 0 && Number.isSafeInteger(value)) return value
  return at.refuse(`must be octets, or a text such as 64KB or 10MB; not ${shownInput(given)}`)
}

function withUnit(given: unknown, form: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof given === 'number') return Number.isInteger(given) ? given : undefined
  const [, digits, unit] = (typeof given === 'string' && form.exec(given)) || []
  return unit === undefined ? undefined : Number(digits) * units[unit]
}

export function readFile(given: unknown, at: ConfigReader): string | undefined {
  if (typeof given !== 'string' || given === '' || given.includes('\0'))
    return at.refuse(`must be the path of a file, not ${shownInput(given)}`)
  const path = isAbsolute(given) ? given : resolve(at.source.folder, given)
  try {
    accessSync(path, constants.R_OK)
    if (!statSync(path).isDirectory()) return path
  } catch {
    return at.refuse(`names a file that cannot be read: ${shownPath(path)}`)
  }
  return at.refuse(`names a folder, where a file is needed: ${shownPath(path)}`)
}

export function readUrl(given: unknown, at: ConfigReader): URL | undefined {
  const text = given instanceof URL ? given.href : given
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  const isPlain =
    url !== undefined && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (isPlain && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  return at.refuse(
    `must be a URL such as https://orders.ad.test, without user, query and fragment; not ${shownInput(text)}`,
  )
}

/** A secret in a file of configuration ends in backups, tickets and repositories. */
export function readSecret(given: unknown, at: ConfigReader): Secret | undefined {
  if (typeof given === 'string')
    return at.isFile
      ? at.refuse('must not be in the file itself: write { env: NAME } or { file: PATH }')
      : secretOf(given, at)
  const [[where, name] = [], ...others] = typeof given === 'object' && given !== null ? Object.entries(given) : []
  if (typeof name !== 'string' || others.length > 0) return at.refuse('must be { env: NAME } or { file: PATH }')
  if (where === 'env') {
    const value = at.source.environment[name]
    return value === undefined
      ? at.refuse(`names a variable that is not set: ${shownVariable(name)}`)
      : secretOf(value, at)
  }
  if (where !== 'file') return at.refuse('must be { env: NAME } or { file: PATH }')
  const path = readFile(name, at)
  return path === undefined ? undefined : secretOf(readFileSync(path, 'utf8').replace(/\r?\n$/, ''), at)
}

/**
 * The name of a variable is no secret. What does not look like one may be the secret itself,
 * written in the wrong place.
 */
function shownVariable(name: string): string {
  return /^[A-Z_][A-Z\d_]{0,63}$/.test(name) && !/[\dA-F]{32}/.test(name) ? name : shownInput(name)
}

function secretOf(value: string, at: ConfigReader): Secret | undefined {
  return value === '' ? at.refuse('is an empty secret') : new Secret(value)
}
