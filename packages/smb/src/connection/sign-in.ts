import type { Initiator, InitiatorStep, SecurityContext } from '@s4u/gssapi'
import { RejectedTokenError } from '@s4u/krb5'
import { distrusted } from '../errors.js'
import { addToHash, deriveKeys } from '../protection/derive-keys.js'
import { createSealer } from '../protection/encryption.js'
import { createSigner } from '../protection/signing.js'
import { Command } from '../wire/header.js'
import { Capability } from '../wire/negotiate-message.js'
import { readSessionSetup, SessionFlag, sessionSetupRequest } from '../wire/session-messages.js'
import { meaningOf, Status } from '../wire/status.js'
import type { Agreement, NegotiatedConnection } from './negotiate.js'
import type { Protection, Reply, RequestContext } from './request.js'
import { serverFailed, type ServerAddress, sessionEnded } from '../transport/transport.js'

/** Requests of one sign-in. Kerberos takes one, or two with a mechListMIC. */
const MAX_LEGS = 4

/** Headers and bodies of a chain around the largest data. */
const FRAME_OVERHEAD = 65_536

/** What a sign-in ends with. */
export interface SignedIn {
  readonly protection: Protection
  /** Whether the server wants everything in this session encrypted. */
  readonly encrypts: boolean
  /** The end of the ticket; milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Signs in with a Kerberos ticket, and proves with the first signature that both sides have seen
 * the same negotiation. MS-SMB2 sections 3.2.4.2.3 and 3.2.5.3.1.
 * @param previousSessionId the same user's session on a lost connection, which the server ends
 * @throws RejectedTokenError where the server refuses, makes a guest of the user, or does not sign
 */
export async function signIn(
  { connection, agreement }: NegotiatedConnection,
  initiator: Initiator,
  signal: AbortSignal,
  previousSessionId = 0n,
): Promise<SignedIn> {
  let hash = agreement.preauthenticationHash
  let sessionId = 0n
  const send = async (token: Uint8Array): Promise<Reply> => {
    const keep = (message: Uint8Array): void => void (hash = addToHash(hash, message))
    const [reply] = await connection.exchange([setupRequest(token, previousSessionId)], { sessionId, signal }, keep)
    if (sessionId !== 0n && reply.header.sessionId !== sessionId) throw otherSession()
    sessionId = reply.header.sessionId
    // The final answer is no part of the hash.
    if (reply.status === Status.MORE_PROCESSING_REQUIRED) hash = addToHash(hash, reply.message)
    return reply
  }
  const { reply, context } = await exchangeTokens(initiator, connection.server, send)
  const protection = protectionOf(agreement, context, hash, sessionId)
  requireSigned(reply, protection)
  const { flags } = readSessionSetup(reply.message)
  requireUser(flags)
  connection.protect(protection)
  // Only now: until here anybody may have answered.
  connection.maxFrame = Math.max(agreement.maxRead, agreement.maxTransact) + FRAME_OVERHEAD
  return { protection, encrypts: (flags & SessionFlag.ENCRYPT) !== 0, expiresAt: initiator.expiresAt }
}

/**
 * Signs in once more, with a newer ticket, in a session that goes on: its keys and files stay.
 * MS-SMB2 section 3.2.5.3.2.
 * @returns the end of the new ticket; milliseconds since the epoch
 * @throws FileServerUnreachableError where the server does not have the session any more
 */
export async function signInAgain(
  { connection }: NegotiatedConnection,
  initiator: Initiator,
  context: RequestContext,
): Promise<number> {
  const send = async (token: Uint8Array): Promise<Reply> => {
    const [reply] = await connection.exchange([setupRequest(token)], context)
    if (reply.status === Status.USER_SESSION_DELETED) throw sessionEnded(connection.server)
    return reply
  }
  const { reply } = await exchangeTokens(initiator, connection.server, send)
  requireUser(readSessionSetup(reply.message).flags)
  return initiator.expiresAt
}

const setupRequest = (token: Uint8Array, previousSessionId = 0n) => ({
  command: Command.SESSION_SETUP,
  body: sessionSetupRequest(token, Capability.DFS, previousSessionId),
})

interface Finished {
  /** The final answer, whose signature nobody has verified yet in a new session. */
  readonly reply: Reply
  readonly context: SecurityContext
}

async function exchangeTokens(
  initiator: Initiator,
  server: ServerAddress,
  send: (token: Uint8Array) => Promise<Reply>,
): Promise<Finished> {
  let step: Initiator['step'] | undefined = initiator.step
  let context: SecurityContext | undefined
  let token = initiator.token
  for (let leg = 0; leg < MAX_LEGS; leg++) {
    const reply = await send(token)
    requireProgress(reply, server)
    const isLast = reply.status === Status.SUCCESS
    const received = readSessionSetup(reply.message).token
    if (step !== undefined) {
      const next: InitiatorStep = step(received)
      step = next.status === 'continue' ? next.step : undefined
      context = next.status === 'established' ? next.context : undefined
      token = next.token ?? NOTHING
    }
    if (isLast && context !== undefined) return { reply, context }
    if (isLast || token.length === 0) break
  }
  throw distrusted('GSS_S_DEFECTIVE_TOKEN', 'the sign-in did not come to an end: server and client wait for each other')
}

const NOTHING: Uint8Array = new Uint8Array(0)

function requireProgress({ status }: Reply, server: ServerAddress): void {
  if (status === Status.SUCCESS || status === Status.MORE_PROCESSING_REQUIRED) return
  // This says nothing of the user. Samba says it until it knows that its processes were killed.
  if (status === Status.INTERNAL_ERROR) throw serverFailed(server)
  const { name } = meaningOf(status)
  throw new RejectedTokenError(`the file server refused the sign-in: ${name}`, {
    code: 'STATUS_LOGON_FAILURE',
    status: 502,
    hint: 'It could not open the ticket, or does not let this user in: check that the SPN cifs/HOST belongs to the account that the file server runs as, the clocks, and the log of the server.',
  })
}

function protectionOf(agreement: Agreement, context: SecurityContext, hash: Uint8Array, sessionId: bigint): Protection {
  const { dialect, cipher, signing } = agreement
  const { octets: contextKey } = context.exposeSessionKey()
  const keys = deriveKeys({ dialect, cipher, contextKey, preauthenticationHash: hash })
  contextKey.fill(0)
  const { clientToServer, serverToClient } = keys
  const canSeal = cipher !== undefined && clientToServer !== undefined && serverToClient !== undefined
  return {
    sessionId,
    signer: createSigner(signing, keys.signing),
    sealer: canSeal ? createSealer(cipher, { clientToServer, serverToClient }) : undefined,
  }
}

function requireSigned({ message }: Reply, { signer, sessionId }: Protection): void {
  if (sessionId === 0n) throw otherSession()
  if (signer.verify(message)) return
  throw distrusted(
    'STATUS_INVALID_SIGNATURE',
    'the first signature of the server is missing or wrong',
    'Somebody has changed the negotiation on the way, or the server has made a guest of the user.',
  )
}

function requireUser(flags: number): void {
  if ((flags & (SessionFlag.GUEST | SessionFlag.NULL)) === 0) return
  throw distrusted(
    'STATUS_LOGON_FAILURE',
    'the server has signed the user in as a guest',
    'On Samba set "map to guest = never"; on Windows turn the guest account off.',
  )
}

const otherSession = (): Error => distrusted('STATUS_INVALID_NETWORK_RESPONSE', 'an answer of another session')
