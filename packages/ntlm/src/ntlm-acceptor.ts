import type { MechListSigner } from '@s4u/gssapi'
import { asciiLower, ByteReader, RejectedTokenError } from '@s4u/krb5'
import type { DomainControllers } from './controllers/domain-controllers.js'
import { refusalOf } from './logon-status.js'
import { type AuthenticateMessage, decodeAuthenticateMessage } from './messages/authenticate-message.js'
import { readAvPairs } from './messages/av-pairs.js'
import { encodeChallengeMessage, targetInfoOf } from './messages/challenge-message.js'
import { decodeNegotiateMessage } from './messages/negotiate-message.js'
import { challengeFlags } from './messages/ntlm-flags.js'
import type { ValidationInfo } from './netlogon/validation-info.js'
import { believedLogon, type NtlmLogon } from './ntlm-logon.js'
import type { NtlmSettings } from './ntlm-options.js'
import { isIntact } from './response/message-integrity-code.js'
import { mechListSigner } from './response/mech-list-signer.js'
import { exportedSessionKey } from './response/ntlmv2-keys.js'
import { type CheckedResponse, checkResponse } from './response/response-checks.js'

/** What is known of the connection that a response came over. */
export interface NtlmContext {
  /** The application data of its channel bindings (RFC 5929). Default: none, as without TLS. */
  readonly channelBindings?: readonly Uint8Array[]
}

/** A response that fits its challenge. Whether its maker knows the password is not known yet. */
export interface NtlmClaim {
  /** The user and the domain as the client wrote them: nothing has proved them. */
  readonly user: string
  readonly domain: string
  /**
   * Asks a domain controller.
   *
   * @param confirm is given what signs lists of mechanisms with the key of the handshake, where
   * the messages were inside of SPNEGO; what it throws refuses the user
   * @throws RejectedTokenError where the controller refuses the user; ConfigurationError where it
   * refuses us; NetlogonUnreachableError
   */
  verify(confirm?: (signer: MechListSigner) => void): Promise<NtlmLogon>
}

/** Accepts NTLM of version 2 on the word of a domain controller. */
export interface NtlmAcceptor {
  /**
   * Answers a NEGOTIATE_MESSAGE with a challenge, which belongs to this connection, serves once,
   * and lives for a minute. A challenge before it is forgotten.
   * @throws MalformedTokenError
   */
  challenge(negotiate: Uint8Array, connection: object): Uint8Array
  /**
   * Compares an AUTHENTICATE_MESSAGE with the challenge of its connection, which is used up.
   * @throws RejectedTokenError, MalformedTokenError
   */
  open(authenticate: Uint8Array, connection: object, context?: NtlmContext): NtlmClaim
  /** Signs the machine account in. @throws ConfigurationError, NetlogonUnreachableError */
  ready(): Promise<void>
  close(): void
}

/** What is remembered of a connection between two messages. */
interface Handshake {
  readonly negotiate: Uint8Array
  readonly challenge: Uint8Array
  readonly serverChallenge: Uint8Array
  readonly targetPairs: ReadonlyMap<number, Uint8Array>
  readonly begunAt: number
}

export interface NtlmAcceptorDeps {
  readonly settings: NtlmSettings
  readonly controllers: DomainControllers
  readonly now: () => number
  readonly random: (length: number) => Uint8Array
}

export class ControllerJudgedAcceptor implements NtlmAcceptor {
  readonly #deps: NtlmAcceptorDeps
  /** What a connection holds goes with it. */
  readonly #handshakes = new WeakMap<object, Handshake>()

  constructor(deps: NtlmAcceptorDeps) {
    this.#deps = deps
  }

  challenge(negotiate: Uint8Array, connection: object): Uint8Array {
    const { settings, now, random } = this.#deps
    this.#handshakes.delete(connection)
    const offered = decodeNegotiateMessage(negotiate)
    const { domain, dnsDomain, computer } = settings
    const names = { domain, dnsDomain, computer, dnsComputer: asciiLower(`${computer}.${dnsDomain}`) }
    const targetInfo = targetInfoOf(names, now())
    const serverChallenge = random(8)
    const flags = challengeFlags(offered.flags)
    const challenge = encodeChallengeMessage({ flags, serverChallenge, targetInfo }, domain)
    const targetPairs = readAvPairs(new ByteReader(targetInfo, 'NTLM.CHALLENGE.TargetInfo'))
    const begun = { challenge, serverChallenge, targetPairs, begunAt: now() }
    this.#handshakes.set(connection, { negotiate: offered.octets, ...begun })
    return challenge
  }

