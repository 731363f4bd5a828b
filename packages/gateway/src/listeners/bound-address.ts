import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { ConfigurationError, journalFor } from '@s4u/krb5'
import type { ListenerSettings } from '../configuration/gateway-options.js'
import { countConnections } from './connections-by-address.js'

type Limits = Pick<ListenerSettings['limits'], 'connections' | 'connectionsPerAddress'>

/**
 * An address where connections are taken. What serves them is not bound to it, so that other
 * settings need no other socket: between two of them connections would be refused.
 */
export interface BoundAddress {
  readonly info: AddressInfo
  /** Hands on the connections that come from now on; those before are closed. */
  serve(take: (socket: Socket) => void, limits: Limits): void
  /** Takes no more connections. The address is free at once. */
  close(): void
}

/**
 * @param own addresses that the gateway has already
 * @throws ConfigurationError
 */
export async function bindAddress(address: string, own: readonly AddressInfo[]): Promise<BoundAddress> {
  const server = createServer({ noDelay: true })
  await listen(server, address, own)
  const counts = countConnections()
  let serving: { readonly take: (socket: Socket) => void; readonly most: number } | undefined
  server.on('connection', (socket) => {
    if (serving === undefined) return void socket.destroy()
    if (counts.admits(socket, serving.most)) return serving.take(socket)
    tellRefused(address, 'connectionsPerAddress', serving.most)
    socket.destroy()
  })
  server.on('drop', () => tellRefused(address, 'connections', server.maxConnections))
  return {
    info: addressOf(server),
    serve(take, { connections, connectionsPerAddress }) {
      server.maxConnections = connections
      serving = { take, most: connectionsPerAddress }
    },
    close: () => void server.close(),
  }
}

/** The first of each kind is a warning; all are lines of the journal. */
function tellRefused(address: string, limit: 'connections' | 'connectionsPerAddress', most: number): void {
  journalFor().warn(`gateway ${limit}`, () => ({
    level: 'warn',
    text: `${address} refuses a connection: ${most} are open${limit === 'connections' ? '' : ' from its address'}`,
    hint: `listeners.limits.${limit} is how many may be.`,
  }))
}

function listen(server: Server, address: string, own: readonly AddressInfo[]): Promise<void> {
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, '$1')
  const port = Number(address.slice(at + 1))
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const inTheWay = own.find((one) => one.port === port)
      reject(cannotListen(address, cause, inTheWay))
    })
    server.listen({ port, ...(host !== '' && { host }) }, resolve)
  })
}

function addressOf(server: Server): AddressInfo {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('not listening on a port')
  return bound
}

function cannotListen(address: string, cause: Error, own: AddressInfo | undefined): ConfigurationError {
  const code = 'code' in cause ? String(cause.code) : cause.message
  const isOwn = code === 'EADDRINUSE' && own !== undefined
  return new ConfigurationError(`cannot listen on ${address}: ${code}`, {
    hint: isOwn
      ? `The gateway itself listens on ${textOf(own)}. Start it again for another address with the same port.`
      : 'EADDRINUSE: another program listens there. EACCES: ports below 1024 need a capability (CAP_NET_BIND_SERVICE).',
    cause,
  })
}

function textOf({ address, port }: AddressInfo): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
