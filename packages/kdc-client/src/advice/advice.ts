import type { DirectorySetting } from '../errors/directory-setting.js'
import type { KdcAnswer } from '../errors/kdc-answer.js'
import { OWNER_OF_CERTIFICATE } from '../tickets/s4u-user.js'

/** Whom and what a refusal is about. */
export interface AdviceAbout {
  /** `svc-web@AD.TEST` */
  readonly principal: string
  /** `svc-web`: how directory tools name it. */
  readonly name: string
  readonly target: string
  readonly answer: KdcAnswer
  readonly facts: RequestFacts
}

/** What the client knows of its request beside what the KDC says of it. */
export interface RequestFacts {
  /** With what the account signs in that asks. */
  readonly credentials?: CredentialsUsed
  /** Encryption types that were offered. */
  readonly etypes?: readonly number[]
  /** The realm whose KDC has answered, where that is not the one of the account. */
  readonly askedRealm?: string
  /** The same realm as krb5.conf spells it, where only letter case differs. */
  readonly otherSpelling?: (realm: string) => string | undefined
}

export type CredentialsUsed =
  | { readonly kind: 'password' }
  /** `file`: its path, where it is a file. */
  | { readonly kind: 'keytab'; readonly file?: string }

/** What is wrong, with its full stop, and what mends it. By the number of a KRB-ERROR, or the name of an NTSTATUS. */
export type AdviceTable = Readonly<Record<string | number, (about: AdviceAbout) => DirectorySetting>>

/** `svc-web` of `svc-web@AD.TEST`, for commands */
export function bareName(principal: string): string {
  return nameForCommand(principal).replace(/@[^@]*$/, '')
}

/** `AD.TEST` of `svc-web@AD.TEST` */
export function realmOf(principal: string): string {
  return principal.slice(principal.lastIndexOf('@') + 1)
}

/** Who must be filled in by whoever knows: a user of whom there is only a description. */
export function nameForCommand(user: string): string {
  return user === SOME_USER || user === OWNER_OF_CERTIFICATE ? 'USER' : user
}

/** What users are called in sentences whose names are not known. */
export const SOME_USER = 'the user'
