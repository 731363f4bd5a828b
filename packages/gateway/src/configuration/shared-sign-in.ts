import { Secret } from './options/secret.js'
import type { SignInSettings, SiteSettings } from './gateway-options.js'

/**
 * Returns a text that is equal for sites that may share their users, and with it their sessions:
 * those with the same ways to sign in, also in their secrets. Functions and objects of a program
 * cannot be compared by what they say, so each is like itself alone. The text has secrets; it is
 * for comparison and never shown.
 */
export function sharedSignInKey(ways: readonly SignInSettings[], { origins }: Pick<SiteSettings, 'origins'>): string {
  return JSON.stringify([ways, origins], function (this: Record<string, unknown>, name, value: unknown) {
    // A secret says nothing of itself in JSON: two of them would be one.
    const original = this[name]
    if (original instanceof Secret) return { secret: original.reveal() }
    const isCode = typeof value === 'function' || (typeof value === 'object' && value !== null && 'open' in value)
    return isCode ? numberOf(value) : value
  })
}

const numbers = new WeakMap<object, number>()
let count = 0

function numberOf(value: object): number {
  const number = numbers.get(value) ?? ++count
  numbers.set(value, number)
  return number
}
