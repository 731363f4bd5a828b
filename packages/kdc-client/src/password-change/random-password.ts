import { platformRandom, type RandomSource } from '@s4u/krb5'

/** Octets of chance: more than anybody can try. */
const PASSWORD_OCTETS = 48

/**
 * Returns a password for an account that no person signs in to: of 68 characters of all kinds, as
 * policies want them.
 *
 * @example
 * ```ts
 * import { randomPassword } from '@s4u/kdc-client'
 *
 * export const newPassword = randomPassword()
 * ```
 */
export function randomPassword(random: RandomSource = platformRandom): string {
  return `${Buffer.from(random(PASSWORD_OCTETS)).toString('base64url')}aA1!`
}
