import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { KdcAddress } from './kdc-address.js'

/**
 * A datagram each way. Connected, so that answers of others are dropped and a closed port is noticed at once. Each exchange has a
 * socket, and so a port, of its own: a late answer to one request never meets the next. Source: RFC 4120 section 7.2.1.
 */
export function exchangeOverUdp(
  { host, port }: KdcAddress,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return new Promise<Uint8Array>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', abort)
      if (open) socket.close()
      open = false
      settle()
    }
    const abort = (): void => end(() => reject(signal.reason))
    let open = true
    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', (error) => end(() => reject(error)))
    socket.on('message', (answer) => end(() => resolve(answer)))
    // A name that does not resolve is told to the callback, not to the listener.
    socket.connect(port, host, (failure?: Error) => {
      if (failure) end(() => reject(failure))
      else if (open) socket.send(request)
    })
  })
}
