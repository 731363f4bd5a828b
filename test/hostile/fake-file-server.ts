/** A file server that speaks SMB 3.1.1 well enough to lie in each of its answers. */

import { beginNegotiation, type SecurityContext } from '@s4u/gssapi'
import { type Key, openApReq } from '@s4u/krb5'
import { createServer, type Server, type Socket } from 'node:net'
import { judge } from '../../packages/gssapi/src/fixtures/issued-ticket.js'
import { FrameSplitter } from '../../packages/smb/src/transport/frame-splitter.js'
import { addToHash, deriveKeys, NO_MESSAGES } from '../../packages/smb/src/protection/derive-keys.js'
import { createSealer, type Sealer } from '../../packages/smb/src/protection/encryption.js'
import { createSigner, type Signer } from '../../packages/smb/src/protection/signing.js'
import { Command, splitChain } from '../../packages/smb/src/wire/header.js'
import { concat, OctetReader, OctetWriter } from '../../packages/smb/src/wire/octets.js'
import { FileClass } from '../../packages/smb/src/wire/query-messages.js'

/** An answer that is about to go: what it answers, and its octets, which a lie may change. */
export interface Answer {
  readonly command: number
  readonly message: Uint8Array
}

export interface Lies {
  /** Changes an answer before the server signs it: the server itself lies. */
  readonly unsigned?: (answer: Answer) => void
  /** Replaces a frame after it was signed: somebody on the way does. */
  readonly signed?: (answer: Answer) => Uint8Array
  /** Answers to these commands are never sent. */
  readonly silent?: readonly number[]
  /** Is given each request, in clear. */
  readonly hears?: (command: number, request: Uint8Array) => void
  /** Whether it keeps files of lost connections. */
  readonly keeps?: boolean
  /** Whether the connection is lost in place of this answer. */
  readonly drops?: (answer: Answer) => boolean
  /** The 16 bits of credits of each answer. */
  readonly credits?: number
}

export interface FakeFileServer extends AsyncDisposable {
  readonly port: number
  /** Commands that came, by number. */
  readonly asked: readonly number[]
}

const CONTENTS = new TextEncoder().encode('contents')

