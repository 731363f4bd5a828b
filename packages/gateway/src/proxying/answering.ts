import type { IncomingMessage } from 'node:http'
import type { CallerRequest, ClientResponse } from '../requests/steps.js'
import type { AnswerHeaders } from './answer-headers.js'
import { cleanTrailers } from './sending.js'

/** Sends the answer of an inner server to the client, with its body and trailers as they come. */
export function answerWith(
  { request }: CallerRequest,
  response: ClientResponse,
  inner: IncomingMessage,
  headers: AnswerHeaders,
): void {
  const { statusCode = 502 } = inner
  const isNewer = request.httpVersionMajor > 1
  const isUnread = !request.complete && !request.readableEnded
  for (const name of Object.keys(headers)) response.setHeader(name, headers[name])
  // The rest of the body would be taken for the next request, or read for nothing.
  if (isUnread && !isNewer) response.setHeader('connection', 'close')
  if (mayHaveTrailers(request, inner, headers)) passTrailers(response, inner)
  response.statusCode = statusCode
  if (!isNewer && inner.statusMessage) response.statusMessage = inner.statusMessage
  inner.pipe(response)
}

/** Only a body whose end is marked can have some. */
function mayHaveTrailers(request: CallerRequest['request'], inner: IncomingMessage, headers: AnswerHeaders): boolean {
  // Node throws, outside of any request, where trailers are announced for an answer without a body.
  if (request.method === 'HEAD' || inner.statusCode === 204 || inner.statusCode === 304) return false
  return (
    request.httpVersion !== '1.0' &&
    headers['content-length'] === undefined &&
    inner.headers['transfer-encoding'] !== undefined
  )
}

function passTrailers(response: ClientResponse, inner: IncomingMessage): void {
  const { trailer } = inner.headers
  if (trailer !== undefined) response.setHeader('trailer', trailer)
  inner.once('end', () => {
    response.addTrailers(Object.fromEntries(cleanTrailers(inner.trailers)))
  })
}