  open(authenticate: Uint8Array, connection: object, { channelBindings = [] }: NtlmContext = {}): NtlmClaim {
    const { settings, now } = this.#deps
    const handshake = this.#handshakes.get(connection)
    // Before anything is read of the message: no challenge serves a second try.
    this.#handshakes.delete(connection)
    if (handshake === undefined) throw notUnderWay()
    if (now() - handshake.begunAt > LIFETIME || now() < handshake.begunAt) throw tooLate()
    const message = decodeAuthenticateMessage(authenticate)
    const { hosts, targetName, channelBinding, mic } = settings
    const policy = { hosts, targetName, channelBinding, mic }
    const expected = { ...policy, targetPairs: handshake.targetPairs, now: now(), bindings: channelBindings }
    const response = checkResponse(message, expected)
    if (isOurAccount(message.user, settings)) throw reflected()
    const { user, domain } = message
    return { user, domain, verify: (confirm) => this.#verify({ message, response, handshake }, confirm) }
  }

  async ready(): Promise<void> {
    await this.#deps.controllers.ready()
  }

  close(): void {
    this.#deps.controllers.close()
  }

  async #verify(answered: Answered, confirm?: (signer: MechListSigner) => void): Promise<NtlmLogon> {
    const { settings, controllers } = this.#deps
    const { user, domain, workstation, ntResponse } = answered.message
    const { serverChallenge } = answered.handshake
    const reply = await controllers.logon({ user, domain, workstation, ntResponse, serverChallenge })
    if (reply.info === undefined) throw refusalOf(reply, user)
    const key = keyOf(reply.info, answered.message)
    try {
      requireIntegrity(key, answered)
      const { domain: own, domainSid: ownSid, trusted } = settings
      const logon = believedLogon(reply.info, { own, ownSid, trusted })
      confirm?.(mechListSigner(key, answered.message.flags, answered.response.hasMic))
      return logon
    } finally {
      key.fill(0)
    }
  }
}

/** A response, with what it answers. */
interface Answered {
  readonly message: AuthenticateMessage
  readonly response: CheckedResponse
  readonly handshake: Handshake
}

/**
 * Returns ExportedSessionKey, and wipes what it is made of. Only the controller knows that. MS-NLMP
 * section 3.2.5.1.2.
 */
function keyOf({ sessionKey }: ValidationInfo, { flags, encryptedSessionKey }: AuthenticateMessage): Uint8Array {
  if (sessionKey.every((octet) => octet === 0))
    throw new RejectedTokenError('the domain controller gave no session key', { code: 'STATUS_LOGON_FAILURE' })
  const key = exportedSessionKey(sessionKey, flags, encryptedSessionKey)
  sessionKey.fill(0)
  return key
}

function requireIntegrity(key: Uint8Array, { message, response, handshake }: Answered): void {
  if (!response.hasMic) return
  const { negotiate, challenge } = handshake
  const { mic, octets } = message
  if (mic !== undefined && isIntact(mic, key, { negotiate, challenge, authenticate: octets })) return
  throw new RejectedTokenError('the messages of the handshake were changed on the way', {
    code: 'KRB_AP_ERR_MODIFIED',
    hint: 'Somebody stands between the client and this service.',
  })
}

/** Whoever comes as ourselves reflects what this machine has sent to another (CVE-2025-33073). */
function isOurAccount(user: string, { computer }: NtlmSettings): boolean {
  return asciiLower(user) === asciiLower(`${computer}$`)
}

function reflected(): RejectedTokenError {
  return new RejectedTokenError('the client came as the machine account of this service itself', {
    code: 'KRB_AP_ERR_BADDIRECTION',
    hint: 'Somebody sends back what this machine has sent elsewhere.',
  })
}

function notUnderWay(): RejectedTokenError {
  return new RejectedTokenError('the client answers a challenge that this connection was not given, or used before', {
    code: 'KRB_AP_ERR_REPEAT',
    hint: 'Somebody replays a response, or a proxy shares connections between clients: NTLM needs the connection of the client itself.',
  })
}

function tooLate(): RejectedTokenError {
  return new RejectedTokenError('the client answered its challenge too late', { code: 'KRB_AP_ERR_SKEW' })
}

/** How long a challenge may be answered; milliseconds. A person may have to type a password. */
const LIFETIME = 60_000
