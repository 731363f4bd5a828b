import { randomBytes } from 'node:crypto'
import { distrusted } from '../errors.js'
import { addToHash, NO_MESSAGES } from '../protection/derive-keys.js'
import { Command } from '../wire/header.js'
import {
  Capability,
  type Cipher,
  CipherNumber,
  type Dialect,
  DialectNumber,
  isSigning,
  type NegotiateAnswer,
  type NegotiateOffer,
  negotiateRequest,
  readNegotiateAnswer,
  type SigningAlgorithm,
  SigningNumber,
} from '../wire/negotiate-message.js'
import { meaningOf, Status } from '../wire/status.js'
import { Connection } from './connection.js'
import type { Reply } from './request.js'
import { type ServerAddress, Transport } from '../transport/transport.js'

/** What an app permits on its connections, the best first. */
export interface ConnectionRules {
  readonly dialects: readonly Dialect[]
  readonly ciphers: readonly Cipher[]
  readonly signing: readonly SigningAlgorithm[]
  /** How long a connection may say nothing while an answer is awaited; milliseconds. */
  readonly timeLimit: number
}

/** What client and server have agreed upon. */
export interface Agreement {
  readonly offer: NegotiateOffer
  readonly answer: NegotiateAnswer
  readonly dialect: Dialect
  readonly cipher: Cipher | undefined
  readonly signing: SigningAlgorithm
  readonly maxTransact: number
  readonly maxRead: number
  readonly maxWrite: number
  /** Of NEGOTIATE, request and response: where the hash of each session begins. */
  readonly preauthenticationHash: Uint8Array
}

export interface NegotiatedConnection {
  readonly connection: Connection
  readonly agreement: Agreement
}

/**
 * Connects, offers what the rules permit, and checks what the server has chosen of it. MS-SMB2
 * sections 3.2.4.2.2.2 and 3.2.5.2.
 * @param clientGuid that of a lost connection, whose files are to be found again, or a new one
 * @throws FileServerUnreachableError; RejectedTokenError where the server wants something else
 */
export async function openConnection(
  server: ServerAddress,
  rules: ConnectionRules,
  clientGuid: Uint8Array,
  signal: AbortSignal,
): Promise<NegotiatedConnection> {
  const connection = new Connection(server, await Transport.open(server, rules.timeLimit, signal))
  try {
    const agreement = await negotiate(connection, rules, clientGuid, signal)
    connection.isMultiCredit = (agreement.answer.capabilities & Capability.LARGE_MTU) !== 0
    return { connection, agreement }
  } catch (error) {
    connection.close(error instanceof Error ? error : new Error('the negotiation failed'))
    throw error
  }
}

/** The largest data of one request that this client makes, whatever the server takes; octets. */
const MAX_DATA = 8 * 1024 * 1024

/** What each server takes. MS-SMB2 section 3.3.5.4. Octets. */
const MIN_DATA = 65_536

const CAPABILITIES = Capability.DFS | Capability.LEASING | Capability.LARGE_MTU | Capability.ENCRYPTION

async function negotiate(
  connection: Connection,
  rules: ConnectionRules,
  clientGuid: Uint8Array,
  signal: AbortSignal,
): Promise<Agreement> {
  const { dialects, ciphers, signing } = rules
  const offer: NegotiateOffer = {
    dialects,
    ciphers,
    signing,
    // Ciphers are offered to 3.0 by this flag.
    capabilities:
      ciphers.includes('aes-128-ccm') || dialects.includes('3.1.1')
        ? CAPABILITIES
        : CAPABILITIES & ~Capability.ENCRYPTION,
    clientGuid,
    salt: randomBytes(32),
  }
  let request: Uint8Array = new Uint8Array(0)
  const keep = (message: Uint8Array): void => void (request = message)
  const [reply] = await connection.exchange(
    [{ command: Command.NEGOTIATE, body: negotiateRequest(offer) }],
    { signal },
    keep,
  )
  const answer = readAnswer(reply)
  const hash = addToHash(addToHash(NO_MESSAGES, request), reply.message)
  return agreementOf(offer, answer, hash)
}

