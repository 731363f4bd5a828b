import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { selfSigned } from '../../stories/fixtures/certificate.js'

export interface TlsRelay extends AsyncDisposable {
  readonly port: number
}

/**
 * Somebody between: TLS ends here, with another certificate of the same name, and everything is
 * passed on to the site over TLS of its own.
 */
export async function startTlsRelay(name: string, { port: target }: { readonly port: number }): Promise<TlsRelay> {
  const server = createServer(selfSigned(name), (client) => {
    const site = connect({ host: '127.0.0.1', port: target, rejectUnauthorized: false })
    client.pipe(site).pipe(client)
    for (const one of [client, site])
      one.on('error', () => {}).on('close', () => [client, site].forEach((socket) => socket.destroy()))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: async () => void server.close() }
}
