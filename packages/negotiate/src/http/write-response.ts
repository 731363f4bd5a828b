/**
 * Writes outcomes to responses. All frameworks share this part, since each is built on `node:http`.
 */

import { constants } from 'node:http2'
import type { Challenge, ResponseHeaders } from './response.js'

/** A `ServerResponse` of `node:http` or `node:http2`. */
export interface HeaderTarget {
  getHeader(name: string): number | string | readonly string[] | undefined
  setHeader(name: string, value: string | readonly string[]): unknown
}

/**
 * A response that can be ended with a status and a body: a `ServerResponse` of `node:http` or
 * `node:http2`.
 */
export interface ResponseTarget extends HeaderTarget {
  statusCode: number
  end(body: string): unknown
  /** Only HTTP/2 has it. */
  readonly stream?: { close(code: number): void }
}

/**
 * Adds headers to a response. Cookies and challenges that the app or another scheme has set stay.
 *
 * ```ts
 * import { createServer } from 'node:http'
 * import { createNegotiator, writeHeaders } from '@s4u/negotiate'
 *
 * const negotiator = createNegotiator({ keytab: 'web.keytab', mode: 'optional' })
 * createServer(async (request, response) => {
 *   const { headers } = await negotiator.authenticate(request)
 *   writeHeaders(response, headers)
 *   response.end()
 * })
 * ```
 */
export function writeHeaders(response: HeaderTarget, headers: ResponseHeaders): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'Vary') {
      response.setHeader(name, joinedVary(listOf(response.getHeader(name)), listOf(value)))
      continue
    }
    const before = name === 'Set-Cookie' || name === 'WWW-Authenticate' ? listOf(response.getHeader(name)) : []
    const added = listOf(value).filter((one) => !before.includes(one))
    const all = [...before, ...added]
    response.setHeader(name, all.length === 1 ? all[0] : all)
  }
}

/**
 * Lists each name once, in any letter case; a star stands for all names. RFC 9110 section 12.5.5.
 */
function joinedVary(...lists: readonly (readonly string[])[]): string {
  const names = lists.flat().flatMap((line) => line.split(',').map((name) => name.trim()))
  if (names.includes('*')) return '*'
  const byName = new Map(names.filter(Boolean).map((name) => [name.toLowerCase(), name]))
  return [...byName.values()].join(', ')
}

/**
 * Sends a challenge as the response, or resets the HTTP/2 stream.
 *
 * ```ts
 * import { createServer } from 'node:http'
 * import { createNegotiator, respond } from '@s4u/negotiate'
 *
 * const negotiator = createNegotiator({ keytab: 'web.keytab' })
 * createServer(async (request, response) => {
 *   const outcome = await negotiator.authenticate(request)
 *   if (outcome.status === 'challenge') return respond(response, outcome)
 *   response.end('known')
 * })
 * ```
 */
export function respond(response: ResponseTarget, challenge: Challenge): void {
  const { statusCode, headers, body, http1Required = false } = challenge
  if (http1Required && response.stream !== undefined) {
    response.stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED)
    return
  }
  response.statusCode = statusCode
  writeHeaders(response, headers)
  response.end(body)
}

function listOf(value: number | string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return []
  return typeof value === 'object' ? value : [String(value)]
}
