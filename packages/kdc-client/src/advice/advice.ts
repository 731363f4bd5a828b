import type { DirectorySetting } from '../errors/directory-setting.js'
import type { KdcAnswer } from '../errors/kdc-answer.js'
import { OWNER_OF_CERTIFICATE } from '../tickets/s4u-user.js'

/** The account and the target that a refusal is about. */
export interface AdviceAbout {
  /** The account with its realm: `svc-web@AD.TEST`. */
  readonly principal: string
  /** The account as directory tools name it: `svc-web`. */
  readonly name: string
  readonly target: string
  readonly answer: KdcAnswer
  readonly facts: RequestFacts
}

/** What the client knows about its request, in addition to what the KDC says about it. */
export interface RequestFacts {
  /** The credentials of the account that asks. */
  readonly credentials?: CredentialsUsed
  /** The encryption types that were offered. */
  readonly etypes?: readonly number[]
  /** How many keys the KDC was shown, of those of a keytab. */
  readonly keysShown?: number
  /** The realm whose KDC has answered, if it is not that of the account. */
  readonly askedRealm?: string
  /** Returns the realm as krb5.conf spells it, if that spelling differs only in letter case. */
  readonly otherSpelling?: (realm: string) => string | undefined
}

export type CredentialsUsed =
  | { readonly kind: 'password' }
  /** `file` is the path of the keytab, if it is a file. */
  | { readonly kind: 'keytab'; readonly file?: string }

/**
 * Functions that say what is wrong, in a whole sentence, and which setting changes it. The keys of
 * the table are numbers of a KRB-ERROR, or names of an NTSTATUS.
 */
export type AdviceTable = Readonly<Record<string | number, (about: AdviceAbout) => DirectorySetting>>

/** Returns the name without its realm, for commands: `svc-web` for `svc-web@AD.TEST`. */
export function bareName(principal: string): string {
  return nameForCommand(principal).replace(/@[^@]*$/, '')
}

/** Returns the realm of a principal: `AD.TEST` for `svc-web@AD.TEST`. */
export function realmOf(principal: string): string {
  return principal.slice(principal.lastIndexOf('@') + 1)
}

/**
 * Returns the name for a command. If the user is known only by a description, the reader has to
 * fill in the name.
 */
export function nameForCommand(user: string): string {
  return user === SOME_USER || user === OWNER_OF_CERTIFICATE ? 'USER' : user
}

/** The words for a user whose name is not known. */
export const SOME_USER = 'the user'
