import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type Conversation, converse } from '../sign-on/conversation.js'
import {
  done,
  loginAck,
  loginFailed,
  type Message,
  messagesOf,
  packets,
  preloginReply,
  secured,
  sspi,
  sspiOf,
  Type,
  uint16,
  utf16,
  WrappedHandshake,
} from './tds-packets.js'

/**
 * A server that speaks TDS as far as one row, written from MS-TDS alone, whose acceptor is MIT's
 * library. The row has the name of the caller. No SQL Server was asked.
 */
export interface TdsServer extends AsyncDisposable {
  readonly port: number
  /** What MIT's library said of each sign-in: `done alice@AD.TEST 4 0`. */
  readonly verdicts: string[]
  /** The messages LOGIN7 and SSPI that came. */
  readonly logins: Buffer[]
  readonly answers: Buffer[]
}

export interface TdsFaults {
  /** TLS before TDS, with ALPN `tds/8.0`. */
  readonly strict?: boolean
  /** Offers no encryption. */
  readonly plain?: boolean
  /** Lets the user in with a message of its own, as SQL Server does. */
  readonly apart?: boolean
  /** Changes the token; undefined sends none. */
  readonly token?: (token: Buffer) => Buffer | undefined
  /** Where the client is to connect to instead. */
  readonly route?: { readonly host: string; readonly port: number }
  /**
   * Judges the token in the place of MIT's library; each result is sent, until one is undefined.
   */
  readonly judge?: (token: Buffer, leg: number) => Promise<Buffer | undefined>
  /** Ends the connection in the middle of a packet that announces more. */
  readonly cut?: boolean
}

const ENCRYPT_ON = 1
const NOT_SUPPORTED = 2

export async function startTdsServer(
  address: string,
  environment: Record<string, string>,
  faults: TdsFaults = {},
): Promise<TdsServer> {
  const seen: Pick<TdsServer, 'verdicts' | 'logins' | 'answers'> = { verdicts: [], logins: [], answers: [] }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    void new Session(socket, environment, faults, seen).run().catch(() => socket.destroy())
  })
  server.listen(0, address)
  await once(server, 'listening')
  const { port }: AddressInfo = Object(server.address())
  return {
    ...seen,
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

class Session {
  readonly #socket: Socket
  readonly #environment: Record<string, string>
  readonly #faults: TdsFaults
  readonly #seen: Pick<TdsServer, 'verdicts' | 'logins' | 'answers'>
  #principal = ''

  constructor(
    socket: Socket,
    environment: Record<string, string>,
    faults: TdsFaults,
    seen: Pick<TdsServer, 'verdicts' | 'logins' | 'answers'>,
  ) {
    this.#socket = socket
    this.#environment = environment
    this.#faults = faults
    this.#seen = seen
  }

  async run(): Promise<void> {
    const { strict = false, plain = false } = this.#faults
    const channel: Duplex = strict ? secured(this.#socket) : this.#socket
    const first = messagesOf(channel)
    await first.next()
    channel.write(packets(Type.REPLY, preloginReply(plain || strict ? NOT_SUPPORTED : ENCRYPT_ON)))
    if (strict || plain) return this.#serve(channel, first)
    await first.return(undefined)
    const tls = secured(new WrappedHandshake(this.#socket))
    return this.#serve(tls, messagesOf(tls))
  }

  async #serve(channel: Duplex, messages: AsyncGenerator<Message>): Promise<void> {
    let peer: Conversation | undefined
    let leg = 0
    try {
      for await (const { type, body } of messages) {
        if (type === Type.LOGIN7) {
          this.#seen.logins.push(body)
          peer = converse('/usr/bin/python3', [SCRIPT, 'GSS-SPNEGO', '4', '65536'], this.#environment)
          await this.#signIn(channel, sspiOf(body), peer, leg++)
        } else if (type === Type.SSPI) {
          this.#seen.answers.push(body)
          await this.#signIn(channel, body, peer, leg++)
        } else if (type === Type.SQL_BATCH) channel.write(packets(Type.REPLY, this.#answerTo(body)))
        else channel.write(packets(Type.REPLY, done()))
      }
    } finally {
      await peer?.[Symbol.asyncDispose]()
    }
  }

  async #signIn(channel: Duplex, token: Buffer, peer: Conversation | undefined, leg: number): Promise<void> {
    const { judge, apart = false, cut = false, token: change = (same: Buffer) => same } = this.#faults
    let reply: Buffer | undefined
    if (judge !== undefined) {
      reply = await judge(token, leg)
      if (reply !== undefined && leg === 0) return void channel.write(packets(Type.REPLY, sspi(reply)))
      this.#principal = 'alice@AD.TEST'
    } else {
      reply = await this.#ask(token, peer)
      if (reply === undefined) return void channel.write(packets(Type.REPLY, Buffer.concat([loginFailed(), done()])))
    }
    const changed = reply === undefined ? undefined : change(reply)
    const proof = changed === undefined ? Buffer.of() : sspi(changed)
    if (cut) return void channel.end(packets(Type.REPLY, proof).subarray(0, 20))
    const welcome = Buffer.concat([loginAck(), ...this.#route(), done()])
    if (!apart) return void channel.write(packets(Type.REPLY, Buffer.concat([proof, welcome])))
    channel.write(packets(Type.REPLY, proof))
    channel.write(packets(Type.REPLY, welcome))
  }

  /** The answer of MIT's library; undefined where it refuses. */
  async #ask(token: Buffer, peer: Conversation | undefined): Promise<Buffer | undefined> {
    if (peer === undefined) return undefined
    peer.send(token)
    const line = await peer.receiveLine().catch(() => 'refused')
    if (line === 'refused') return undefined
    const verdict = line.startsWith('done ') ? line : await peer.receiveLine()
    this.#seen.verdicts.push(verdict.trim())
    this.#principal = verdict.split(' ')[1]
    return line.startsWith('done ') ? Buffer.of() : Buffer.from(line, 'base64')
  }

  #route(): Buffer[] {
    const { route } = this.#faults
    if (route === undefined) return []
    const value = Buffer.concat([Buffer.of(0), uint16(route.port), uint16(route.host.length), utf16(route.host)])
    const body = Buffer.concat([Buffer.of(20), uint16(value.length), value, uint16(0)])
    return [Buffer.concat([Buffer.of(0xe3), uint16(body.length), body])]
  }

  #answerTo(body: Buffer): Buffer {
    const isQuestion = body.toString('utf16le').includes('select who')
    if (!isQuestion) return done()
    const name = utf16(this.#principal)
    const column = Buffer.concat([
      ...[uint16(1), Buffer.alloc(4), uint16(0), Buffer.of(0xe7), uint16(200), Buffer.from('0904d00034', 'hex')],
      ...[Buffer.of(3), utf16('who')],
    ])
    const row = Buffer.concat([Buffer.of(0xd1), uint16(name.length), name])
    return Buffer.concat([Buffer.of(0x81), column, row, done(0x10, 1)])
  }
}

const SCRIPT = fileURLToPath(new URL('sasl-server.py', import.meta.url))
