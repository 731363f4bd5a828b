/**
 * A request to change a password, which is not to be made twice: unlike a ticket, the second answer
 * is another one (too young, used before). So it goes to the next server only as long as it has
 * reached none, and by UDP only where TCP is closed.
 */

import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect, isIPv6, type Socket } from 'node:net'
import type { FailedAttempt } from '../errors/kdc-errors.js'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { exchangeOverHttps } from './https-proxy.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import { framed, ReplyReader } from './tcp-exchange.js'

/** One on its way to the password servers of its realm. */
export interface ChangeErrand {
  readonly realm: string
  readonly request: Uint8Array
  readonly ended: AbortSignal
  readonly proxyTrust: ProxyTrust | undefined
  /** What went wrong so far, for the error. */
  readonly attempts: FailedAttempt[]
  /** A server may have it: whatever happens now, the password may have been changed. */
  onSent(): void
}

type Way = (address: KdcAddress, errand: ChangeErrand) => Promise<Uint8Array>

/** The request has reached nobody. */
class NotSent extends Error {}

/** A machine that is off must not take the time of those that are not; milliseconds. */
const CONNECT_WITHIN = 2_000

/**
 * After this a datagram is sent again, then after twice as long; the server knows it by its
 * authenticator. Milliseconds.
 */
const SEND_AGAIN_AFTER = 1_000

/**
 * The answer of the first server that can be reached; undefined when none can. @throws what
 * happened after it was sent
 */
export async function askPasswordServers(
  addresses: readonly KdcAddress[],
  errand: ChangeErrand,
): Promise<Uint8Array | undefined> {
  for (const protocol of ['https', 'tcp', 'udp'] as const) {
    for (const address of addresses) {
      if (!speaks(address, protocol)) continue
      const name = `${protocol}/${formatKdcAddress(address)}`
      try {
        return await WAYS[protocol](address, errand)
      } catch (error) {
        errand.ended.throwIfAborted()
        errand.attempts.push({ address: name, reason: reasonOf(error) })
        if (!(error instanceof NotSent)) throw error
      }
    }
  }
  return undefined
}

function speaks(address: KdcAddress, protocol: 'https' | 'tcp' | 'udp'): boolean {
  return address.protocol === undefined ? protocol !== 'https' : address.protocol === protocol
}

const overTcp: Way = async ({ host, port }, errand) => {
  const socket = await connected(connect({ host, port, noDelay: true }), errand.ended)
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
      errand.ended.addEventListener('abort', () => reject(errand.ended.reason), { once: true })
    })
    errand.onSent()
    socket.write(framed(errand.request))
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
    // One handler for good: an error later must not end the process.
    socket.on('error', (error) => settle(() => fail(reasonOf(error))))
    socket.once('connect', () => settle(() => resolve(socket)))
    socket.once('close', () => settle(() => reject(new NotSent('closed'))))
  })
}

const overUdp: Way = async ({ host, port }, errand) => {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  let timer: NodeJS.Timeout | undefined
  let isSentAgain = false
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      errand.ended.addEventListener('abort', () => reject(errand.ended.reason), { once: true })
      // A port that is closed says so, and then nobody has it; but the first one may have come to a
      // server that is gone since.
      socket.on('error', (error) => reject(isSentAgain ? error : new NotSent(reasonOf(error))))
      socket.on('message', resolve)
      socket.connect(port, host, (failure?: Error) => {
        if (failure) return reject(new NotSent(reasonOf(failure)))
        errand.onSent()
        timer = sendUntilAnswered(socket, errand.request, (next) => {
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

const overHttps: Way = async (address, { realm, request, ended, proxyTrust, onSent }) => {
  // A proxy says nothing of how far the request has come.
  onSent()
  return exchangeOverHttps(address, realm, request, ended, proxyTrust)
}

const WAYS: Readonly<Record<'https' | 'tcp' | 'udp', Way>> = { https: overHttps, tcp: overTcp, udp: overUdp }

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error && error.message !== '' ? error.message : 'failed'
}
