import type { IncomingMessage } from 'node:http'
import { S4uError } from '@s4u/krb5'
import type { ChosenMember, FarmMember } from '../farm/farm.js'
import type { InnerCredential } from '../delegation/site-delegation.js'
import { answerHeaders, challengesOf } from '../proxying/answer-headers.js'
import { answerWith } from '../proxying/answering.js'
import { connectionOwner } from '../proxying/connection-owner.js'
import { limitIdle } from '../proxying/idle-limits.js'
import { hasBody, innerHeaders } from '../proxying/inner-headers.js'
import type { Destination, Proxy } from '../proxying/proxy.js'
import { InnerServerError } from '../requests/inner-server-error.js'
import type { CallerRequest, ClientResponse } from '../requests/steps.js'
import type { RunningSite } from './running-site.js'
import { whileThere } from './while-there.js'

export interface Inside {
  readonly site: RunningSite
  readonly proxy: Proxy
  readonly now: () => number
  /** Told which member serves the request. */
  readonly onMember: (member: FarmMember) => void
}

/**
 * Lets an inner server answer a request: chooses one, proves to it who calls, sends the request,
 * and passes the answer on.
 * @throws S4uError while nothing has gone to the client
 */
export async function answerFromInside(
  request: CallerRequest,
  response: ClientResponse,
  inside: Inside,
): Promise<void> {
  limitIdle(request, response)
  const { chosen, answer } = await whileThere(request.request, response, (gone) =>
    firstAnswer(request, response, inside, gone),
  )
  const { delegation, pools, isOwnCookie, onOwnCookie } = inside.site
  if (remembers(answer)) pools.keepApart(chosen.member)
  const headers = answerHeaders(request, answer, {
    url: chosen.member.url,
    passesChallenges: delegation.passesChallenges,
    isOwnCookie,
    onOwnCookie: () => onOwnCookie(request),
    own: [request.answerHeaders, chosen.answerHeaders],
  })
  answerWith(request, response, answer, headers)
}

interface FirstAnswer {
  readonly chosen: ChosenMember
  readonly answer: IncomingMessage
}

/** The answer of the first member that can be reached. */
async function firstAnswer(
  request: CallerRequest,
  response: ClientResponse,
  inside: Inside,
  signal: AbortSignal,
): Promise<FirstAnswer> {
  const tried: FarmMember[] = []
  for (;;) {
    const chosen = inside.site.farm.choose(request, tried)
    const { member } = chosen
    inside.onMember(member)
    const credential = await credentialAt(chosen, request, inside, signal)
    try {
      const answer = await judgedAnswer(request, response, { inside, member, credential })
      // Busy until the answer is over.
      answer.once('close', () => chosen.ended('answered'))
      return { chosen, answer }
    } catch (error) {
      chosen.ended(isOfMember(error) ? 'unreachable' : 'unknown')
      tried.push(member)
      if (
        !isOfMember(error) ||
        !mayRetry(request) ||
        !mayHappenTwice(request, error) ||
        tried.length >= inside.site.farm.members.length
      )
        throw error
    }
  }
}

/** Where no credential can be had, nothing goes to the member. */
async function credentialAt(
  { member, ended }: ChosenMember,
  request: CallerRequest,
  { site }: Inside,
  signal: AbortSignal,
): Promise<InnerCredential> {
  try {
    return await site.delegation.credentialFor(request, member, signal)
  } catch (error) {
    ended('unknown')
    throw error
  }
}

interface Sending {
  readonly inside: Inside
  readonly member: FarmMember
  readonly credential: InnerCredential
}

/** The answer, or that to a second request where the first was refused for its ticket alone. */
async function judgedAnswer(
  request: CallerRequest,
  response: ClientResponse,
  sending: Sending,
): Promise<IncomingMessage> {
  const answer = await sendOnce(request, response, sending)
  const { 'www-authenticate': challenge } = answer.headers
  const verdict = sending.credential.judge({
    statusCode: answer.statusCode ?? 0,
    challenges: challenge === undefined ? [] : challengesOf(challenge),
    mayRetry: mayRetry(request),
  })
  if (verdict.use === 'pass') return answer
  if (verdict.use === 'refuse') {
    answer.destroy()
    throw verdict.error
  }
  const credential = await verdict.again()
  if (credential === undefined) return answer
  answer.resume()
  return judgedAnswer(request, response, { ...sending, credential })
}

/** A connection that was kept may be closed by the inner server at the moment it is used again. */
async function sendOnce(request: CallerRequest, response: ClientResponse, sending: Sending): Promise<IncomingMessage> {
  const { inside, member, credential } = sending
  const destination = destinationOf(request, inside, { member, credential })
  try {
    return await inside.proxy.send(request, response, destination)
  } catch (error) {
    if (!mayRetry(request) || !isStaleConnection(error) || !mayHappenTwice(request, error)) throw error
    return inside.proxy.send(request, response, destination)
  }
}

export function destinationOf(
  request: CallerRequest,
  { site }: Pick<Inside, 'site'>,
  { member, credential }: Pick<Sending, 'member' | 'credential'>,
): Destination {
  const { delegation, pools, isOwnCookie } = site
  return {
    url: member.url,
    agent: pools.agentFor(member, connectionOwner(request, delegation.passesChallenges)),
    headers: innerHeaders(request, { url: member.url, credential: credential.headers, isOwnCookie }),
  }
}

/** A body has been read, and cannot be sent again. */
function mayRetry({ request }: CallerRequest): boolean {
  return !hasBody(request)
}

/** What a server does twice as if it were once. RFC 9110 section 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** The inner server may have done what a request asks for, though no answer came. */
function mayHappenTwice({ method }: CallerRequest, error: unknown): boolean {
  if (IDEMPOTENT.has(method)) return true
  const { cause } = S4uError.is(error) ? error : {}
  return cause instanceof Error && 'code' in cause && NOT_CONNECTED.has(String(cause.code))
}

const NOT_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'])

/** Whether the member was at fault, so that another one may answer. */
export function isOfMember(error: unknown): boolean {
  return S4uError.is(error) && (error.code === 'S4U_INNER_BROKE_OFF' || error.code === 'S4U_TIMEOUT')
}

function isStaleConnection(error: unknown): boolean {
  return error instanceof InnerServerError && error.code === 'S4U_INNER_BROKE_OFF' && error.isOfKeptConnection
}

/** The inner server takes the connection for the user who has authenticated on it. */
function remembers({ headers }: IncomingMessage): boolean {
  return headers['persistent-auth']?.toString().toLowerCase() === 'true'
}
