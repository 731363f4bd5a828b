import { ContextFlag, type Initiator, type InitiatorStep } from '@s4u/gssapi'
import { MalformedTokenError, RejectedTokenError } from '@s4u/krb5'
import { OctetQueue } from '../layer/octet-queue.js'

/** What is to be done with octets of the server, before it lets the user in. */
export interface PhaseResult {
  /** Messages to the server. */
  readonly answers: readonly Uint8Array[]
  /** What the driver is to see. */
  readonly passed: readonly Uint8Array[]
  readonly isOver: boolean
}

/** Types of the messages. PostgreSQL documentation, "Message Formats". */
const AUTHENTICATION = 0x52
const ERROR_RESPONSE = 0x45
const NOTICE_RESPONSE = 0x4e
const NEGOTIATE_PROTOCOL_VERSION = 0x76
const PASSWORD_MESSAGE = 0x70

/**
 * What a server may say before it lets the user in. A driver that is told of more, such as that the
 * server is ready for queries, would send them to a server that has not proven itself.
 */
const BEFORE_WELCOME: readonly number[] = [AUTHENTICATION, ERROR_RESPONSE, NOTICE_RESPONSE, NEGOTIATE_PROTOCOL_VERSION]

const Request = { OK: 0, GSS: 7, GSS_CONTINUE: 8, SSPI: 9 } as const

/** A message before the end of the authentication, in octets. */
const MAX_MESSAGE = 0xffff

const HEAD = 5
const CODE_OCTETS = 4

/**
 * The messages of a server until it lets the user in or refuses; after a refusal nothing more of it
 * is heard. Drivers fail at its questions for a ticket, so that they are answered here; a question
 * for a password is answered by nobody.
 */
export class AuthenticationPhase {
  readonly #spn: string
  readonly #initiator: Initiator | undefined
  readonly #queue = new OctetQueue()
  #step: ((reply: Uint8Array | undefined) => InitiatorStep) | undefined
  #isProven: boolean
  #isRefused = false

  /**
   * @param initiator for plain GSS authentication; without it the server has proven itself already
   */
  constructor(spn: string, initiator?: Initiator) {
    this.#spn = spn
    this.#initiator = initiator
    this.#isProven = initiator === undefined
  }

  /** @throws MalformedTokenError, RejectedTokenError */
  take(data: Uint8Array): PhaseResult {
    // The driver would still answer a question for a password, and be glad of a welcome.
    if (this.#isRefused) return NOTHING
    this.#queue.push(data)
    const answers: Uint8Array[] = []
    const passed: Uint8Array[] = []
    for (let message = this.#next(); message !== undefined; message = this.#next()) {
      requireKind(message[0])
      const request = message[0] === AUTHENTICATION ? requestOf(message) : undefined
      if (request === undefined || request === Request.OK) {
        if (request === Request.OK) this.#requireProof()
        passed.push(message)
        this.#isRefused = message[0] === ERROR_RESPONSE
        if (this.#isRefused) return { answers, passed, isOver: false }
        if (request === undefined) continue
        return { answers, passed: [...passed, this.#queue.take(this.#queue.length)], isOver: true }
      }
      const answer = this.#answerTo(request, message.subarray(HEAD + CODE_OCTETS))
      if (answer !== undefined) answers.push(passwordMessage(answer))
    }
    return { answers, passed, isOver: false }
  }

  #next(): Uint8Array | undefined {
    if (this.#queue.length < HEAD) return undefined
    const head = this.#queue.peek(HEAD)
    const length = new DataView(head.buffer, head.byteOffset).getUint32(1)
    if (length < 4 || length > MAX_MESSAGE) throw malformed('length', `4 to ${MAX_MESSAGE}`, `${length}`)
    return this.#queue.length < 1 + length ? undefined : this.#queue.take(1 + length)
  }

  #answerTo(request: number, token: Uint8Array): Uint8Array | undefined {
    if ((request === Request.GSS || request === Request.SSPI) && this.#step === undefined && !this.#isProven) {
      const initiator = this.#initiator
      this.#step = (reply) => (initiator === undefined ? this.#unexpected(request) : initiator.step(reply))
      return initiator?.token
    }
    if (request === Request.GSS_CONTINUE && this.#step !== undefined && !this.#isProven) {
      const step = this.#step(token)
      if (step.status === 'continue') this.#step = (reply) => step.step(reply)
      else this.#isProven = (step.context.flags & ContextFlag.MUTUAL) !== 0
      return step.token
    }
    return this.#unexpected(request)
  }

  #unexpected(request: number): never {
    const known = NAMES.get(request)
    if (known === undefined) throw malformed('authentication', 'a question for a ticket', `number ${request}`)
    throw new RejectedTokenError(`${this.#spn} asks for ${known}, where the ticket is to be the only proof`, {
      code: 'S4U_PASSWORD_ASKED',
      status: 502,
      hint: 'Give this user, database and network a line with the method gss in pg_hba.conf, before other lines that match.',
    })
  }

  #requireProof(): void {
    if (this.#isProven) return
    throw new RejectedTokenError(`${this.#spn} let the user in without asking who comes, and did not prove itself`, {
      code: 'KRB_AP_ERR_MUT_FAIL',
      status: 502,
      hint: 'Give this user, database and network a line with the method gss in pg_hba.conf; one with trust matches before it.',
    })
  }
}

const NOTHING: PhaseResult = { answers: [], passed: [], isOver: false }

const NAMES: ReadonlyMap<number, string> = new Map([
  [2, 'Kerberos V5'],
  [3, 'a password'],
  [5, 'a password (MD5)'],
  [7, 'a ticket once more'],
  [8, 'a token once more'],
  [9, 'a ticket once more'],
  [10, 'a password (SCRAM)'],
])

function requireKind(kind: number): void {
  if (BEFORE_WELCOME.includes(kind)) return
  throw malformed('message', 'one of a sign-in', `the type ${kind}, before the server has let the user in`)
}

function requestOf(message: Uint8Array): number {
  if (message.length < HEAD + CODE_OCTETS) throw malformed('authentication', 'a number', 'nothing')
  return new DataView(message.buffer, message.byteOffset).getUint32(HEAD)
}

/** The token has no length of its own: the message's says it. */
function passwordMessage(token: Uint8Array): Uint8Array {
  const message = new Uint8Array(HEAD + token.length)
  message[0] = PASSWORD_MESSAGE
  new DataView(message.buffer).setUint32(1, 4 + token.length)
  message.set(token, HEAD)
  return message
}

function malformed(field: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: `PostgreSQL.${field}`, expected, found, status: 502 })
}
