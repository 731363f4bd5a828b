import type { ServiceTicket } from '@s4u/kdc-client'
import type { Attempt, Judgement } from '../negotiation/attempt.js'
import { noName } from '../negotiation/token-issuer.js'
import { offersNegotiate } from '../answers/challenge-schemes.js'
import { abandon, discard } from '../answers/discard.js'
import { isPreemptive, rememberAsking } from '../options/learned-origins.js'
import type { Outgoing } from './outgoing-request.js'
import { isDowngrade, isRedirect, redirectTarget } from './redirect.js'
import { type FetchCall, connectionsOf, send, sendWithoutToken, sendFirstWithoutToken } from './send-request.js'
import { sanitized } from '../answers/unproven-answer.js'

/** The answer to one hop. */
export interface HopAnswer {
  readonly response: Response
  /** Whether the answer is an unproven redirect: the answer to the next hop must bring a proof. */
  readonly owesProof?: boolean
}

/**
 * Sends one hop to an origin that gets tokens, and judges the answer.
 * @param owed whether an unproven redirect has led here
 */
export async function negotiateRequest(hop: Outgoing, call: FetchCall, owed: boolean): Promise<HopAnswer> {
  const { options, issuer, tickets, replayable } = call
  const { url, signal } = hop
  // A value that is known at once is not awaited: each promise shows in the cost of a request, and
  // more so with async hooks.
  const named = issuer.serviceName(url)
  const spn = named instanceof Promise ? await named : named
  if (spn === undefined) return { response: await sendNameless(hop, call, owed) }
  // A request without a token goes first only if it can be sent once more with one.
  if (replayable && !isPreemptive(url, options.preemptive)) {
    const response = await sendFirstWithoutToken(hop, call)
    if (response !== undefined) {
      if (!isAsking(response)) return judgeUnasked(response, hop, call, spn, owed)
      rememberAsking(url)
      await discard(response)
    }
  }
  const bindingsFor = (ticket: ServiceTicket) => connectionsOf(ticket, call)?.bindings(url)
  const context = { tickets, bindingsFor, signal }
  const attempt = await issuer.begin(url, spn, context)
  const { stale, ...answer } = await sendLegs(hop, call, attempt)
  if (!stale) return answer
  // A body that was a stream cannot be sent again. The fresh ticket is then there for the next
  // request.
  const another = await issuer.beginWithFreshTicket(attempt, url, context)
  if (another === undefined || !replayable) return answer
  await discard(answer.response)
  return sendLegs(hop, call, another)
}

/**
 * Sends a request to a URL without a service principal name: there is no ticket, and no proof.
 * @throws ConfigurationError if there must be a proof
 */
function sendNameless(hop: Outgoing, call: FetchCall, owed: boolean): Promise<Response> {
  if (owed || call.issuer.expectsProof(hop.url)) throw noName(hop.url)
  call.issuer.noticeNoServiceName(hop.url)
  return sendWithoutToken(hop, call)
}

/**
 * Judges the answer of a server that did not ask for a token, and so proved nothing. An attacker in
 * the place of the backend would simply not ask. So the answer is not believed where the app has
 * listed the origin, or the origin has asked before. A 401 is handed out, as after a token.
 */
async function judgeUnasked(
  response: Response,
  hop: Outgoing,
  call: FetchCall,
  spn: string,
  owed: boolean,
): Promise<HopAnswer> {
  const { issuer } = call
  const isProofDue = owed || issuer.expectsProof(hop.url)
  if (!isProofDue || response.status === 401) return { response }
  if (await leadsToProof(response, hop.url, call)) return { response, owesProof: true }
  try {
    return { response: handedOut(response, issuer.judgeNotAsking(hop.url, spn, response.status)) }
  } catch (error) {
    abandon(response)
    throw error
  }
}

/** Returns what the app gets of an answer that has been judged. */
function handedOut(response: Response, judgement: Judgement): Response {
  return judgement.kind === 'unproven' && judgement.sanitize ? sanitized(response) : response
}

interface LegsAnswer extends HopAnswer {
  /** Whether the answer says that the ticket is stale. */
  readonly stale: boolean
}

/** Sends the request, with a token for each leg, until there is an answer to hand out. */
async function sendLegs(hop: Outgoing, call: FetchCall, attempt: Attempt): Promise<LegsAnswer> {
  const connections = connectionsOf(attempt.details.ticket, call)
  for (let { authorization } = attempt; ;) {
    const response = await send(hop, call, connections, authorization)
    const challenge = response.headers.get('www-authenticate')
    const followed = isRedirect(response) && (await leadsToProof(response, hop.url, call))
    let judgement: Judgement
    try {
      judgement = attempt.judge({ status: response.status, challenge, followed })
    } catch (error) {
      // The response is given up at once: a body that is not handed out must delay neither the
      // refusal nor the connection.
      abandon(response)
      throw error
    }
    // The body was a stream and cannot be sent again, so another leg is not possible.
    if (judgement.kind !== 'again' || !call.replayable)
      return { response: handedOut(response, judgement), stale: judgement.kind === 'stale', owesProof: followed }
    await discard(response)
    authorization = judgement.authorization
  }
}

function isAsking({ status, headers }: Response): boolean {
  return status === 401 && offersNegotiate(headers.get('www-authenticate'))
}

/**
 * Returns whether an unproven redirect may be followed: only if the answer to the next hop must
 * bring a proof. Over http anyone on the network could have sent it. Over https anyone with a
 * certificate for the name could, and a certificate is less than the key of the service.
 */
async function leadsToProof(response: Response, from: URL, call: FetchCall): Promise<boolean> {
  const next = call.followed ? redirectTarget(response, from) : undefined
  if (next === undefined || isDowngrade(from, next) || !call.mayHaveCredentials(next)) return false
  return (await call.issuer.serviceName(next)) !== undefined
}
