/**
 * Sends a request to change a password. It must not be made twice: a second try gets another answer
 * than the first one (the password is too young, or was used before). So it goes to the next server
 * only while it has reached none, and goes by UDP only if TCP is closed.
 */

import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect, isIPv6, type Socket } from 'node:net'
import type { FailedAttempt } from '../errors/kdc-errors.js'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { exchangeOverHttps } from './https-proxy.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import { framed, ReplyReader } from './tcp-exchange.js'

/** A request to change a password, on its way to the password servers of a realm. */
export interface PasswordChangeRequest {
  readonly realm: string
  readonly request: Uint8Array
  readonly ended: AbortSignal
  readonly proxyTrust: ProxyTrust | undefined
  /** Each failure so far, for the error message. */
  readonly attempts: FailedAttempt[]
  /**
   * Called when a server may have got the request: from then on the password may have been changed.
   */
  onSent(): void
}

type Exchange = (address: KdcAddress, change: PasswordChangeRequest) => Promise<Uint8Array>

/** The request has reached no server. */
class NotSent extends Error {}

/**
 * The longest wait for a connection; milliseconds. A server that is down must not use up the time
 * of the others.
 */
const CONNECT_WITHIN = 2_000

/**
 * The wait before a datagram is sent again; milliseconds. It doubles each time. The server
 * recognizes the request by its authenticator.
 */
const SEND_AGAIN_AFTER = 1_000

/**
 * Returns the answer of the first server that can be reached; undefined if none can.
 *
 * @throws what failed after the request was sent
 */
export async function askPasswordServers(
  addresses: readonly KdcAddress[],
  change: PasswordChangeRequest,
): Promise<Uint8Array | undefined> {
  for (const protocol of ['https', 'tcp', 'udp'] as const) {
    for (const address of addresses) {
      if (!speaks(address, protocol)) continue
      const name = `${protocol}/${formatKdcAddress(address)}`
      try {
        return await EXCHANGES[protocol](address, change)
      } catch (error) {
        change.ended.throwIfAborted()
        change.attempts.push({ address: name, reason: reasonOf(error) })
        if (!(error instanceof NotSent)) throw error
      }
    }
  }
  return undefined
}

function speaks(address: KdcAddress, protocol: 'https' | 'tcp' | 'udp'): boolean {
  return address.protocol === undefined ? protocol !== 'https' : address.protocol === protocol
}

const overTcp: Exchange = async ({ host, port }, change) => {
  const socket = await connected(connect({ host, port, noDelay: true }), change.ended)
  try {
    const reply = new ReplyReader()
    const answer = new Promise<Uint8Array>((resolve, reject) => {
      socket.on('data', (chunk) => {
        const read = reply.add(chunk)
        if (read.kind === 'complete') resolve(read.answer)
        if (read.kind === 'too-long') reject(new Error(`it announced an answer of ${read.length} octets`))
      })
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the connection was closed before the answer was complete')))
      change.ended.addEventListener('abort', () => reject(change.ended.reason), { once: true })
    })
    change.onSent()
    socket.write(framed(change.request))
    return await answer
  } finally {
    socket.destroy()
  }
}

function connected(socket: Socket, ended: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      socket.destroy()
      reject(new NotSent(reason))
    }
    const timer = setTimeout(() => fail(`no connection within ${CONNECT_WITHIN} ms`), CONNECT_WITHIN)
    const abort = (): void => fail('aborted')
    ended.addEventListener('abort', abort, { once: true })
    const settle = (then: () => void): void => {
      clearTimeout(timer)
      ended.removeEventListener('abort', abort)
      then()
    }
    // This handler stays: a later error must not end the process.
    socket.on('error', (error) => settle(() => fail(reasonOf(error))))
    socket.once('connect', () => settle(() => resolve(socket)))
    socket.once('close', () => settle(() => reject(new NotSent('closed'))))
  })
}

const overUdp: Exchange = async ({ host, port }, change) => {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  let timer: NodeJS.Timeout | undefined
  let isSentAgain = false
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      change.ended.addEventListener('abort', () => reject(change.ended.reason), { once: true })
      // A closed port reports itself, and then no server has the request. If the datagram was sent
      // before, it may have reached a server that has stopped since.
      socket.on('error', (error) => reject(isSentAgain ? error : new NotSent(reasonOf(error))))
      socket.on('message', resolve)
      socket.connect(port, host, (failure?: Error) => {
        if (failure) return reject(new NotSent(reasonOf(failure)))
        change.onSent()
        timer = sendUntilAnswered(socket, change.request, (next) => {
          isSentAgain = true
          timer = next
        })
      })
    })
  } finally {
    clearTimeout(timer)
    socket.close()
  }
}

function sendUntilAnswered(
  socket: UdpSocket,
  request: Uint8Array,
  onTimer: (timer: NodeJS.Timeout) => void,
  wait = SEND_AGAIN_AFTER,
): NodeJS.Timeout {
  socket.send(request)
  return setTimeout(() => onTimer(sendUntilAnswered(socket, request, onTimer, wait * 2)), wait)
}

const overHttps: Exchange = async (address, { realm, request, ended, proxyTrust, onSent }) => {
  // A proxy does not tell how far the request has come.
  onSent()
  return exchangeOverHttps(address, realm, request, ended, proxyTrust)
}

const EXCHANGES: Readonly<Record<'https' | 'tcp' | 'udp', Exchange>> = { https: overHttps, tcp: overTcp, udp: overUdp }

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error && error.message !== '' ? error.message : 'failed'
}
