import { ContextFlag, readAuthenticatorChecksum } from '@s4u/gssapi'
import type { AcceptedApReq, AuthenticatorChecksum } from '@s4u/gssapi'
import { openAuthenticator, printableMessage, RejectedTokenError } from '@s4u/krb5'
import type { ApReq, Authenticator, ForwardedTicket, OpenedApReq, OptionTableOf } from '@s4u/krb5'
import type { AcceptorSettings } from '../options/acceptor-settings.js'
import { replyTo } from './ap-reply.js'
import {
  refuseUserToUser,
  requireClock,
  requireSameClient,
  requirePermittedKey,
  requireTicketTime,
  timeOf,
} from '../checks/ap-req-checks.js'
import { readClientCapabilities } from '../checks/client-capabilities.js'
import { requireChannel } from '../checks/channel-binding.js'
import { requireClientAddress } from '../checks/client-address.js'
import type { AcceptorEvents } from '../events/events.js'
import { readForwardedTgt } from './forwarded-tgt.js'
import type { Identity } from '../identity/identity.js'
import { identityOfCaller } from '../ticket/identity-of-ticket.js'
import { replayDigest, ReplayStoreFault, requireFresh } from '../replay/replay-store.js'
import { requireFreshOnce } from '../replay/once-per-request.js'
import type { VerifiedTicket } from '../ticket/verified-ticket.js'

/** What the caller of `accept` knows about the request that carried the token. */
export interface AcceptContext {
  /**
   * The channel bindings of the TLS connection, as `tlsServerEndPoint` and `tlsExporter` of
   * `@s4u/gssapi` make them: one, or one for each binding type.
   */
  readonly channelBindings?: Uint8Array | readonly Uint8Array[]
  /** The address of the client itself, not of a proxy: `10.0.0.1`, `::1`. */
  readonly clientAddress?: string
  /**
   * The request object. Several acceptors with one replay store may read the same request: its
   * token is then no replay.
   */
  readonly request?: object
  /**
   * Returns what to do about a client that comes with another mechanism (`ntlm`, `negoex`), where
   * the app knows more than the usual causes; undefined where it does not.
   */
  readonly hintFor?: (mechanism: string) => string | undefined
}

/** Every name in AcceptContext; other names are refused. */
export const ACCEPT_CONTEXT = {
  channelBindings: 'value',
  clientAddress: 'value',
  request: 'value',
  hintFor: 'function',
} as const satisfies OptionTableOf<AcceptContext>

/** The result of all checks: the caller, and what the answer is made from. */
export interface CheckedApReq {
  readonly identity: Identity
  readonly accepted: AcceptedApReq
  /** What happened to the ticket-granting ticket that the client forwarded, if there was one. */
  readonly forwardedTicket?: 'ignored' | 'kept'
}

/**
 * Checks an AP-REQ whose ticket is open, in the order of RFC 4120 section 3.2.3, and returns the
 * caller's identity. The replay store comes last: a token that is refused anyway takes no room in
 * it.
 *
 * @throws RejectedTokenError, MalformedTokenError
 */
export function acceptApReq(
  apReq: ApReq,
  ticket: VerifiedTicket,
  request: AcceptContext,
  settings: AcceptorSettings,
  events: AcceptorEvents,
): CheckedApReq | Promise<CheckedApReq> {
  const authenticator = openCheckedAuthenticator(apReq, ticket, request, settings)
  const { subkeyEtypes, channelBindingAware } = readClientCapabilities(authenticator)
  const checksum = readAuthenticatorChecksum(authenticator)
  refuseDceStyle(checksum)
  const bound = requireChannel(
    settings.channelBinding,
    checksum.channelBindings,
    channelBindingAware,
    request.channelBindings,
  )
  const forwardedTgt = forwardedTgtOf(checksum, ticket, authenticator, settings)
  const forwardedTicket = checksum.delegation && (forwardedTgt ? 'kept' : 'ignored')
  const { ticket: sealed, encTicketPart, bytes } = ticket.opened
  const opened: OpenedApReq = { ticket: sealed, encTicketPart, bytes, apReq, authenticator }
  const flags = (checksum.flags & ~ContextFlag.CHANNEL_BOUND) | (bound ? ContextFlag.CHANNEL_BOUND : 0)
  const answer = (): CheckedApReq => ({
    accepted: replyTo({ opened, flags, subkeyEtypes, random: settings.random }),
    identity: identityOfCaller(ticket, flags, forwardedTgt),
    forwardedTicket,
  })
  // Only a store outside this process returns a promise.
  const remembered = remember(opened, request, settings, events)
  return remembered === undefined ? answer() : remembered.then(answer)
}

