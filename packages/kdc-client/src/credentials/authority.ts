import type { CredentialsUsed } from '../advice/advice.js'
import {
  asciiUpper,
  type EtypeInfo2Entry,
  hostBasedService,
  type Key,
  NameType,
  type Notice,
  parsePrincipal,
  type Principal,
  type PrincipalName,
} from '@s4u/krb5'
import type { OtpAnswering } from '../otp/otp-answering.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

export interface KeysForTicket {
  /** Whether the version is among them. */
  readonly exact: boolean
  readonly keys: readonly Key[]
}

/** Something that can sign in: a name, and its long-term key for what the KDC names. */
export interface SignIn {
  readonly kind: 'sign-in'
  readonly principal: Principal
  /** The keys come from what people can remember: what they seal can be tried with a dictionary. */
  readonly isGuessable?: true
  /** For hints. */
  readonly credentials?: CredentialsUsed
  /** It has no key of its own, but answers the KDC's question for a one-time password. */
  readonly otp?: OtpAnswering
  /** Encryption types there can be a key for, best first. */
  readonly etypes: readonly number[]
  /**
   * The key, derived with what the KDC said of salt and parameters; a keytab has it ready. @throws
   * MissingKeyError
   */
  keyFor(info: EtypeInfo2Entry, kvno?: number): Promise<Key>
  /** Keys that may open a ticket of this type and version: those of the version first. */
  keysFor(etype: number, kvno: number | undefined): Promise<KeysForTicket>
  /** What a KDC says of salts and parameters of other types than the one that is signed in with. */
  learn?(info: readonly EtypeInfo2Entry[]): void
  /** What there is in the way of keys of a type, for errors: `web.keytab has versions 3 and 4`. */
  describeKeys?(etype: number): string
  /**
   * Reads the keys again, where they may have changed: whether there are others now, or another one
   * in place of a refused one.
   */
  reread?(refused?: EtypeInfo2Entry): Promise<boolean>
  /** What was wrong with where the keys are from, and keeps none of these from being used. */
  readonly notice?: Notice | undefined
  /**
   * Makes the version before the newest key current, or the newest again. False when there is only
   * one.
   */
  switchKey?(etype: number): boolean
}

/** A ticket-granting ticket from elsewhere, which cannot be had anew by signing in. */
export interface ReadyTicket {
  readonly kind: 'ready-ticket'
  readonly principal: Principal
  /**
   * The ticket as it is now. Read anew, where there is something to read. @throws
   * ConfigurationError
   */
  tgt(): Promise<ServiceTicket> | ServiceTicket
  /** What was wrong with where it is from, and does not keep it from being used. */
  readonly notice?: Notice | undefined
  /**
   * Tickets of this principal for services of this name, of any realm, that are at hand beside it.
   */
  ticketsOf?(name: PrincipalName): Promise<readonly ServiceTicket[]>
}

export type Authority = SignIn | ReadyTicket

/** Of which realm a name is that does not say it. */
export interface RealmsOfNames {
  /** The caller's word. */
  readonly realm: string | undefined
  /** That of the krb5.conf. */
  readonly defaultRealm: string | undefined
}

/**
 * `svc-web@AD.TEST`, `HTTP/web.ad.test` or `HTTP@web.ad.test`, or as an enterprise name
 * `svc.web@corp.example` of a realm that is to resolve it. @throws MalformedTokenError
 */
export function parseSignInName(name: string, realm: string | undefined, enterprise: boolean | undefined): Principal {
  if (enterprise) {
    const suffix = name.slice(name.lastIndexOf('@') + 1)
    return { name: { nameType: NameType.ENTERPRISE, nameString: [name] }, realm: realm ?? asciiUpper(suffix) }
  }
  const spn = hostBasedService(name)
  const isAccount = spn === undefined || name.slice(name.indexOf('@') + 1) === realm
  return parsePrincipal(isAccount ? name : spn, realm === undefined ? {} : { realm })
}
