import { type Acceptor, type AuthenticationMethod, Identity } from '@s4u/acceptor'
import { createInitiator, sealForwardedCredential } from '@s4u/gssapi'
import { isForwardable, type KdcClient, KdcError, RejectedTokenError } from '@s4u/kdc-client'

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
