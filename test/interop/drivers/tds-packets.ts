/** Packets and tokens of TDS, as a server makes and reads them. Source: MS-TDS section 2.2. */

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createSecureContext, TLSSocket } from 'node:tls'
import { CERTIFICATES } from '../../stories/certificates.js'

export const Type = { SQL_BATCH: 1, RPC: 3, REPLY: 4, LOGIN7: 0x10, SSPI: 0x11, PRELOGIN: 0x12 } as const
const HEADER = 8

export interface Message {
  readonly type: number
  readonly body: Buffer
}

/** Packets with one header each, joined to messages. MS-TDS section 2.2.3. */
export async function* messagesOf(channel: Duplex): AsyncGenerator<Message> {
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

export function packets(type: number, body: Buffer, size = 4096): Buffer {
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

export function secured(socket: Duplex): TLSSocket {
  const { cert, key } = CERTIFICATES[0]
  const options = { isServer: true, secureContext: createSecureContext({ cert, key }), ALPNProtocols: ['tds/8.0'] }
  const tls = new TLSSocket(Object(socket), Object(options))
  tls.on('error', () => {})
  return tls
}

/** The handshake of TLS in packets of TDS, and what follows it without. MS-TDS section 2.2.6.5. */
export class WrappedHandshake extends Duplex {
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
export function preloginReply(encryption: number): Buffer {
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

export function sspiOf(login: Buffer): Buffer {
  const long = login.readUInt32LE(90)
  const length = login.readUInt16LE(80)
  const at = login.readUInt16LE(78)
  return login.subarray(at, at + (length === 0xffff && long > 0 ? long : length))
}

export const uint16 = (value: number): Buffer => Buffer.of(value & 0xff, value >> 8)
const uint32 = (value: number): Buffer => Buffer.concat([uint16(value & 0xffff), uint16(value >>> 16)])
export const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')
export const sspi = (token: Buffer): Buffer => Buffer.concat([Buffer.of(0xed), uint16(token.length), token])
export const done = (status = 0, rows = 0): Buffer =>
  Buffer.concat([Buffer.of(0xfd), uint16(status), uint16(0xc1), uint32(rows), uint32(0)])

export function loginAck(): Buffer {
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

export function loginFailed(): Buffer {
  const text = 'Login failed.'
  const body = Buffer.concat([
    ...[uint32(18456), Buffer.of(1, 14), uint16(text.length), utf16(text)],
    ...[Buffer.of(0), Buffer.of(0), uint32(1)],
  ])
  return Buffer.concat([Buffer.of(0xaa), uint16(body.length), body])
}
