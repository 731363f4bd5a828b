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
  /** One of the keys has the version that was asked for. */
  readonly exact: boolean
  readonly keys: readonly Key[]
}

/**
 * An account that can sign in: a name, and its long-term key for the parameters that a KDC names.
 */
export interface SignIn {
  readonly kind: 'sign-in'
  readonly principal: Principal
  /**
   * The keys come from a password that a person chose. What they encrypt can be attacked with a
   * dictionary.
   */
  readonly isGuessable?: true
  /** What the account signs in with, for hints. */
  readonly credentials?: CredentialsUsed
  /** The account has no key of its own. It answers the KDC's question for a one-time password. */
  readonly otp?: OtpAnswering
  /** The encryption types for which there can be a key, best first. */
  readonly etypes: readonly number[]
  /**
   * Returns the key, derived with the salt and the parameters that the KDC named. A keytab has it
   * ready.
   *
   * @throws MissingKeyError
   */
  keyFor(info: EtypeInfo2Entry, kvno?: number): Promise<Key>
  /**
   * Returns the keys that may decrypt a ticket of this type and version, those of the version
   * first.
   */
  keysFor(etype: number, kvno: number | undefined): Promise<KeysForTicket>
  /** Learns the salts and parameters of other encryption types than the one of the sign-in. */
  learn?(info: readonly EtypeInfo2Entry[]): void
  /** Describes the keys of a type, for errors: `web.keytab has versions 3 and 4`. */
  describeKeys?(etype: number): string
  /**
   * Reads the keys again, if they may have changed. Resolves to whether there are other keys now,
   * or another one in place of the refused one.
   */
  reread?(refused?: EtypeInfo2Entry): Promise<boolean>
  /** What is wrong with the source of the keys, although these keys can be used. */
  readonly notice?: Notice | undefined
  /**
   * Makes the key before the newest one current, or the newest one again. Returns false if there is
   * only one.
   */
  switchKey?(etype: number): boolean
}

/**
 * A ticket-granting ticket from a credential cache or from a user. It cannot be replaced by signing
 * in.
 */
export interface ReadyTicket {
  readonly kind: 'ready-ticket'
  readonly principal: Principal
  /**
   * Returns the ticket as it is now. A credential cache is read again.
   *
   * @throws ConfigurationError
   */
  tgt(): Promise<ServiceTicket> | ServiceTicket
  /** What is wrong with the source of the ticket, although the ticket can be used. */
  readonly notice?: Notice | undefined
  /**
   * Returns tickets of this principal for services of this name, in any realm, that the credential
   * cache has.
   */
  ticketsOf?(name: PrincipalName): Promise<readonly ServiceTicket[]>
}

export type Authority = SignIn | ReadyTicket

/** The realms of names that have no realm. */
export interface RealmsOfNames {
  /** The realm that the caller named. */
  readonly realm: string | undefined
  /** The default_realm of krb5.conf. */
  readonly defaultRealm: string | undefined
}

/**
 * Parses the name of an account: `svc-web@AD.TEST`, `HTTP/web.ad.test`, `HTTP@web.ad.test`, or an
 * enterprise name such as `svc.web@corp.example`, which a KDC resolves.
 *
 * @throws MalformedTokenError
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
