import { createDceInitiator } from '@s4u/gssapi'
import { RejectedTokenError, type RpcAssociation, RpcFaultError } from '@s4u/krb5'
import {
  CapabilityLevel,
  decodeAuthenticateKerberos,
  encodeAuthenticateKerberos,
  NetlogonCall,
  NetlogonFlag,
} from '../netlogon/netlogon-calls.js'
import { KerberosSeal } from '../netlogon/kerberos-seal.js'
import { capabilitiesOf, downgraded, requireAgreed } from './channel-refusals.js'
import {
  type ChannelDeps,
  type ChannelSession,
  openConnection,
  type SignedIn,
  type TicketRequest,
} from './channel-session.js'

/** What the form with a ticket needs. */
export type KerberosDeps = ChannelDeps & Required<Pick<ChannelDeps, 'ticket'>>

/**
 * Signs the machine account in with a ticket, and returns the session: no NT hash is needed, and
 * there is no key beside that of the ticket. MS-NRPC section 3.5.4.4.3.
 *
 * @throws RpcFaultError where the controller does not have this form, or cannot open the ticket
 * @throws ConfigurationError where the controller does not take the account
 * @throws RejectedTokenError, NetlogonUnreachableError, MalformedTokenError, and what `ticket`
 * throws
 */
export async function kerberosChannel(deps: KerberosDeps, port: number, signal: AbortSignal): Promise<SignedIn> {
  try {
    return await signInWith(deps, port, signal, false)
  } catch (error) {
    if (!isTicketRefused(error)) throw error
    return await signInWith(deps, port, signal, true)
  }
}

/** Whether a controller says that it has no such call. It is not protected. C706 appendix E. */
export function isUnknownCall(error: unknown): boolean {
  return error instanceof RpcFaultError && error.fault === NCA_OP_RNG_ERROR
}

async function signInWith(deps: KerberosDeps, port: number, signal: AbortSignal, fresh: boolean): Promise<SignedIn> {
  const session = ticketSession(deps, port)
  // The fresh one is in the cache of tickets then.
  if (fresh) await deps.ticket({ signal, fresh })
  const connection = await openConnection(session, deps, signal)
  const { socket, association } = connection
  try {
    await socket.within(signal, () => requireAgreement(association, deps))
  } catch (error) {
    socket.close()
    throw error
  }
  return { session, connection }
}

function ticketSession(deps: KerberosDeps, port: number): ChannelSession {
  const { ticket, now, random } = deps
  const request = (signal: AbortSignal): TicketRequest => ({ signal, fresh: false })
  return {
    form: 'kerberos',
    port,
    protection: async (signal) =>
      new KerberosSeal(createDceInitiator({ ticket: await ticket(request(signal)), now, random })),
    // A controller that was started again has forgotten, so that each association says it.
    admit: (association) => authenticate(association, deps),
  }
}

async function authenticate(association: RpcAssociation, { names }: KerberosDeps): Promise<void> {
  const call = encodeAuthenticateKerberos(names, KERBEROS_FLAGS)
  const { flags, status } = decodeAuthenticateKerberos(await association.call(NetlogonCall.AUTHENTICATE_KERBEROS, call))
  requireAgreed(status, names)
  if ((flags & NetlogonFlag.KERBEROS) === 0) throw downgraded()
}

/** Nobody can have changed what was asked for under the ticket's key; a controller may be wrong. */
async function requireAgreement(association: RpcAssociation, { names }: KerberosDeps): Promise<void> {
  const agreed = await capabilitiesOf(association, names, NO_PROOF, CapabilityLevel.AGREED)
  if ((agreed.capabilities & NetlogonFlag.KERBEROS) === 0) throw downgraded()
  const asked = await capabilitiesOf(association, names, NO_PROOF, CapabilityLevel.REQUESTED)
  if (asked.capabilities !== KERBEROS_FLAGS) throw downgraded()
}

function isTicketRefused(error: unknown): boolean {
  if (error instanceof RejectedTokenError) return error.code === 'KRB_AP_ERR_MODIFIED'
  return error instanceof RpcFaultError && error.code === 'RPC_BIND_REFUSED'
}

const NCA_OP_RNG_ERROR = 0x1c01_0002
/** All that a member of today offers, and that its ticket proves it. */
const KERBEROS_FLAGS = 0xe12f_ffff
/** The association proves who calls, so that authenticators are empty. */
const NO_PROOF = new Uint8Array(12)
