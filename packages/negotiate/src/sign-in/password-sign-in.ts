import { type Acceptor, type AuthenticationMethod, Identity } from '@s4u/acceptor'
import { createInitiator, sealForwardedCredential } from '@s4u/gssapi'
import {
  ConfigurationError,
  isForwardable,
  type KdcClient,
  KdcError,
  type OneTimePassword,
  RejectedTokenError,
} from '@s4u/kdc-client'

/**
 * A user, as in `identityFor`, and the password that was typed into a form or came with Basic. It
 * is used once, and not kept.
 */
export interface PasswordSubject {
  readonly user: string
  readonly password: string
  /**
   * Takes its place at the KDC where the password has expired or must be changed, and is used for
   * nothing else: one that is good stays as it is. See `changePassword` of `@s4u/kdc-client`.
   */
  readonly newPassword?: string
}

/**
 * A user, and the one-time password that a token shows; with `password` where the KDC wants that
 * too, or the PIN of the token. It is used once, and goes to the KDC in armor alone.
 */
export interface OtpSubject {
  readonly user: string
  readonly otp: OneTimePassword
  readonly password?: string
}

export type SecretSubject = PasswordSubject | OtpSubject

/** @throws ConfigurationError when they are no texts: `null` is not the password "null" */
export function isSecretSubject(subject: unknown): subject is SecretSubject {
  if (typeof subject !== 'object' || subject === null || !('password' in subject || 'otp' in subject)) return false
  const isUser = 'user' in subject && typeof subject.user === 'string'
  const isPassword = 'password' in subject ? typeof subject.password === 'string' : true
  const isOtp = 'otp' in subject ? typeof subject.otp === 'string' || typeof subject.otp === 'function' : true
  const isNewOne = !('newPassword' in subject) || ['string', 'undefined'].includes(typeof subject.newPassword)
  if (isUser && isPassword && isOtp && isNewOne) return true
  throw new ConfigurationError('identityFor: user, password and otp must be texts', {
    hint: 'Refuse a form that leaves one out, or sends something else.',
  })
}

export interface PasswordSignIn {
  readonly method: AuthenticationMethod
  readonly now: () => number
  readonly signal?: AbortSignal
  /**
   * Whether the user's ticket-granting ticket is kept with the identity:
   * `delegation.forwardedTickets`.
   */
  readonly keepsTgt: boolean
}

/**
 * What a KDC says of the user or the password. It is the user's to mend: 401, where such an answer
 * to the service's own sign-in is the operator's. RFC 4120 section 7.5.9.
 */
const ABOUT_THE_USER: ReadonlySet<string> = new Set([
  'KDC_ERR_NAME_EXP',
  'KDC_ERR_C_PRINCIPAL_UNKNOWN',
  'KDC_ERR_POLICY',
  'KDC_ERR_CLIENT_REVOKED',
  'KDC_ERR_CLIENT_NOTYET',
  'KDC_ERR_KEY_EXPIRED',
  'KDC_ERR_PREAUTH_FAILED',
])

/** Ties the token to the acceptor that is handed it here: it never leaves the process. */
const CHANNEL: Uint8Array = new TextEncoder().encode('s4u-password-sign-in')

/**
 * Signs the user in, and lets the user's ticket to this service be judged like that of any caller.
 * A KDC's word alone is worth nothing: whoever sits in its place on the network can choose the
 * password that an AS-REP is sealed with. But nobody else can seal a ticket with the service's key,
 * and only the token proves that its session key is the one that we were told, and the ticket not
 * one that was seen on the wire.
 *
 * That ticket is the evidence with which the service acts as the user, where the directory lets it.
 * The password would be worth more: a ticket-granting ticket, with which no list of the directory
 * holds. It is kept only where the app says so.
 *
 * @param client of the user, made with the password
 * @throws KdcError (wrong password, disabled, expired …), KdcUnreachableError, RejectedTokenError
 */
export async function signInWithPassword(
  acceptor: Acceptor,
  client: KdcClient,
  { method, now, signal, keepsTgt }: PasswordSignIn,
): Promise<Identity> {
  await acceptor.ready()
  // With keys of several realms, the user's own KDC is the one to ask: no other may name its users.
  const { principals } = acceptor
  const self = principals.find((name) => name.endsWith(`@${client.realm}`)) ?? principals[0]
  const ticket = await client.ticketFor(self, { signal }).catch(blameUser)
  // Of users who must not be delegated the directory lets nothing be forwarded, and then nothing
  // is.
  const tgt = keepsTgt && isForwardable(ticket) ? await client.forwardedTgt({ signal }) : undefined
  const delegate = tgt && sealForwardedCredential(tgt, ticket.sessionKey)
  const { token } = createInitiator({ ticket, delegate, now, channelBindings: CHANNEL })
  const outcome = await acceptor.accept(token, { channelBindings: CHANNEL })
  if (outcome.status === 'accepted') return authenticatedBy(method, outcome.identity)
  const cause = outcome.status === 'refused' ? outcome.error : undefined
  throw cause === undefined || cause instanceof RejectedTokenError ? notTheKdc(client.principal, cause) : cause
}

function blameUser(error: unknown): never {
  if (error instanceof KdcError && ABOUT_THE_USER.has(error.code)) error.status = 401
  throw error
}

function authenticatedBy(authenticationMethod: AuthenticationMethod, identity: Identity): Identity {
  const { principal, name, localName, realm, impersonationLevel, expiresAt, pac, evidence } = identity
  const groupsUnknown = identity.groupsUnknown ?? false
  const whose = { principal, name, localName, realm, expiresAt, pac, evidence }
  return new Identity({ ...whose, groupsUnknown, authenticationMethod, impersonationLevel })
}

function notTheKdc(user: string, cause: RejectedTokenError | undefined): RejectedTokenError {
  return new RejectedTokenError(`the sign-in of ${user} was answered by a KDC that this service cannot believe`, {
    code: cause?.code ?? 'KRB_AP_ERR_MODIFIED',
    hint: 'Somebody else may have answered in its place, or the keytab of this service is out of date: see the cause.',
    cause,
    status: 502,
  })
}
