import { type Acceptor, type AuthenticationMethod, Identity } from '@s4u/acceptor'
import { createInitiator, sealForwardedCredential } from '@s4u/gssapi'
import { isForwardable, type KdcClient, KdcError, RejectedTokenError } from '@s4u/kdc-client'

export interface PasswordSignIn {
  readonly method: AuthenticationMethod
  readonly now: () => number
  readonly signal?: AbortSignal
  /**
   * Whether the user's ticket-granting ticket is kept with the identity: see
   * `delegation.forwardedTickets`.
   */
  readonly keepsTgt: boolean
}

/**
 * Answers of a KDC about the user or the password. They are a 401, since the user can act on them;
 * the same answers to the service's own sign-in are for the operator. RFC 4120 section 7.5.9.
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

/** Ties the token to this acceptor: the token never leaves the process. */
const CHANNEL: Uint8Array = new TextEncoder().encode('s4u-password-sign-in')

/**
 * Signs the user in, and lets the acceptor judge the user's ticket to this service like that of any
 * caller. A KDC's answer alone proves nothing: an attacker in the KDC's place on the network can
 * choose the password that an AS-REP is sealed with. But an attacker cannot seal a ticket with the
 * service's key. The token proves that the ticket has the session key that the KDC told us, and
 * that the ticket is not another one that was seen on the wire.
 *
 * That ticket is the evidence with which the service acts as the user, where the directory allows
 * it. The password could get a ticket-granting ticket, which no list of the directory limits; it is
 * kept only where the app says so.
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
  // With keys of several realms, only the user's own KDC may name its users, so that one is asked.
  const { principals } = acceptor
  const self = principals.find((name) => name.endsWith(`@${client.realm}`)) ?? principals[0]
  const ticket = await client.ticketFor(self, { signal }).catch(blameUser)
  // The directory gives no forwardable ticket of users who must not be delegated: nothing is
  // forwarded.
  const tgt = keepsTgt && isForwardable(ticket) ? await client.tgtToForward({ signal }) : undefined
  const delegate = tgt && sealForwardedCredential(tgt, ticket.sessionKey)
  const { token } = createInitiator({ ticket, delegate, now, channelBindings: CHANNEL })
  const outcome = await acceptor.accept(token, { channelBindings: CHANNEL })
  if (outcome.status === 'accepted') return authenticatedBy(method, outcome.identity)
  const cause = outcome.status === 'refused' ? outcome.error : undefined
  throw cause === undefined || cause instanceof RejectedTokenError ? notTheKdc(client.principal, cause) : cause
}

function blameUser(error: unknown): never {
  if (error instanceof KdcError && ABOUT_THE_USER.has(error.code)) error.status = 401
  // A KDC that wants no pre-authentication does not notice the wrong password itself.
  if (error instanceof RejectedTokenError && error.code === 'KDC_ERR_PREAUTH_FAILED') error.status = 401
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
