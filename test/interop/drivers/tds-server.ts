import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createSecureContext, TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { CERTIFICATES } from '../../stories/certificates.js'
import { type Conversation, converse } from '../sign-on/conversation.js'

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

const Type = { SQL_BATCH: 1, RPC: 3, REPLY: 4, LOGIN7: 0x10, SSPI: 0x11, PRELOGIN: 0x12 } as const
const HEADER = 8
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

interface Message {
  readonly type: number
  readonly body: Buffer
}

/** Packets with one header each, joined to messages. MS-TDS section 2.2.3. */
async function* messagesOf(channel: Duplex): AsyncGenerator<Message> {
  let held = Buffer.alloc(0)
  let body = Buffer.alloc(0)
  for await (const chunk of channel.iterator({ destroyOnReturn: false })) {
    held = Buffer.concat([held, chunk])
    while (held.length >= HEADER && held.length >= held.readUInt16BE(2)) {
      const length = held.readUInt16BE(2)
      const [type, status] = held
      body = Buffer.concat([body, held.subarray(HEADER, length)])
      held = held.subarray(length)
      if ((status & 1) === 0) continue
      const message = { type, body }
      body = Buffer.alloc(0)
      yield message
    }
  }
}

function packets(type: number, body: Buffer, size = 4096): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at === 0 || at < body.length; at += size - HEADER) {
    const part = body.subarray(at, at + size - HEADER)
    const header = Buffer.alloc(HEADER)
    header.set([type, at + part.length >= body.length ? 1 : 0])
    header.writeUInt16BE(HEADER + part.length, 2)
    header[6] = (at / (size - HEADER) + 1) & 0xff
    parts.push(header, part)
  }
  return Buffer.concat(parts)
}

function secured(socket: Duplex): TLSSocket {
  const { cert, key } = CERTIFICATES[0]
  const options = { isServer: true, secureContext: createSecureContext({ cert, key }), ALPNProtocols: ['tds/8.0'] }
  const tls = new TLSSocket(Object(socket), Object(options))
  tls.on('error', () => {})
  return tls
}

/** The handshake of TLS in packets of TDS, and what follows it without. MS-TDS section 2.2.6.5. */
class WrappedHandshake extends Duplex {
  readonly #socket: Socket
  #held = Buffer.alloc(0)
  #isOver = false

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('close', () => this.destroy())
    socket.resume()
  }

  #take(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk])
    while (this.#held.length > 0) {
      if (this.#isOver || this.#held[0] !== Type.PRELOGIN) {
        this.#isOver = true
        this.push(this.#held)
        this.#held = Buffer.alloc(0)
        return
      }
      if (this.#held.length < HEADER || this.#held.length < this.#held.readUInt16BE(2)) return
      const length = this.#held.readUInt16BE(2)
      this.push(this.#held.subarray(HEADER, length))
      this.#held = this.#held.subarray(length)
    }
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, next: () => void): void {
    this.#socket.write(this.#isOver ? chunk : packets(Type.PRELOGIN, chunk))
    next()
  }

  override _writev(chunks: readonly { chunk: Buffer }[], next: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', next)
  }
}

/** VERSION, ENCRYPTION, INSTOPT, THREADID, MARS. MS-TDS section 2.2.6.5. */
function preloginReply(encryption: number): Buffer {
  const values = [Buffer.from('100000000000', 'hex'), Buffer.of(encryption), Buffer.of(0), Buffer.of(), Buffer.of(0)]
  let offset = values.length * 5 + 1
  const heads = values.map((value, kind) => {
    const head = Buffer.alloc(5)
    head[0] = kind
    head.writeUInt16BE(offset, 1)
    head.writeUInt16BE(value.length, 3)
    offset += value.length
    return head
  })
  return Buffer.concat([...heads, Buffer.of(0xff), ...values])
}

function sspiOf(login: Buffer): Buffer {
  const long = login.readUInt32LE(90)
  const length = login.readUInt16LE(80)
  const at = login.readUInt16LE(78)
  return login.subarray(at, at + (length === 0xffff && long > 0 ? long : length))
}

const uint16 = (value: number): Buffer => Buffer.of(value & 0xff, value >> 8)
const uint32 = (value: number): Buffer => Buffer.concat([uint16(value & 0xffff), uint16(value >>> 16)])
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')
const sspi = (token: Buffer): Buffer => Buffer.concat([Buffer.of(0xed), uint16(token.length), token])
const done = (status = 0, rows = 0): Buffer =>
  Buffer.concat([Buffer.of(0xfd), uint16(status), uint16(0xc1), uint32(rows), uint32(0)])

function loginAck(): Buffer {
  const name = 'Test'
  const body = Buffer.concat([
    Buffer.of(1),
    Buffer.from('74000004', 'hex'),
    Buffer.of(name.length),
    utf16(name),
    Buffer.of(16, 0, 0, 0),
  ])
  return Buffer.concat([Buffer.of(0xad), uint16(body.length), body])
}

function loginFailed(): Buffer {
  const text = 'Login failed.'
  const body = Buffer.concat([
    ...[uint32(18456), Buffer.of(1, 14), uint16(text.length), utf16(text)],
    ...[Buffer.of(0), Buffer.of(0), uint32(1)],
  ])
  return Buffer.concat([Buffer.of(0xaa), uint16(body.length), body])
}
