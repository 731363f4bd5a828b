import { createNtlmAcceptor, type NtlmAcceptor, ntlmMessageType, type NtlmOptions } from '@s4u/ntlm'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface NtlmServer extends AsyncDisposable {
  readonly url: string
  readonly acceptor: NtlmAcceptor
  /** What was refused, in order. */
  readonly refusals: unknown[]
}

/** A server that says who comes, with the acceptor alone: no negotiator, no session. */
export async function startNtlmServer(options: NtlmOptions): Promise<NtlmServer> {
  const acceptor = createNtlmAcceptor(options)
  const refusals: unknown[] = []
  const server = createServer((request, response) => {
    request.resume()
    answer(acceptor, request).then(
      ({ status, challenge, body }) =>
        response.writeHead(status, challenge === undefined ? {} : { 'WWW-Authenticate': challenge }).end(body),
      (error: unknown) => {
        refusals.push(error)
        response.writeHead(403).end()
      },
    )
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ acceptor, refusals, url: `http://127.0.0.1:${port}/` },
    async [Symbol.asyncDispose]() {
      acceptor.close()
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}

async function answer(acceptor: NtlmAcceptor, { headers, socket }: IncomingMessage) {
  const token = /^NTLM (.*)$/.exec(headers.authorization ?? '')?.[1]
  if (token === undefined) return { status: 401, challenge: 'NTLM', body: '' }
  const octets = new Uint8Array(Buffer.from(token, 'base64'))
  if (ntlmMessageType(octets) === 1) {
    const challenge = `NTLM ${Buffer.from(acceptor.challenge(octets, socket)).toString('base64')}`
    return { status: 401, challenge, body: '' }
  }
  return { status: 200, challenge: undefined, body: JSON.stringify(await acceptor.open(octets, socket).verify()) }
}
