import { connect } from 'node:net'
import { UsageError } from '../usage-error.js'

type Ask = (signal: AbortSignal) => Promise<void>

/**
 * What asks each store whether it is there, for the doctor: a connection that is accepted. What the
 * store speaks is not known here; a program gives the doctor a question of its own.
 * @throws UsageError
 */
export function storesOf(addresses: readonly string[]): Readonly<Record<string, Ask>> {
  return Object.fromEntries(addresses.map((address) => [address, connecting(address)]))
}

function connecting(address: string): Ask {
  const { host, port } = parsed(address)
  return (signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port })
      const end = (settle: () => void): void => {
        signal.removeEventListener('abort', abort)
        socket.destroy()
        settle()
      }
      const abort = (): void => end(() => reject(signal.reason))
      signal.addEventListener('abort', abort, { once: true })
      socket.on('connect', () => end(resolve)).on('error', (error) => end(() => reject(error)))
    })
}

/** `redis.corp.test:6379`, `[2001:db8::1]:6379` */
function parsed(address: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(address) ?? []
  const [host, port] = [bracketed ?? plain, Number(digits)]
  if (host !== undefined && port > 0 && port <= 65_535) return { host, port }
  throw new UsageError('--store is no host with a port', 'Write --store redis.corp.test:6379.')
}
