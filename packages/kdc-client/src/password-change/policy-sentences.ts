import type { PasswordPolicy } from '@s4u/krb5'

/**
 * Returns the password rules of a domain for the user, one sentence each; an empty list if there
 * are no rules.
 */
export function policySentences(policy: PasswordPolicy): readonly string[] {
  const { minimumLength, historyLength, complexity, minimumAge, maximumAge } = policy
  return [
    minimumLength > 0 && `The password must have at least ${counted(minimumLength, 'character')}.`,
    complexity &&
      'It must have characters of three kinds (capital and small letters, digits, others), and no part of the user’s name.',
    historyLength > 0 && `It must be none of the last ${counted(historyLength, 'password')}.`,
    minimumAge > 0 && `It may be changed again after ${duration(minimumAge)}.`,
    maximumAge > 0 && `It must be changed after ${duration(maximumAge)}.`,
  ].filter((sentence) => sentence !== false)
}

function counted(count: number, noun: string): string {
  return count === 1 ? `one ${noun}` : `${count} ${noun}s`
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

/** Returns a duration in the largest unit of which it is a whole number. */
function duration(milliseconds: number): string {
  const [noun, length] = UNITS.find(([, unit]) => milliseconds % unit === 0) ?? ['second', 1_000]
  return counted(Math.ceil(milliseconds / length), noun)
}