/** @param serviceKey opens the tickets of the service */
export async function startFakeFileServer(serviceKey: Key, lies: Lies): Promise<FakeFileServer> {
  const asked: number[] = []
  const server: Server = createServer((socket) => new Conversation(socket, serviceKey, lies, asked))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    asked,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

class Conversation {
  readonly #socket: Socket
  readonly #serviceKey: Key
  readonly #lies: Lies
  readonly #asked: number[]
  #hash: Uint8Array = NO_MESSAGES
  #negotiated: Uint8Array = NO_MESSAGES
  #signer: Signer | undefined
  #sealer: Sealer | undefined

  constructor(socket: Socket, serviceKey: Key, lies: Lies, asked: number[]) {
    this.#socket = socket
    this.#serviceKey = serviceKey
    this.#lies = lies
    this.#asked = asked
    const splitter = new FrameSplitter(() => 1 << 20)
    socket.on('error', () => {})
    socket.on('data', (octets) => {
      for (const frame of splitter.push(octets)) this.#take(frame)
    })
  }

  #take(frame: Uint8Array): void {
    // Its own sealer opens what was sealed for it: the keys are exchanged below.
    const isSealed = frame[0] === 0xfd
    const message = isSealed && this.#sealer !== undefined ? this.#sealer.open(frame) : frame
    for (const request of splitChain(message)) this.#answer(request, isSealed)
  }

  #answer(request: Uint8Array, isSealed: boolean): void {
    const command = new OctetReader(request, 'request').u16(12)
    this.#asked.push(command)
    this.#lies.hears?.(command, request)
    if (command === Command.SESSION_SETUP && new OctetReader(request, 'request').u64(40) === 0n) this.#forgetSession()
    if (command === Command.NEGOTIATE || command === Command.SESSION_SETUP) this.#hash = addToHash(this.#hash, request)
    const message = this.#responseTo(command, request)
    if (message === undefined || this.#lies.silent?.includes(command)) return
    if (this.#lies.drops?.({ command, message })) return void this.#socket.resetAndDestroy()
    this.#lies.unsigned?.({ command, message })
    if (command === Command.NEGOTIATE) this.#negotiated = this.#hash = addToHash(this.#hash, message)
    else if (isSealed && this.#sealer !== undefined)
      return this.#send(command, concat(...this.#sealer.seal(message, SESSION)))
    else this.#signer?.sign(message)
    this.#send(command, message)
  }

  #send(command: number, message: Uint8Array): void {
    const frame = this.#lies.signed?.({ command, message }) ?? message
    this.#socket.write(Uint8Array.of(0, frame.length >> 16, (frame.length >> 8) & 255, frame.length & 255))
    this.#socket.write(frame)
  }

  #responseTo(command: number, request: Uint8Array): Uint8Array | undefined {
    switch (command) {
      case Command.NEGOTIATE:
        return negotiated(this.#header(request, 196, 0n))
      case Command.SESSION_SETUP:
        return this.#signIn(request)
      case Command.TREE_CONNECT:
        return this.#header(request, 80).u16(64, 16).u8(66, 1).u32(76, 0x1f01ff).octets
      case Command.CREATE:
        return this.#opened(request)
      case Command.READ:
        return this.#header(request, 80 + CONTENTS.length)
          .u16(64, 17)
          .u8(66, 80)
          .u32(68, CONTENTS.length)
          .set(80, CONTENTS).octets
      case Command.CLOSE:
        return this.#header(request, 124).u16(64, 60).octets
      case Command.QUERY_INFO:
        return this.#described(request)
      case Command.CANCEL:
        return undefined
      default:
        return this.#header(request, 68).u16(64, 4).octets
    }
  }

  #header(request: Uint8Array, length: number, sessionId = SESSION): OctetWriter {
    const { credits = 64 } = this.#lies
    const response = new OctetWriter(length).set(0, request.subarray(0, 14)).u16(6, 0).u32(8, 0)
    return response.u16(14, credits).u32(16, 1).set(24, request.subarray(24, 40)).u64(40, sessionId)
  }

  #opened(request: Uint8Array): Uint8Array {
    const { keeps = false } = this.#lies
    const response = this.#header(request, keeps ? 184 : 152)
      .u16(64, 89)
      .u64(112, CONTENTS.length)
    if (!keeps) return response.octets
    // DH2Q, for a minute.
    response.u32(144, 152).u32(148, 32).u16(156, 16).u16(158, 4).u16(162, 24).u32(164, 8)
    return response.set(168, new TextEncoder().encode('DH2Q')).u32(176, 60_000).octets
  }

  /** The number of the file, or all that there is of it. */
  #described(request: Uint8Array): Uint8Array {
    const length = request[67] === FileClass.INTERNAL ? 8 : 104
    const response = this.#header(request, 72 + length)
      .u16(64, 9)
      .u16(66, 72)
      .u32(68, length)
    return length === 8 ? response.octets : response.u64(72 + 48, CONTENTS.length).octets
  }

  #signIn(request: Uint8Array): Uint8Array {
    const reader = new OctetReader(request, 'SESSION_SETUP')
    const step = beginNegotiation(reader.slice(reader.u16(76), reader.u16(78), 'token'))
    if (step.status !== 'ap-req') throw new Error(step.status)
    openApReq(step.apReq, this.#serviceKey)
    const done = step.accept(judge(step, this.#serviceKey))
    if (done.status !== 'complete' || done.reply === undefined) throw new Error(done.status)
    // The keys of a session stay when its user signs in once more.
    if (this.#signer === undefined) this.#makeKeys(done.context)
    const response = this.#header(request, 72 + done.reply.length)
      .u16(64, 9)
      .u16(68, 72)
      .u16(70, done.reply.length)
    return response.set(72, done.reply).octets
  }

  #forgetSession(): void {
    this.#hash = this.#negotiated
    this.#signer = undefined
    this.#sealer = undefined
  }

  #makeKeys(context: SecurityContext): void {
    const { octets: contextKey } = context.exposeSessionKey()
    const keys = deriveKeys({ dialect: '3.1.1', cipher: 'aes-128-gcm', contextKey, preauthenticationHash: this.#hash })
    this.#signer = createSigner('aes-128-cmac', keys.signing)
    const [toServer, toClient] = [keys.clientToServer ?? NO_MESSAGES, keys.serverToClient ?? NO_MESSAGES]
    this.#sealer = createSealer('aes-128-gcm', { clientToServer: toClient, serverToClient: toServer })
  }
}

const SESSION = 0x1122_3344n

/** 3.1.1, with a hash, AES-128-GCM and CMAC. */
function negotiated(response: OctetWriter): Uint8Array {
  response.u16(64, 65).u16(66, 3).u16(68, 0x311).u16(70, 3).u32(88, 4)
  response
    .u32(92, 1 << 20)
    .u32(96, 1 << 20)
    .u32(100, 1 << 20)
    .u16(120, 128)
    .u32(124, 128)
  response.u16(128, 1).u16(130, 38).u16(136, 1).u16(138, 32).u16(140, 1)
  response.u16(176, 2).u16(178, 4).u16(184, 1).u16(186, 2)
  return response.u16(192, 8).octets.length === 196 ? signingContext(response) : response.octets
}

function signingContext(short: OctetWriter): Uint8Array {
  const whole = new OctetWriter(204).set(0, short.octets)
  return whole.u16(194, 4).u16(200, 1).u16(202, 1).octets
}
