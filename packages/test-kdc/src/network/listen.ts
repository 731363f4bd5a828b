import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'

/** Options of `realm.listen()`. */
export interface ListenOptions {
  /**
   * The address. Default: 127.0.0.1. Use loopback addresses only: this KDC is not safe for others.
   */
  readonly host?: string
  /** The port of the KDC, for UDP and TCP. Default: any free one. */
  readonly port?: number
  /** The port of the password server. Default: any free one. */
  readonly kpasswdPort?: number
}

/** An address at which a realm listens. */
export interface ListenAddress {
  readonly host: string
  /** The same for UDP and TCP. */
  readonly port: number
}

/** The address and ports of a realm that listens. */
export interface RealmAddress extends ListenAddress {
  /** The port of the password server, the same for UDP and TCP. */
  readonly kpasswdPort: number
}

export interface Listener extends ListenAddress {
  close(): Promise<void>
}

/** Answers the messages that the sockets receive. */
export interface Answers {
  /** Undefined: nothing is sent. */
  overUdp(request: Uint8Array): Promise<Uint8Array | undefined>
  /** Undefined: the connection is closed. */
  overTcp(request: Uint8Array): Promise<Uint8Array | undefined>
  /** True: new connections are closed at once. */
  isDead(): boolean
  /** True: the length prefix announces nearly four gigabytes. */
  liesAboutLength(): boolean
}

/** Listens on UDP and TCP on one port, as clients expect. Source: RFC 4120 section 7.2. */
export async function listen(
  answers: Answers,
  { host = '127.0.0.1', port = 0 }: Pick<ListenOptions, 'host' | 'port'>,
): Promise<Listener> {
  for (let attempt = 1; ; attempt++) {
    const tcp = await listenOnTcp(answers, host, port)
    const address = { host, port: tcp.port }
    try {
      const udp = await listenOnUdp(answers, address)
      return { ...address, close: () => Promise.all([tcp.close(), udp.close()]).then(() => undefined) }
    } catch (error) {
      await tcp.close()
      if (port !== 0 || attempt === PORT_ATTEMPTS) throw error
    }
  }
}

function listenOnTcp(answers: Answers, host: string, port: number): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serveConnection(answers, socket)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve({ port: portOf(server), close: () => closeTcp(server, sockets) }))
  })
}

function closeTcp(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy()
  return new Promise((resolve) => server.close(() => resolve()))
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/**
 * Requests follow one another, each behind its length in four octets. Source: RFC 4120 section
 * 7.2.2.
 */
function serveConnection(answers: Answers, socket: Socket): void {
  let received = new Uint8Array(0)
  let turn = Promise.resolve()
  socket.on('error', () => socket.destroy())
  if (answers.isDead()) socket.destroy()
  socket.on('data', (chunk) => {
    received = concatenate(received, chunk)
    for (let length = lengthOf(received); length !== undefined; length = lengthOf(received)) {
      if (length > MAX_REQUEST_OCTETS) return void socket.destroy()
      if (received.length < 4 + length) return
      const request = received.slice(4, 4 + length)
      received = received.subarray(4 + length)
      turn = turn.then(() => answerOnce(answers, socket, request))
    }
  })
}

async function answerOnce(answers: Answers, socket: Socket, request: Uint8Array): Promise<void> {
  const reply = await answers.overTcp(request)
  if (reply === undefined || socket.destroyed) return void socket.destroy()
  const prefix = new Uint8Array(4)
  new DataView(prefix.buffer).setUint32(0, answers.liesAboutLength() ? 0xffff_fffe : reply.length)
  socket.write(concatenate(prefix, reply))
}

function lengthOf(received: Uint8Array): number | undefined {
  return received.length < 4 ? undefined : new DataView(received.buffer, received.byteOffset).getUint32(0)
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}

function listenOnUdp(answers: Answers, { host, port }: ListenAddress): Promise<{ close(): Promise<void> }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  let open = true
  socket.on('message', (message, from) => {
    void answers.overUdp(new Uint8Array(message)).then((reply) => {
      if (reply !== undefined && open) socket.send(reply, from.port, from.address)
    })
  })
  socket.once('close', () => (open = false))
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, host, () => {
      socket.off('error', reject)
      // A client that went away is no reason to stop.
      socket.on('error', () => undefined)
      resolve({ close: () => closeUdp(socket) })
    })
  })
}

function closeUdp(socket: DatagramSocket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}

/**
 * Larger than any real request: one with the evidence ticket of a user in a thousand groups has 100
 * kB.
 */
const MAX_REQUEST_OCTETS = 1 << 20

/** A port that is free on TCP is nearly always free on UDP. */
const PORT_ATTEMPTS = 10
