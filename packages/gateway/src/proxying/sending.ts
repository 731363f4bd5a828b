import type { ClientRequest as OutgoingRequest, IncomingHttpHeaders } from 'node:http'
import { Socket } from 'node:net'
import { InnerServerError } from '../requests/inner-server-error.js'
import { HOP_BY_HOP, isIdentityHeader, plainHeaderName } from '../requests/header-names.js'
import type { CallerRequest } from '../requests/steps.js'
import { hasBody, namesGivenBy } from './inner-headers.js'

/** Gives a request that is about to go inside its time limits, its trailers and its `Expect`. */
export function prepareSending(sending: OutgoingRequest, request: CallerRequest): void {
  limitTime(sending, request)
  if (!hasBody(request.request)) return
  passTrailers(sending, request)
  passExpect(sending, request)
}

/** Until the connection is there, until the answer begins, and then without an octet. */
export function limitTime(sending: OutgoingRequest, { site }: CallerRequest): void {
  const fail = (what: string): void => void sending.destroy(tooLate(what, site.hosts[0], site.answerTime))
  sending.setTimeout(site.answerTime, () => fail('answered nothing for'))
  // Afterwards the time without an octet counts, not the time until the answer.
  sending.once('response', () => sending.setTimeout(site.idleTime))
  const { socket } = sending
  if (!(socket instanceof Socket) || !socket.connecting) return
  const timer = setTimeout(() => fail('could not be connected to within'), site.answerTime)
  sending.once('close', () => clearTimeout(timer))
  socket.once('connect', () => clearTimeout(timer))
}

function tooLate(what: string, host: string, time: number): InnerServerError {
  return new InnerServerError(`the inner server of ${host} ${what} ${time} ms`, {
    code: 'S4U_TIMEOUT',
    status: 504,
    hint: 'See whether it works at all; answerTime of the site is how long the gateway waits.',
  })
}

/**
 * Before the body is ended, which the library does when the client has ended it. RFC 9110 section
 * 6.5.
 */
function passTrailers(sending: OutgoingRequest, { request, site }: CallerRequest): void {
  const isOurs = namesGivenBy(site)
  request.prependOnceListener('end', () => {
    const trailers = cleanTrailers(request.trailers).filter(([name]) => !isOurs(name))
    if (trailers.length > 0 && sending.getHeader('transfer-encoding') !== undefined) sending.addTrailers(trailers)
  })
}

/** A trailer must not bring what a header may not. */
export function cleanTrailers(trailers: IncomingHttpHeaders | NodeJS.Dict<string>): [string, string][] {
  return Object.entries(trailers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' && !name.startsWith(':') && isFreeTrailer(name) ? [[name, value]] : [],
  )
}

const NEVER_A_TRAILER =
  /^(?:host|content-|authorization|cookie|set-cookie|www-authenticate|location|cache-control|expect|proxy$)/

function isFreeTrailer(name: string): boolean {
  const plain = plainHeaderName(name)
  return !HOP_BY_HOP.has(plain) && !isIdentityHeader(name) && !NEVER_A_TRAILER.test(plain)
}

/** The inner server may refuse before the client sends its body. RFC 9110 section 10.1.1. */
function passExpect(sending: OutgoingRequest, { request, replyTo }: CallerRequest): void {
  if (request.headers.expect?.toLowerCase() !== '100-continue' || replyTo.kind !== 'response') return
  const { response } = replyTo
  sending.setHeader('expect', '100-continue')
  sending.flushHeaders()
  sending.once('continue', () => response.writeContinue())
}
