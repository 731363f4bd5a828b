import { encode, KrbError, type PaData, MethodData } from '@s4u/krb5'
import type { ListenAddress } from '@s4u/test-kdc'
import { createSocket, type RemoteInfo, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Forgery {
  readonly errorCode: number
  /** The clock of the one who forges. Default: that of this machine. */
  readonly stime?: number
  readonly crealm?: string
  readonly methods?: readonly PaData[]
}

/**
 * Somebody on the way to a KDC who sees each datagram and answers it before the KDC does, with
 * whatever error. TCP he leaves alone, or a firewall has closed it, or drops it.
 */
export class DatagramForger implements AsyncDisposable {
  /**
   * What he answers with, an error or whatever octets; undefined lets the datagram be. Called with
   * the request.
   */
  forge: (request: Uint8Array) => Forgery | Uint8Array | undefined = () => undefined
  /** Which requests never come to the KDC, nor its answers back. Default: none. */
  holdsBack: (request: Uint8Array) => boolean = () => false
  /** Datagrams that he answered. */
  forged = 0
  /** Connections that were made, and how many were open at most at one time. */
  connections = 0
  mostConnections = 0
  #now = 0
  readonly #ports = new Set<number>()
  readonly #kdc: ListenAddress
  readonly #udp: DatagramSocket
  readonly #tcp: Server
  readonly #open = new Set<{ destroy(): unknown }>()
  readonly #onward = new Set<DatagramSocket>()

  private constructor(kdc: ListenAddress, udp: DatagramSocket, tcp: Server) {
    this.#kdc = kdc
    this.#udp = udp
    this.#tcp = tcp
    udp.on('message', (request, from) => this.#answer(request, from))
  }

  /** `closed`: nothing listens; `dropped`: connections are made, and nothing ever comes back. */
  static async before(kdc: ListenAddress, tcp: 'open' | 'closed' | 'dropped' = 'open'): Promise<DatagramForger> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const udp = createSocket('udp4').bind(port, '127.0.0.1')
    await once(udp, 'listening')
    const forger = new DatagramForger(kdc, udp, server)
    if (tcp === 'closed') server.close()
    else server.on('connection', (socket) => forger.#pass(socket, tcp === 'open'))
    return forger
  }

  /** `127.0.0.1:PORT`, the KDC as its clients know it. */
  get address(): string {
    return `127.0.0.1:${this.#udp.address().port}`
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#now
  }

  /** Sockets from which datagrams came. */
  get ports(): number {
    return this.#ports.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    for (const socket of this.#onward) socket.close()
    this.#udp.close()
    if (this.#tcp.listening) await new Promise((resolve) => this.#tcp.close(resolve))
  }

  #answer(request: Uint8Array, from: RemoteInfo): void {
    this.#ports.add(from.port)
    const forgery = this.forge(request)
    if (forgery !== undefined) {
      this.forged++
      this.#udp.send(forgery instanceof Uint8Array ? forgery : forgedError(forgery), from.port, from.address)
    }
    if (this.holdsBack(request)) return
    const onward = createSocket('udp4')
    this.#onward.add(onward)
    onward.on('message', (answer) => {
      this.#onward.delete(onward)
      onward.close()
      this.#udp.send(answer, from.port, from.address)
    })
    onward.send(request, this.#kdc.port, this.#kdc.host)
  }

  #pass(socket: Socket, isOpen: boolean): void {
    this.connections++
    this.#open.add(socket)
    this.#now++
    this.mostConnections = Math.max(this.mostConnections, this.#now)
    socket.on('close', () => this.#now--)
    socket.on('error', () => socket.destroy())
    if (!isOpen) return void socket.resume()
    const onward = connect(this.#kdc.port, this.#kdc.host)
    this.#open.add(onward)
    socket.on('close', () => onward.destroy())
    onward.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.pipe(onward).pipe(socket)
  }
}

/** A KRB-ERROR as anybody can write it. */
export function forgedError({ errorCode, stime = Date.now(), crealm, methods }: Forgery): Uint8Array {
  return encode(KrbError, {
    stime: Math.floor(stime / 1_000) * 1_000,
    susec: 0,
    errorCode,
    ...(crealm !== undefined && { crealm }),
    realm: 'AD.TEST',
    sname: { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] },
    ...(methods && { eData: encode(MethodData, methods) }),
  })
}
