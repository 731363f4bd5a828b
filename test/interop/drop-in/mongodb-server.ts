import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { BSON } from 'mongodb'
import { type Conversation, converse } from '../sign-on/conversation.js'

export interface MongoServerOptions {
  readonly address: string
  /** The environment of MIT's library: KRB5_CONFIG, KRB5_KTNAME. */
  readonly environment: Record<string, string>
}

/**
 * A server of MongoDB's protocol that knows commands of SASL and `whoami`; MIT's library accepts.
 */
export interface MongoServer extends AsyncDisposable {
  /** `127.0.88.70:40123` */
  readonly host: string
  /** The bits of the layers that it offers; 7 at first. */
  offer: number
  /** Whether it puts something else in the place of its proof. */
  lies: boolean
  /** Connections that have begun to sign in. */
  readonly begun: number
}

type Command = Readonly<Record<string, unknown>>
type Reply = Record<string, unknown>

const SASL_SERVER = fileURLToPath(new URL('../drivers/sasl-server.py', import.meta.url))
const HELLO = {
  ...{ helloOk: true, ismaster: true, isWritablePrimary: true, readOnly: false, ok: 1 },
  ...{ minWireVersion: 0, maxWireVersion: 21 },
  ...{ maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 },
}

export async function startMongoServer({ address, environment }: MongoServerOptions): Promise<MongoServer> {
  const settings = { offer: 7, lies: false, begun: 0 }
  const sockets = new Set<Socket>()
  const conversations = new Set<Conversation>()
  const start = (): Conversation => {
    settings.begun++
    const conversation = converse(
      '/usr/bin/python3',
      [SASL_SERVER, 'GSSAPI', `${settings.offer}`, '65536'],
      environment,
    )
    conversations.add(conversation)
    return conversation
  }
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => {}))
    void serve(socket, new Connection(start, settings)).catch(() => socket.destroy())
  })
  server.listen(0, address)
  await once(server, 'listening')
  const at = server.address()
  const port = typeof at === 'object' && at !== null ? at.port : 0
  return Object.assign(settings, {
    host: `${address}:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await Promise.all([...conversations].map((one) => one[Symbol.asyncDispose]()))
      server.close()
    },
  })
}

/** What one connection knows of its caller. */
class Connection {
  #conversation: Conversation | undefined
  #caller: string | undefined

  readonly #open: () => Conversation
  readonly #settings: { readonly lies: boolean }

  constructor(start: () => Conversation, settings: { readonly lies: boolean }) {
    this.#open = start
    this.#settings = settings
  }

  async answer(command: Command): Promise<Reply> {
    const [name] = Object.keys(command)
    if (/^(?:hello|ismaster)$/i.test(name)) return HELLO
    if (name === 'saslStart') return this.#start(command)
    if (name === 'saslContinue') return this.#continue(command)
    if (name === 'endSessions') return { ok: 1 }
    if (this.#caller === undefined) return { ok: 0, code: 13, errmsg: 'not signed in' }
    return name === 'whoami' ? { ok: 1, caller: this.#caller } : { ok: 0, code: 59, errmsg: `no such command: ${name}` }
  }

  async #start({ mechanism, payload }: Command): Promise<Reply> {
    if (mechanism !== 'GSSAPI' || typeof payload !== 'string') return { ok: 0, code: 2, errmsg: 'unexpected saslStart' }
    this.#conversation = this.#open()
    this.#conversation.sendLine(payload)
    const token = await this.#conversation.receiveLine()
    if (token === 'refused') return REFUSED
    return said(this.#settings.lies ? damaged(token) : token)
  }

  async #continue({ payload }: Command): Promise<Reply> {
    const conversation = this.#conversation
    if (conversation === undefined || typeof payload !== 'string') return { ok: 0, code: 2, errmsg: 'no conversation' }
    conversation.sendLine(payload === '' ? '-' : payload)
    const line = await conversation.receiveLine()
    if (line === 'refused') return REFUSED
    if (!line.startsWith('done ')) return said(line)
    this.#caller = line.slice(5)
    return { conversationId: 1, done: true, payload: '', ok: 1 }
  }
}

/** The token of somebody who does not have the key of the service. */
function damaged(token: string): string {
  const octets = Buffer.from(token, 'base64')
  octets.subarray(-8).fill(0)
  return octets.toString('base64')
}

const said = (payload: string): Reply => ({ conversationId: 1, done: false, payload, ok: 1 })
const REFUSED: Reply = { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' }

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013
/** Longer messages than these nobody sends here. */
const MAX_MESSAGE = 1 << 20

async function serve(socket: Socket, connection: Connection): Promise<void> {
  let pending = Buffer.alloc(0)
  for await (const chunk of socket) {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 4 && pending.length >= pending.readInt32LE(0)) {
      const length = pending.readInt32LE(0)
      if (length < 16 || length > MAX_MESSAGE) return
      const message = pending.subarray(0, length)
      pending = pending.subarray(length)
      const isQuery = message.readInt32LE(12) === OP_QUERY
      const reply = BSON.serialize(await connection.answer(commandOf(message, isQuery)))
      socket.write(framed(message.readInt32LE(4), isQuery, reply))
    }
  }
}

function commandOf(message: Buffer, isQuery: boolean): Command {
  // A query has flags, a name and two numbers before its document; a message has flags and a kind.
  const at = isQuery ? message.indexOf(0, 20) + 1 + 8 : 21
  return BSON.deserialize(message.subarray(at, at + message.readInt32LE(at)))
}

function framed(responseTo: number, isQuery: boolean, document: Uint8Array): Buffer {
  const before = isQuery ? Buffer.concat([Buffer.alloc(16), Buffer.from([1, 0, 0, 0])]) : Buffer.alloc(5)
  const header = Buffer.alloc(16)
  header.writeInt32LE(16 + before.length + document.length, 0)
  header.writeInt32LE(responseTo, 8)
  header.writeInt32LE(isQuery ? OP_REPLY : OP_MSG, 12)
  return Buffer.concat([header, before, document])
}
