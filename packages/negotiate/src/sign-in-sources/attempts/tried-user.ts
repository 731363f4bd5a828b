import { KdcError, RejectedTokenError } from '@s4u/kdc-client'
import { printableName } from '@s4u/krb5'
import { keyOfName, unprovenName } from '../../sign-in/unproven-name.js'
import { userPartOf } from './user-part.js'

const users = new WeakMap<object, string>()

/** No directory has longer names; what is longer is not one, and records must not grow by it. */
const MAX_NAME = 256

/**
 * Names that are remembered as those of an account; the one that was used longest ago goes first.
 */
const MAX_KNOWN = 10_000

/**
 * Notes as whom somebody has tried to sign in. People type their password into the field of the
 * name, so that records have a name only where it is that of an account: the KDC has said so, or
 * somebody has signed in with it here. Of others they have a digest, the same for the same text as
 * long as the process runs.
 */
export class TriedUsers {
  readonly #known = new Set<string>()

  /** Notes that a name is that of an account. */
  exists(user: string | undefined): void {
    if (user === undefined || user === '' || user.length > MAX_NAME) return
    const key = keyOfName(user)
    this.#known.delete(key)
    this.#known.add(key)
    for (const oldest of this.#known) {
      if (this.#known.size <= MAX_KNOWN) return
      this.#known.delete(oldest)
    }
  }

  /** Notes who was tried, with the refusal that came of it. */
  note(refusal: unknown, user: string | undefined): void {
    if (typeof refusal !== 'object' || refusal === null || user === undefined || user === '') return
    if (provesAccount(refusal, user)) this.exists(user)
    const isKnown = user.length <= MAX_NAME && this.#known.has(keyOfName(user))
    users.set(refusal, isKnown ? printableName(user.trim()) : unprovenName(user))
  }
}

/** Returns who was tried, as records show it; undefined where a refusal has nobody. */
export function triedUserOf(refusal: object): string | undefined {
  return users.get(refusal)
}

/** Returns a refusal without the name, where the KDC says that nobody has it; else the same. */
export function withoutUnknownName(error: unknown): unknown {
  if (!(error instanceof KdcError) || error.code !== UNKNOWN) return error
  return new RejectedTokenError('nobody has the name that was typed', {
    code: UNKNOWN,
    hint: 'It is shown nowhere: people type their password into the field of the name.',
  })
}

const UNKNOWN = 'KDC_ERR_C_PRINCIPAL_UNKNOWN'

/** What a KDC says of an account that it has. */
const OF_AN_ACCOUNT: ReadonlySet<string> = new Set([
  ...['KDC_ERR_PREAUTH_FAILED', 'KDC_ERR_KEY_EXPIRED', 'KDC_ERR_CLIENT_REVOKED', 'KDC_ERR_POLICY'],
])

/**
 * The account of the service may be refused as well, which says nothing of the name that was typed.
 */
function provesAccount(refusal: unknown, user: string): boolean {
  if (!(refusal instanceof KdcError) || !OF_AN_ACCOUNT.has(refusal.code)) return false
  return userPartOf(refusal.answer.account).toLowerCase() === userPartOf(user.trim()).toLowerCase()
}
