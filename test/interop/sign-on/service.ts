import type { ExchangeEvent } from '@s4u/acceptor'
import { createNegotiator, type NegotiatorOptions, respond, writeHeaders } from '@s4u/negotiate'
import { once } from 'node:events'
import { createServer } from 'node:http'

/** A service that says whom it sees, and remembers what its callers sent. */
export interface Service {
  readonly address: string
  readonly port: number
  /** One entry for each request: the token in its header, if it had one. */
  readonly requests: { readonly authorization: string | undefined }[]
  readonly exchanges: ExchangeEvent[]
  forget(): void
  close(): void
}

export async function openService(address: string, options: NegotiatorOptions): Promise<Service> {
  const requests: Service['requests'] = []
  const exchanges: ExchangeEvent[] = []
  const onEvent: NegotiatorOptions['onEvent'] = (event) => {
    if (event.kind === 'exchange') exchanges.push(event)
  }
  const negotiator = createNegotiator({ ...options, onEvent })
  const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    requests.push({ authorization: request.headers.authorization })
    const outcome = await negotiator.authenticate(request)
    if (outcome.status === 'challenge') return respond(response, outcome)
    writeHeaders(response, outcome.headers)
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(outcome.status === 'authenticated' ? outcome.identity : {}))
  })
  await once(server.listen(0, address), 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return {
    address,
    port: bound.port,
    requests,
    exchanges,
    forget() {
      requests.length = exchanges.length = 0
    },
    close() {
      server.close()
      server.closeAllConnections()
      negotiator[Symbol.dispose]()
    },
  }
}