function readAnswer({ status, message }: Reply): NegotiateAnswer {
  if (status === Status.SUCCESS) return readNegotiateAnswer(message)
  throw distrusted(
    'STATUS_NOT_SUPPORTED',
    `the server refused the negotiation with ${meaningOf(status).name}`,
    'It speaks none of the dialects that the option dialects permits. SMB 1 and 2.0.2 are not supported.',
  )
}

function agreementOf(offer: NegotiateOffer, answer: NegotiateAnswer, hash: Uint8Array): Agreement {
  const dialect = offer.dialects.find((each) => DialectNumber[each] === answer.dialect)
  if (dialect === undefined) {
    throw distrusted(
      'STATUS_DOWNGRADE_DETECTED',
      `the server chose the dialect 0x${answer.dialect.toString(16)}, which was not offered`,
    )
  }
  if (!isSigning(answer)) throw distrusted('STATUS_DOWNGRADE_DETECTED', 'the server does not sign')
  const limit = (octets: number): number => Math.min(octets, MAX_DATA)
  const { maxTransact, maxRead, maxWrite } = answer
  if (Math.min(maxTransact, maxRead, maxWrite) < MIN_DATA) {
    throw distrusted('STATUS_INVALID_NETWORK_RESPONSE', `the server takes less than ${MIN_DATA} octets at once`)
  }
  const isLarge = (answer.capabilities & Capability.LARGE_MTU) !== 0
  return {
    offer,
    answer,
    dialect,
    ...(dialect === '3.1.1' ? chosenOf311(offer, answer) : chosenBefore311(offer, answer, dialect)),
    maxTransact: isLarge ? limit(maxTransact) : MIN_DATA,
    maxRead: isLarge ? limit(maxRead) : MIN_DATA,
    maxWrite: isLarge ? limit(maxWrite) : MIN_DATA,
    preauthenticationHash: hash,
  }
}

const SHA_512 = 1

function chosenOf311(
  offer: NegotiateOffer,
  { hashes, ciphers, signing }: NegotiateAnswer,
): Pick<Agreement, 'cipher' | 'signing'> {
  if (hashes?.length !== 1 || hashes[0] !== SHA_512) {
    throw distrusted('STATUS_DOWNGRADE_DETECTED', 'the server agreed upon no preauthentication integrity with SHA-512')
  }
  const cipher = chosen('cipher', offer.ciphers, CipherNumber, ciphers, true)
  const algorithm = chosen('signing algorithm', offer.signing, SigningNumber, signing, false)
  if (algorithm !== undefined) return { cipher, signing: algorithm }
  requireCmac(offer)
  return { cipher, signing: 'aes-128-cmac' }
}

/** What is chosen without a context that says it: servers of before signing contexts use CMAC. */
function requireCmac({ signing }: NegotiateOffer): void {
  if (signing.includes('aes-128-cmac')) return
  throw distrusted(
    'STATUS_DOWNGRADE_DETECTED',
    'the server signs with AES-128-CMAC, which was not offered',
    "It knows no other way. Add 'aes-128-cmac' to the option signing.",
  )
}

/** The one of ours that the server names. 0 says that it has no such cipher. */
function chosen<T extends string>(
  what: string,
  offered: readonly T[],
  numbers: Readonly<Record<T, number>>,
  named: readonly number[] | undefined,
  mayBeNone: boolean,
): T | undefined {
  if (named === undefined || (mayBeNone && named.length === 1 && named[0] === 0)) return undefined
  const found = offered.find((each) => numbers[each] === named[0])
  if (named.length === 1 && found !== undefined) return found
  throw distrusted(
    'STATUS_DOWNGRADE_DETECTED',
    `the server chose the ${what} ${named.join(', ')}, which was not offered`,
  )
}

function chosenBefore311(
  offer: NegotiateOffer,
  answer: NegotiateAnswer,
  dialect: Dialect,
): Pick<Agreement, 'cipher' | 'signing'> {
  if (dialect === '2.1') return { cipher: undefined, signing: 'hmac-sha256' }
  requireCmac(offer)
  const canEncrypt = (answer.capabilities & Capability.ENCRYPTION) !== 0 && offer.ciphers.includes('aes-128-ccm')
  return { cipher: canEncrypt ? 'aes-128-ccm' : undefined, signing: 'aes-128-cmac' }
}
