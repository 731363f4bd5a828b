/**
 * Checks the types of options, because a wrong type would do harm later. A time limit that is a
 * text would end each exchange at once. A Map of KDCs would name no KDC, and DNS would be asked
 * instead.
 */

import { ConfigurationError, shownInput } from '@s4u/krb5'

/** @throws ConfigurationError */
export function requireMilliseconds(name: string, value: unknown, least: number, most: number): void {
  if (value === undefined || (typeof value === 'number' && value >= least && value <= most)) return
  throw new ConfigurationError(
    `${name} is ${shownInput(value)}, not a number of milliseconds from ${least} to ${most}`,
    {
      hint: `Write ${name}: ${Math.min(most, 10_000)} for ${Math.min(most, 10_000) / 1000} seconds, or leave it out.`,
    },
  )
}

/** @throws ConfigurationError */
export function requireText(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'string') return
  throw new ConfigurationError(`${name} must be a text, not ${shownInput(value)}`)
}

/** @throws ConfigurationError */
export function requireNumbers(name: string, value: unknown): void {
  if (Array.isArray(value) && value.every((one) => Number.isInteger(one))) return
  throw new ConfigurationError(`${name} must be a list of numbers, not ${shownInput(value)}`, {
    hint: 'Numbers of encryption types, best first: [18, 17].',
  })
}

/**
 * Accepts plain objects only: a Map has no names.
 *
 * @throws ConfigurationError
 */
export function requireKdcLocation(value: unknown, name: 'kdc' | 'kpasswd' = 'kdc'): void {
  if (value === undefined || typeof value === 'function' || isTextOrTexts(value)) return
  if (isPlainObject(value) && Object.values(value).every(isTextOrTexts)) return
  throw new ConfigurationError(`${name} must be an address, a list of them, either by realm, or a function`, {
    hint: `Write ${name}: 'kdc1.ad.test', or { 'AD.TEST': ['kdc1.ad.test', 'kdc2.ad.test'] }.`,
  })
}

/** @throws ConfigurationError */
export function requireDomains(value: unknown): void {
  if (value === undefined) return
  if (isPlainObject(value) && Object.values(value).every((one) => typeof one === 'string')) return
  throw new ConfigurationError('domains must be an object with NetBIOS names and realms', {
    hint: "Write domains: { CORP: 'CORP.TEST' }.",
  })
}

function isTextOrTexts(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
}

function isPlainObject(value: unknown): value is object {
  return Object.prototype.toString.call(value) === '[object Object]'
}
