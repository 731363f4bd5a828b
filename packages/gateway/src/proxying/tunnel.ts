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
  /**
   * Calls a function when the session of the caller has ended early. Returns what ends the watch.
   */
  readonly watch?: (end: () => void) => () => void
  /** Called when the inner server has answered. */
  begun(): void
  /** Called at once when it has broken off, or its answer must not pass. */
  refuse(error: unknown): void
}

/**
 * Listens to a handshake before the library does, which writes to the client what it finds: only
 * an answer that the credential lets pass gets there.
 */
export function prepareTunnel(
  sending: OutgoingRequest,
  request: CallerRequest,
  client: Socket,
  rules: UpgradeRules,
): void {
  limitTime(sending, request)
  const passes = (answer: IncomingMessage): boolean => judgePasses(answer, rules)
  // The library begins to listen when this function has returned.
  queueMicrotask(() => {
    beforeOthers(sending, 'upgrade', (answer: IncomingMessage, inner: Socket) => {
      if (!passes(answer)) return ended(inner)
      const { upgrade } = answer.headers
      replaceHeaders(answer, request, rules)
      rules.begun()
      // Another protocol is no WebSocket, and all rules would end with it.
      if (upgrade?.toLowerCase() !== 'websocket') return ended(inner, client)
      Object.assign(answer.headers, { connection: 'Upgrade', upgrade: 'websocket' })
      // The library sets its own time limits first.
      queueMicrotask(() => tie(client, inner, request, rules))
      return 'goes on'
    })
    beforeOthers(sending, 'response', (answer: IncomingMessage) => {
      if (!passes(answer)) return ended(answer)
      replaceHeaders(answer, request, rules)
      rules.begun()
      return 'goes on'
    })
  })
}

/** Returns whether an answer may go to the client, who is told the reason in its place if not. */
function judgePasses({ statusCode = 0, headers }: IncomingMessage, { credential, refuse }: UpgradeRules): boolean {
  const challenges = challengesOf(headers['www-authenticate'] ?? [])
  const verdict = credential.judge({ statusCode, challenges, mayRetry: false })
  if (verdict.use === 'refuse') refuse(verdict.error)
  return verdict.use !== 'refuse'
}

/** Calls a function before those that listen already, and these only where it goes on. */
function beforeOthers<Found extends readonly unknown[]>(
  sending: OutgoingRequest,
  event: 'upgrade' | 'response',
  first: (...found: Found) => 'goes on' | 'ended',
): void {
  const others = sending.listeners(event)
  sending.removeAllListeners(event)
  sending.once(event, (...found: Found) => {
    if (first(...found) === 'ended') return
    for (const other of others) Reflect.apply(other, sending, found)
  })
}

function ended(...sides: readonly (Socket | IncomingMessage)[]): 'ended' {
  for (const side of sides) side.destroy()
  return 'ended'
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

function tie(client: Socket, inner: Socket, { site }: CallerRequest, { lastsFor, watch }: UpgradeRules): void {
  const end = (): void => void ended(inner, client)
  inner.setTimeout(site.idleTime, end)
  const timer = lastsFor === undefined ? undefined : setTimeout(end, Math.min(Math.max(lastsFor, 0), LONGEST)).unref()
  const endWatch = watch?.(end)
  client.once('close', () => {
    endWatch?.()
    clearTimeout(timer)
    inner.destroy()
  })
  inner.once('close', () => setTimeout(end, LINGER).unref())
  for (const side of [client, inner]) side.once('end', () => setTimeout(end, LINGER).unref())
}

/** Timers of Node take no more: 24 days. Milliseconds. */
const LONGEST = 2 ** 31 - 1
