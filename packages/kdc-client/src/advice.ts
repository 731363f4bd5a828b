import type { KdcAnswer } from './errors.js'

/** What is wrong, and the commands that mend it: of Active Directory, Samba and MIT, as far as they have one. */
export interface Advice {
  /** Without its full stop. */
  readonly sentence: string
  readonly commands: readonly [string, ...string[]]
}

/** Whom and what a refusal is about. */
export interface AdviceAbout {
  /** `svc-web@AD.TEST` */
  readonly principal: string
  /** `svc-web`: how directory tools name it. */
  readonly name: string
  readonly target: string
  readonly answer: KdcAnswer
}

/** Advice by the number of a KRB-ERROR, or the name of an NTSTATUS. */
export type AdviceTable = Readonly<Record<string | number, (about: AdviceAbout) => Advice>>

/** `svc-web` of `svc-web@AD.TEST`, for commands */
export function bareName(principal: string): string {
  return nameForCommand(principal).replace(/@[^@]*$/, '')
}

/** Who must be filled in by whoever knows: a user of whom there is only a description. */
export function nameForCommand(user: string): string {
  return user === SOME_USER || user === OWNER_OF_CERTIFICATE ? 'USER' : user
}

/** What users are called in sentences whose names are not known. */
export const SOME_USER = 'the user'
export const OWNER_OF_CERTIFICATE = 'the owner of the certificate'
