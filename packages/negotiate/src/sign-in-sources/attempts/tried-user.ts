import { printableName } from '@s4u/krb5'

const users = new WeakMap<object, string>()

/** No directory has longer names; what is longer is not one, and records must not grow by it. */
const MAX_NAME = 256

/** Notes as whom somebody has tried to sign in, with the refusal that came of it. */
export function noteTriedUser(refusal: unknown, user: string | undefined): void {
  if (typeof refusal !== 'object' || refusal === null || user === undefined || user === '') return
  users.set(refusal, printableName(user.slice(0, MAX_NAME)))
}

/** Returns the name that was typed, as records show it; undefined where a refusal has none. */
export function triedUserOf(refusal: object): string | undefined {
  return users.get(refusal)
}