/**
 * Opens the authenticator and checks what authenticator, ticket and connection must have in common.
 */
function openCheckedAuthenticator(
  apReq: ApReq,
  { opened: { encTicketPart } }: VerifiedTicket,
  { clientAddress }: AcceptContext,
  { permits, checkAddresses, clockSkew, now: clock }: AcceptorSettings,
): Authenticator {
  refuseUserToUser(apReq)
  const authenticator = openAuthenticator(apReq, encTicketPart.key)
  requireSameClient(authenticator, encTicketPart)
  if (authenticator.subkey !== undefined) requirePermittedKey(authenticator.subkey, 'subkey', permits)
  if (checkAddresses) requireClientAddress(encTicketPart.caddr, clientAddress)
  const now = clock()
  requireClock(authenticator, now, clockSkew)
  requireTicketTime(encTicketPart, now, clockSkew)
  return authenticator
}

/**
 * Refuses DCE style: three tokens without framing, for DCE RPC. Over HTTP it is an attempt to
 * confuse the server.
 */
function refuseDceStyle({ flags }: AuthenticatorChecksum): void {
  if ((flags & ContextFlag.DCE_STYLE) === 0) return
  throw new RejectedTokenError('the client asks for DCE style, which is for DCE RPC alone', {
    code: 'GSS_S_UNAVAILABLE',
  })
}

function forwardedTgtOf(
  { delegation }: AuthenticatorChecksum,
  { opened, serviceKey }: VerifiedTicket,
  authenticator: Authenticator,
  { useForwardedTickets, permits }: AcceptorSettings,
): ForwardedTicket | undefined {
  if (delegation === undefined || !useForwardedTickets) return undefined
  const tgt = readForwardedTgt(delegation, opened.encTicketPart, authenticator, serviceKey.principal.realm)
  requirePermittedKey(tgt.sessionKey, 'session key of the forwarded ticket', permits)
  return tgt
}

function remember(
  { authenticator, apReq }: OpenedApReq,
  { request }: AcceptContext,
  { replayStore, replayMemory, rememberedFor, acceptWithoutReplayStore }: AcceptorSettings,
  events: AcceptorEvents,
): void | Promise<void> {
  if (replayStore === undefined) return
  const expiresAt = authenticator.ctime + rememberedFor
  const onFault = (error: unknown): void => {
    if (!(error instanceof ReplayStoreFault)) throw error
    const accepted = error.fault === 'down' && acceptWithoutReplayStore
    if (error.fault === 'full') events.publish({ kind: 'replay-cache-full' })
    else events.publish({ kind: 'replay-store-down', accepted, message: printableMessage(error.cause) })
    if (!accepted) throw error.toRejection()
  }
  try {
    const digest = replayDigest(apReq.authenticator)
    // To the millisecond: a store that has just started would refuse what was made in its second.
    const issuedAt = timeOf(authenticator)
    const answer =
      request === undefined
        ? requireFresh(replayStore, digest, expiresAt, issuedAt)
        : requireFreshOnce(request, replayMemory, replayStore, digest, expiresAt, issuedAt)
    return answer?.catch(onFault)
  } catch (error) {
    return onFault(error)
  }
}
