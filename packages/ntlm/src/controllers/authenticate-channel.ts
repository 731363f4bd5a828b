import { ConfigurationError, RpcAssociation, RpcFaultError, type S4uErrorCode } from '@s4u/krb5'
import { findNetlogonPort } from '../netlogon/endpoint-mapper.js'
import {
  decodeAuthenticate3,
  decodeChallengeReply,
  encodeAuthenticate3,
  encodeChallengeRequest,
  NETLOGON,
  NetlogonCall,
  NetlogonFlag,
  type NetlogonNames,
  OFFERED_FLAGS,
} from '../netlogon/netlogon-calls.js'
import {
  Authenticator,
  clientChallenge,
  netlogonCredential,
  netlogonSessionKey,
  requireServerCredential,
} from '../netlogon/netlogon-credentials.js'
import { type RpcEndpoint, RpcSocket } from '../netlogon/rpc-socket.js'
import { inTime } from './in-time.js'

/** A secure channel that a controller has agreed to. */
export interface ChannelSession {
  readonly port: number
  readonly sessionKey: Uint8Array
  /** What the controller has agreed to; it is asked again under the key. */
  readonly flags: number
  readonly authenticator: Authenticator
}

export interface ChannelDeps {
  /** The endpoint mapper of the controller. */
  readonly mapper: RpcEndpoint
  readonly names: NetlogonNames
  /** The NetBIOS name of the domain. */
  readonly domain: string
  /** Returns the NT hash of the machine account, read again where it was wrong. */
  readonly secret: (isWrong: boolean) => Promise<Uint8Array>
  readonly random: (length: number) => Uint8Array
  readonly now: () => number
  /** How long a sign-in may take; milliseconds. */
  readonly timeLimit: number
}

/**
 * Signs the machine account in, and returns the session. MS-NRPC section 3.1.4.1.
 *
 * @throws ConfigurationError where the controller does not take the account
 * @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL where the controller does not know its key
 * @throws NetlogonUnreachableError, MalformedTokenError, RpcFaultError
 */
export async function authenticateChannel(deps: ChannelDeps, signal: AbortSignal): Promise<ChannelSession> {
  const port = await findNetlogonPort(deps.mapper, signal)
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

async function tryKey(hash: Uint8Array, port: number, deps: ChannelDeps, signal: AbortSignal): Promise<ChannelSession> {
  const socket = await RpcSocket.open({ host: deps.mapper.host, port }, signal)
  try {
    return await socket.within(signal, async () => ({ port, ...(await agreeWith(socket, hash, deps)) }))
  } finally {
    socket.close()
  }
}

async function agreeWith(
  socket: RpcSocket,
  hash: Uint8Array,
  { names, random }: ChannelDeps,
): Promise<Omit<ChannelSession, 'port'>> {
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

/** @throws ConfigurationError */
function requireAgreed(status: number, { computer, server }: NetlogonNames): void {
  if (status === 0) return
  const [code, hint] = REFUSALS[status] ?? ['RPC_FAULT', 'Look for this status of Windows in MS-ERREF section 2.3.1.']
  throw new ConfigurationError(
    `the domain controller ${server} does not take the machine account ${computer}$: 0x${status.toString(16)}`,
    { code, hint },
  )
}

function requireAes(flags: number): void {
  if ((flags & NetlogonFlag.AES) === 0 || (flags & NetlogonFlag.SECURE_RPC) === 0) throw downgraded()
}

/** @throws ConfigurationError STATUS_DOWNGRADE_DETECTED */
export function downgraded(): ConfigurationError {
  return new ConfigurationError('the domain controller agreed to a secure channel without AES, which is not accepted', {
    code: 'STATUS_DOWNGRADE_DETECTED',
    hint: 'Somebody stands between, or the controller is older than Windows Server 2008 R2.',
  })
}

/** Whether a controller says that it does not know the key of a channel. */
export function isForgotten(error: unknown): boolean {
  return error instanceof RpcFaultError
}

const SECRET = 'the password of the machine account'

const REFUSALS: Readonly<Record<number, readonly [S4uErrorCode, string]>> = {
  0xc000_0022: [
    'STATUS_ACCESS_DENIED',
    'The password or the keytab is not that of the machine account (any more): join the machine again, or export its keytab again. Each instance of a service needs a machine account of its own.',
  ],
  0xc000_018b: [
    'STATUS_NO_TRUST_SAM_ACCOUNT',
    'Join the machine to the domain, and name its account: ntlm({ account: { name: … } }).',
  ],
  0xc000_0388: [
    'STATUS_DOWNGRADE_DETECTED',
    'The controller accepts only secure channels that are authenticated by Kerberos: server reject aes schannel. NTLM cannot be used there.',
  ],
}
