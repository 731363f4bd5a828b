import { STATUS_CODES } from 'node:http'
import type { Page } from '../operation/operation.js'
import { hasBody } from '../proxying/inner-headers.js'
import type { ClientRequest, ReplyTo } from '../requests/steps.js'

/** Writes a page of the gateway itself; nothing where an answer has begun. */
export function writePage(replyTo: ReplyTo, request: ClientRequest, page: Page): void {
  if (replyTo.kind === 'upgrade') return writeToSocket(replyTo, page)
  const { response } = replyTo
  if (response.headersSent) return void response.destroy()
  response.statusCode = page.statusCode
  for (const [name, value] of Object.entries(page.headers)) response.setHeader(name, value)
  // The rest of the body would be taken for the next request, or read for nothing. A request that
  // is answered at once is never complete yet, with a body or without.
  if (request.httpVersionMajor === 1 && !request.complete && hasBody(request)) response.setHeader('connection', 'close')
  response.end(request.method === 'HEAD' ? '' : page.body)
}

function writeToSocket({ socket }: Extract<ReplyTo, { kind: 'upgrade' }>, { statusCode, headers, body }: Page): void {
  if (!socket.writable) return
  const octets = Buffer.from(body)
  const fields = Object.entries({ ...headers, 'Content-Length': String(octets.length), Connection: 'close' })
  const lines = fields.flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one.replace(/[\r\n]+/g, ' ')}`),
  )
  const head = [`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? ''}`, ...lines].join('\r\n')
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), octets]))
  // Frees the socket also where the client does not close its side.
  socket.resume().once('finish', () => socket.destroy())
}
