import { createNegotiator, type Negotiator, type NegotiatorOptions, respond, writeHeaders } from '@s4u/negotiate'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { RealmInfo } from '../../realms/realm-info.js'
import { selfSigned } from '../../stories/fixtures/certificate.js'

export interface RealSite extends AsyncDisposable {
  readonly negotiator: Negotiator
  /** The errors of refusals, in order. */
  readonly refused: unknown[]
  readonly url: string
  readonly port: number
}

/**
 * A site with the keys of a real realm that says who comes, how, and whom a backend would see.
 *
 * @param tls the name in its certificate; without it the site speaks HTTP
 */
export async function startRealSite(
  { kdc, services }: RealmInfo,
  options: Partial<NegotiatorOptions>,
  tls?: string,
): Promise<RealSite> {
  const refused: unknown[] = []
  const negotiator = createNegotiator({
    keytab: services.web.keytab,
    kdc: `${kdc.host}:${kdc.port}`,
    delegation: { principal: 'svc-web', protocolTransition: true },
    session: { kind: 'cookie', keys: ['k'.repeat(32)], secure: false },
    signInOptions: { attempts: { pace: 0 } },
    onFailed: ({ error }) => void refused.push(error),
    ...options,
  })
  const answer = async (request: IncomingMessage) => {
    const outcome = await negotiator.authenticate(request)
    if (outcome.status !== 'authenticated') return { outcome, body: '' }
    const { principal, authenticationMethod: how, sid } = outcome.identity
    const backend = await outcome.identity.impersonate().ticketFor(services.api.spn)
    return { outcome, body: JSON.stringify({ principal, how, sid, backendSees: backend.client.name.nameString }) }
  }
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    request.resume()
    answer(request).then(
      ({ outcome, body }) => {
        if (outcome.status === 'challenge') return respond(response, outcome)
        writeHeaders(response, outcome.headers)
        response.end(body)
      },
      (error: Error) => response.writeHead(500).end(error.message),
    )
  }
  // Machines that test have much else to do between two messages of a handshake.
  const settings = { maxHeaderSize: 65_536, keepAliveTimeout: 60_000 }
  const server =
    tls === undefined
      ? createServer(settings, listener)
      : createTlsServer({ ...settings, ...selfSigned(tls) }, listener)
  // The system resets whoever waits too long: by default no more than some hundred wait.
  const where = { port: 0, host: '127.0.0.1', backlog: 4_096 }
  await new Promise<void>((resolve) => void server.listen(where, resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ negotiator, refused, port, url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/` },
    async [Symbol.asyncDispose]() {
      negotiator[Symbol.dispose]()
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}
