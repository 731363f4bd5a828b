import { ConfigurationError, RpcAssociation, RpcFaultError } from '@s4u/krb5'
import {
  CapabilityLevel,
  decodeAuthenticate3,
  decodeChallengeReply,
  encodeAuthenticate3,
  encodeChallengeRequest,
  NETLOGON,
  NetlogonCall,
  NetlogonFlag,
  OFFERED_FLAGS,
} from '../netlogon/netlogon-calls.js'
import {
  Authenticator,
  clientChallenge,
  netlogonCredential,
  netlogonSessionKey,
  requireServerCredential,
} from '../netlogon/netlogon-credentials.js'
import { NetlogonSeal } from '../netlogon/netlogon-seal.js'
import { RpcSocket } from '../netlogon/rpc-socket.js'
import { capabilitiesOf, downgraded, requireAgreed } from './channel-refusals.js'
import { type ChannelDeps, type ChannelSession, openConnection, type SignedIn } from './channel-session.js'
import { inTime } from './in-time.js'

/**
 * Signs the machine account in with its NT hash, and returns the session. MS-NRPC section 3.1.4.1.
 *
 * @throws ConfigurationError where the controller does not take the account
 * @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL where the controller does not know its key
 * @throws NetlogonUnreachableError, MalformedTokenError, RpcFaultError
 */
export async function aesChannel(deps: ChannelDeps, port: number, signal: AbortSignal): Promise<SignedIn> {
  const hash = await inTime(signal, deps.secret(false), SECRET)
  try {
    return await tryKey(hash, port, deps, signal)
  } catch (error) {
    if (!(error instanceof ConfigurationError) || error.code !== 'STATUS_ACCESS_DENIED') throw error
    // The password may have been changed since the keytab was read.
    const other = await inTime(signal, deps.secret(true), SECRET)
    if (other.length === hash.length && other.every((octet, at) => octet === hash[at])) throw error
    return await tryKey(other, port, deps, signal)
  }
}

async function tryKey(hash: Uint8Array, port: number, deps: ChannelDeps, signal: AbortSignal): Promise<SignedIn> {
  const agreed = await agree(hash, port, deps, signal)
  const session = sealedSession(agreed.sessionKey, port, deps)
  const connection = await openConnection(session, deps, signal)
  const { socket, association } = connection
  try {
    await socket.within(signal, () => requireAgreement(association, agreed, deps))
  } catch (error) {
    socket.close()
    throw error
  }
  return { session, connection }
}

function sealedSession(sessionKey: Uint8Array, port: number, { domain, names, random }: ChannelDeps): ChannelSession {
  return {
    form: 'aes',
    port,
    protection: async () => new NetlogonSeal({ sessionKey, domain, computer: names.computer, random }),
    admit: async () => {},
  }
}

async function agree(hash: Uint8Array, port: number, deps: ChannelDeps, signal: AbortSignal): Promise<AesAgreement> {
  const socket = await RpcSocket.open({ host: deps.mapper.host, port }, signal)
  try {
    return await socket.within(signal, () => agreeWith(socket, hash, deps))
  } finally {
    socket.close()
  }
}

async function agreeWith(socket: RpcSocket, hash: Uint8Array, { names, random }: ChannelDeps): Promise<AesAgreement> {
  const association = await RpcAssociation.bind(socket, NETLOGON)
  const client = clientChallenge(random)
  const challenged = await association.call(NetlogonCall.REQUEST_CHALLENGE, encodeChallengeRequest(names, client))
  const { challenge: server, status } = decodeChallengeReply(challenged)
  requireAgreed(status, names)
  const sessionKey = netlogonSessionKey(hash, client, server)
  const credential = netlogonCredential(sessionKey, client)
  const call = encodeAuthenticate3(names, credential, OFFERED_FLAGS)
  const agreed = decodeAuthenticate3(await association.call(NetlogonCall.AUTHENTICATE3, call))
  requireAgreed(agreed.status, names)
  requireServerCredential(sessionKey, client, server, agreed.credential)
  requireAes(agreed.flags)
  return { sessionKey, flags: agreed.flags, authenticator: new Authenticator(sessionKey, credential) }
}

/**
 * Asks under the key what was agreed to, and what we had asked for: an attacker between could have
 * changed either before. Older controllers do not know the second question. MS-NRPC section
 * 3.5.4.4.10.
 */
async function requireAgreement(
  association: RpcAssociation,
  { authenticator, flags }: AesAgreement,
  { names, now }: ChannelDeps,
): Promise<void> {
  const proof = (): Uint8Array => authenticator.next(Math.floor(now() / 1000))
  const agreed = await capabilitiesOf(association, names, proof(), CapabilityLevel.AGREED)
  authenticator.verify(agreed.authenticator)
  if (agreed.capabilities !== flags) throw downgraded()
  try {
    const asked = await capabilitiesOf(association, names, proof(), CapabilityLevel.REQUESTED)
    authenticator.verify(asked.authenticator)
    if (asked.capabilities !== OFFERED_FLAGS) throw downgraded()
  } catch (error) {
    // A forged fault hides what was asked for, and not what was agreed to.
    if (!(error instanceof RpcFaultError)) throw error
  }
}

/** What the controller agreed to, before it is asked again under the key. */
interface AesAgreement {
  readonly sessionKey: Uint8Array
  readonly flags: number
  readonly authenticator: Authenticator
}

function requireAes(flags: number): void {
  if ((flags & NetlogonFlag.AES) === 0 || (flags & NetlogonFlag.SECURE_RPC) === 0) throw downgraded()
}

const SECRET = 'the password of the machine account'
