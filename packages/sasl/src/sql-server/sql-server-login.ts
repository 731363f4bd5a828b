import { ContextFlag, type Initiator, type InitiatorStep } from '@s4u/gssapi'
import { RejectedTokenError } from '@s4u/krb5'
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { noContext } from '../mechanism/sasl-client.js'
import { withSspi } from './login7.js'
import { malformed, takeSspi } from './sspi-token.js'
import type { SqlServerOptions } from './sql-server-options.js'
import type { TediousInternals } from './tedious-internals.js'

/** Types of packets. MS-TDS section 2.2.3.1.1. */
const LOGIN7 = 0x10
const SSPI_MESSAGE = 0x11

type Change = (data: Uint8Array) => Uint8Array | undefined

/** The sign-in of one connection, in the three places where tedious would do that of NTLM. */
export class SqlServerLogin {
  readonly #driver: TediousInternals
  readonly #options: SqlServerOptions
  readonly #negotiate: TediousInternals['performTlsNegotiation']
  readonly #send: TediousInternals['sendLogin7Packet']
  readonly #finish: TediousInternals['performSentLogin7WithNTLMLogin']
  #initiator: Initiator | undefined
  #step: InitiatorStep | undefined
  /** The token of the last message of the server. */
  #received: Uint8Array | undefined

  constructor(driver: TediousInternals, options: SqlServerOptions) {
    this.#driver = driver
    this.#options = options
    this.#negotiate = driver.performTlsNegotiation.bind(driver)
    this.#send = driver.sendLogin7Packet.bind(driver)
    this.#finish = driver.performSentLogin7WithNTLMLogin.bind(driver)
  }

  /** When TLS is there, the token is made: for the server that is connected to by now. */
  async negotiate(prelogin: unknown, signal: AbortSignal): Promise<void> {
    await this.#negotiate(prelogin, signal)
    const socket = this.#requireTls()
    const channelBindings = this.#options.channelBindings?.(socket)
    const options = { framing: 'spnego' as const, signal, ...(channelBindings !== undefined && { channelBindings }) }
    this.#step = undefined
    this.#initiator = await this.#options.as.contextFor(this.#spn(), options)
  }

  send(): void {
    const { token } = this.#initiator ?? unbegun()
    this.#sending(LOGIN7, (data) => withSspi(data, token), this.#send)
  }

  /**
   * The driver answers each token with a message of NTLM, in whose place the answer of the context
   * is sent, or nothing. The server may then say at once that the user is let in, or in a message
   * of its own.
   */
  async finish(signal: AbortSignal): Promise<unknown> {
    const restore = this.#readTokens()
    try {
      const route = await this.#sending(
        SSPI_MESSAGE,
        () => this.#take(),
        () => this.#finish(signal),
      )
      // The last token may have come with the message that lets the user in.
      const late = this.#received === undefined ? undefined : this.#take()
      if (late !== undefined || this.#step?.status !== 'established') throw unproven()
      return route
    } finally {
      restore()
    }
  }

  /** Takes the tokens out of what the driver reads, which would read them as messages of NTLM. */
  #readTokens(): () => void {
    const { messageIo } = this.#driver
    const read = messageIo.readMessage.bind(messageIo)
    messageIo.readMessage = async () => {
      const { shown, token } = takeSspi(await whole(await read()))
      this.#received = token
      return Readable.from([shown], { objectMode: false })
    }
    return () => void delete Object(messageIo).readMessage
  }

  #take(): Uint8Array | undefined {
    const token = this.#received
    this.#received = undefined
    const before = this.#step ?? this.#initiator ?? unbegun()
    if ('status' in before && before.status === 'established') throw unproven()
    // An empty token proves as little as none.
    this.#step = before.step(token?.length === 0 ? undefined : token)
    const { token: answer } = this.#step
    if (this.#step.status === 'established' && (this.#step.context.flags & ContextFlag.MUTUAL) === 0) throw unproven()
    return answer
  }

  /** Changes what the driver sends of one type while `action` runs; undefined sends nothing. */
  #sending<T>(type: number, change: Change, action: () => T): T {
    const { messageIo } = this.#driver
    const send = messageIo.sendMessage.bind(messageIo)
    const restore = (): void => void delete Object(messageIo).sendMessage
    messageIo.sendMessage = (sentType, data, ...rest) => {
      if (sentType !== type) return send(sentType, data, ...rest)
      const changed = change(data)
      return changed === undefined ? undefined : send(sentType, changed, ...rest)
    }
    let result: T
    try {
      result = action()
    } catch (error) {
      restore()
      throw error
    }
    if (result instanceof Promise) result.then(restore, restore)
    else restore()
    return result
  }

  #spn(): string {
    const { routingData, config, messageIo } = this.#driver
    const host = routingData?.server ?? config.server
    const port = routingData?.port ?? messageIo.socket.remotePort ?? 0
    const { service } = this.#options
    if (service !== undefined) return service(host, port)
    if (isIP(host) === 0) return `MSSQLSvc/${host}:${port}`
    throw new RejectedTokenError('an address of the network has no service principal name', {
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      status: 500,
      hint: 'Connect to the host name of the server, or give service: (host, port) => SPN.',
    })
  }

  /** A token that goes in clear text could be shown to another server by somebody on the way. */
  #requireTls(): TLSSocket {
    const { securePair, socket } = this.#driver.messageIo
    const tls: unknown = securePair?.cleartext ?? (socket.encrypted === true ? socket : undefined)
    if (tls !== undefined) return Object(tls)
    throw new RejectedTokenError('the server does not encrypt, or encrypt is false', {
      code: 'GSS_S_BAD_QOP',
      status: 502,
      hint: "Set encrypt: true or encrypt: 'strict' in the options of the driver, and let the server have a certificate.",
    })
  }
}

function unbegun(): never {
  throw noContext('the driver signs in before TLS is there')
}

/** The longest answer to `LOGIN7`, in octets. One has some hundred, and a token at most 64 KiB. */
const MAX_ANSWER = 1 << 20

async function whole(message: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let octets = 0
  for await (const chunk of message) {
    octets += chunk.length
    if (octets > MAX_ANSWER) throw malformed(`at most ${MAX_ANSWER} octets`, 'more')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function unproven(): RejectedTokenError {
  return new RejectedTokenError('SQL Server let the user in, or went on, without having proven itself', {
    code: 'KRB_AP_ERR_MUT_FAIL',
    status: 502,
    hint: 'The server must answer with a token of Kerberos. One that speaks NTLM alone has no service principal name that fits: see setspn -L of its account.',
  })
}
