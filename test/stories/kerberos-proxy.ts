import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { acceptorOf, type Service } from './kerberos-backend.js'

export interface ProxySite extends AsyncDisposable {
  /** `http://127.0.0.1:3128` */
  readonly url: string
  /** `GET http://api.ad.test/ alice@AD.TEST`, or `undefined` for whoever did not say who comes. */
  readonly seen: string[]
}

/**
 * A corporate proxy: says 407 until it knows who comes, then lets CONNECT and absolute forms
 * through.
 */
export async function kerberosProxy(service: Service, { wants = 'negotiate' } = {}): Promise<ProxySite> {
  const acceptor = acceptorOf(service)
  const seen: string[] = []
  const judge = async ({ method, url, headers }: IncomingMessage): Promise<string | undefined> => {
    const authorization = headers['proxy-authorization']
    const parsed = parseAuthorization(Array.isArray(authorization) ? authorization[0] : authorization)
    const outcome = parsed.status === 'token' ? await acceptor.accept(parsed.token) : undefined
    const who = outcome?.status === 'accepted' ? outcome.identity.principal : undefined
    seen.push(`${method} ${url} ${who}`)
    if (wants === 'nothing') return ''
    if (wants === 'basic') return undefined
    reply = outcome?.reply && formatChallenge(outcome.reply)
    return who
  }
  let reply: string | undefined
  const challenge = () => (wants === 'basic' ? 'Basic realm="proxy"' : (reply ?? 'Negotiate'))
  const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    if ((await judge(request)) === undefined) {
      response.writeHead(407, { 'proxy-authenticate': challenge() }).end('who?')
      return
    }
    const headers = { ...request.headers }
    delete headers['proxy-authorization']
    const onward = httpRequest(request.url ?? '', { method: request.method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => void sockets.add(socket))
  server.on('connect', async (request: IncomingMessage, socket: Socket) => {
    if ((await judge(request)) === undefined) {
      socket.end(
        `HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: ${challenge()}\r\nContent-Length: 0\r\n\r\n`,
      )
      return
    }
    const { hostname, port } = new URL(`http://${request.url}`)
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    sockets.add(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
