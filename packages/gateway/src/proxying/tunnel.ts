import type { ClientRequest as OutgoingRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { InnerCredential } from '../delegation/site-delegation.js'
import type { CallerRequest } from '../requests/steps.js'
import { answerHeaders, type AnswerHeadersFor, challengesOf } from './answer-headers.js'
import { limitTime } from './sending.js'

/** The client of a handshake. */
export interface UpgradingClient {
  readonly socket: Socket
  readonly head: Buffer
}

export interface UpgradeRules extends AnswerHeadersFor {
  readonly credential: InnerCredential
  /** Lines of the answer that the sign-in adds. */
  readonly ownLines: readonly string[]
  /** How long the caller's session or ticket still lasts, milliseconds. */
  readonly lastsFor: number | undefined
  /** Called when the inner server has answered. */
  begun(): void
  /** Called at once when it has broken off: the socket is closed right after it. */
  refuse(error: unknown): void
}

/**
 * Listens to a handshake before the library does, which writes to the client what it finds then.
 */
export function prepareTunnel(
  sending: OutgoingRequest,
  request: CallerRequest,
  client: Socket,
  rules: UpgradeRules,
): void {
  limitTime(sending, request)
  sending.once('upgrade', (answer: IncomingMessage, inner: Socket) => {
    const { upgrade } = answer.headers
    replaceHeaders(answer, request, rules)
    rules.begun()
    // Another protocol is no WebSocket, and all rules would end with it.
    if (upgrade?.toLowerCase() !== 'websocket') return breakOff(client, inner)
    Object.assign(answer.headers, { connection: 'Upgrade', upgrade: 'websocket' })
    // The library sets its own time limits first.
    queueMicrotask(() => tie(client, inner, request, rules))
  })
  sending.once('response', (answer: IncomingMessage) => {
    const { statusCode = 0, headers } = answer
    const challenges = challengesOf(headers['www-authenticate'] ?? [])
    rules.credential.judge({ statusCode, challenges, mayRetry: false })
    replaceHeaders(answer, request, rules)
    rules.begun()
  })
}

function breakOff(client: Socket, inner: Socket): void {
  inner.destroy()
  client.destroy()
}

function replaceHeaders(answer: IncomingMessage, request: CallerRequest, rules: UpgradeRules): void {
  const { 'transfer-encoding': coding } = answer.headers
  const lines = rules.ownLines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
  const own = [...rules.own, ...lines.map(([name, value]) => ({ [name]: value }))]
  const headers = answerHeaders(request, answer, { ...rules, own })
  for (const name of Object.keys(answer.headers)) delete answer.headers[name]
  // The library frames a body as the inner server did.
  Object.assign(answer.headers, headers, coding !== undefined && { 'transfer-encoding': coding })
}

/** What one side leaves unread when the other has gone is not waited for longer. */
const LINGER = 2_000

function tie(client: Socket, inner: Socket, { site }: CallerRequest, { lastsFor }: UpgradeRules): void {
  const end = (): void => breakOff(client, inner)
  inner.setTimeout(site.idleTime, end)
  client.once('close', () => inner.destroy())
  for (const side of [client, inner])
    for (const event of ['end', 'close']) side.once(event, () => setTimeout(end, LINGER).unref())
  if (lastsFor === undefined) return
  const timer = setTimeout(end, Math.min(Math.max(lastsFor, 0), LONGEST)).unref()
  client.once('close', () => clearTimeout(timer))
}

/** Timers of Node take no more: 24 days. */
const LONGEST = 2 ** 31 - 1
