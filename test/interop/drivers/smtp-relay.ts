import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** Takes every message that Dovecot passes on, as the next server on its way would. */
export interface SmtpRelay extends AsyncDisposable {
  readonly port: number
  /** Each message with its envelope and its lines. */
  readonly messages: readonly string[]
}

export async function startSmtpRelay(address: string): Promise<SmtpRelay> {
  const messages: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    serve(socket, (message) => messages.push(message))
  })
  server.listen(0, address)
  await once(server, 'listening')
  const { port }: AddressInfo = Object(server.address())
  return {
    port,
    messages,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** What RFC 5321 needs of a server: commands are answered with 250, but DATA and QUIT. */
function serve(socket: Socket, keep: (message: string) => void): void {
  let rest = ''
  let message: string[] = []
  let isData = false
  socket.write('220 relay.ad.test\r\n')
  const take = (line: string): string | undefined => {
    message.push(line)
    if (isData && line !== '.') return undefined
    if (isData) {
      keep(message.join('\n'))
      message = []
      isData = false
      return '250 kept'
    }
    isData = /^DATA$/i.test(line)
    return isData ? '354 go on' : /^QUIT$/i.test(line) ? '221 bye' : '250 ok'
  }
  socket.on('data', (chunk) => {
    const lines = `${rest}${chunk.toString()}`.split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const answer = take(line)
      if (answer !== undefined) socket.write(`${answer}\r\n`)
    }
  })
}
