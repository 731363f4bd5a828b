import type { S4uError } from '@s4u/krb5'
import { respond, type Challenge } from '@s4u/negotiate'
import type { GatewaySettings } from '../configuration/gateway-options.js'
import type { ForwardAuth } from '../forward-auth/forward-auth.js'
import type { Operation } from '../operation/operation.js'
import type { Proxy } from '../proxying/proxy.js'
import { badRequest, misdirected, noSite } from '../requests/refusals.js'
import { receive, type ReceivedOn } from '../requests/receive.js'
import {
  type CallerRequest,
  type ClientRequest,
  type ReceivedRequest,
  type ReplyTo,
  requestOfSite,
  type SiteRequest,
} from '../requests/steps.js'
import type { SignIns } from '../sign-in/sign-ins.js'
import { rulesFor } from '../sites/rules.js'
import { isBelow, type SiteTable } from '../sites/site-table.js'
import { authorize } from './authorize.js'
import { identify } from './identify.js'
import { answerFromInside } from './inside.js'
import { openRecord, type OpenRecord } from './open-record.js'
import { redirectToTls } from './redirect.js'
import { refusalOf } from './refusal-of.js'
import { writePage } from './replies.js'
import type { RunningSite } from './running-site.js'
import type { SessionWatch } from './session-watch.js'
import { upgradeInside, type Watch } from './upgrade-inside.js'

/** All that serves the requests of one configuration. */
export interface Serving {
  readonly settings: GatewaySettings
  readonly sites: SiteTable
  readonly signIns: SignIns
  readonly operation: Operation
  readonly proxy: Proxy
  /** Undefined where no other proxy may ask. */
  readonly forwardAuth: ForwardAuth | undefined
  readonly running: (site: GatewaySettings['sites'][number]) => RunningSite
  /** Notes the request for the negotiators, which see that of `node:http`. */
  readonly note: (request: ReceivedRequest) => void
  readonly now: () => number
  readonly sessionWatch: SessionWatch
}

/**
 * Serves one request: takes it in, finds its site, finds out who calls, asks the rules, and lets an
 * inner server answer. A step that refuses throws; the client gets a page then.
 */
export async function serve(request: ClientRequest, replyTo: ReplyTo, on: ReceivedOn, serving: Serving): Promise<void> {
  const record = openRecord(request, replyTo, on, serving)
  try {
    const received = record.is(receive(request, replyTo, on))
    serving.note(received)
    if (on.listener.redirect !== undefined && isPublished(received, serving))
      return writePage(replyTo, request, redirectToTls(received))
    const { forwardAuth } = serving
    const check = forwardAuth?.checkOf(received)
    if (forwardAuth !== undefined && check !== undefined)
      return await authorize(check, received, { record, serving, forwardAuth })
    const own = serving.operation.ownPage(received)
    if (own !== undefined) return writePage(replyTo, request, own)
    const sited = record.is(withRules(record.is(siteOf(received, serving)), serving))
    const signedOut = serving.operation.signedOutPage(sited)
    if (signedOut !== undefined) return writePage(replyTo, request, signedOut)
    const caller = await identify(sited, serving.signIns.of(sited.site))
    if ('statusCode' in caller) return answerChallenge(caller, sited, record)
    if (caller.session !== undefined) serving.sessionWatch.seen(caller.session, serving.now())
    await answer(record.is(caller), record, serving)
  } catch (error) {
    record.failed(refusalOf(error))
  }
}

/** Nobody is led to the same name over TLS where there is nothing of that name. */
function isPublished({ host }: ReceivedRequest, { sites }: Serving): boolean {
  return sites.knows(host)
}

/**
 * @throws RejectedTokenError S4U_NO_SITE; MalformedTokenError S4U_BAD_REQUEST
 */
function siteOf(request: ReceivedRequest, { sites, settings }: Serving): SiteRequest {
  const { host, path } = request
  const isOwn = isBelow(path, settings.operation.path)
  const find = isOwn ? sites.findForOwnPath : sites.find
  const site = request.listener.redirect === undefined ? find(host, path) : undefined
  if (site === undefined) throw noSite()
  const name = serverNameOf(request.request)
  // The rules of the listener were those of that name: its certificate, its way to sign in.
  if (name !== undefined && name !== host && find(name, path) !== site) throw misdirected()
  if (request.replyTo.kind === 'upgrade' && !site.websocket)
    throw badRequest('headers.upgrade', 'no WebSocket for this site', 'one')
  return requestOfSite(request, site, NO_RULES)
}

/** @throws RejectedTokenError S4U_NOT_PERMITTED; MalformedTokenError S4U_BAD_REQUEST */
function withRules(request: SiteRequest, { settings }: Serving): SiteRequest {
  // A page of the gateway itself is for every known user.
  if (isBelow(request.path, settings.operation.path)) return request
  return requestOfSite(request, request.site, rulesFor(request.site, request))
}

/** Every known user may. */
const NO_RULES: SiteRequest['rules'] = Object.freeze([])

function serverNameOf({ socket }: ClientRequest): string | undefined {
  const name: unknown = 'servername' in socket ? socket.servername : undefined
  return typeof name === 'string' && name !== '' ? name.toLowerCase() : undefined
}

function answerChallenge(challenge: Challenge, { replyTo }: SiteRequest, record: OpenRecord): void {
  record.refused(challenge.error)
  // That of a handshake has been written.
  if (replyTo.kind === 'response') respond(replyTo.response, challenge)
}

async function answer(request: CallerRequest, record: OpenRecord, serving: Serving): Promise<void> {
  const { replyTo, path, site } = request
  if (isBelow(path, serving.settings.operation.path))
    return writePage(replyTo, request.request, serving.operation.userPage(request))
  const { proxy, now } = serving
  const inside = { site: serving.running(site), proxy, now, onMember: record.member }
  if (replyTo.kind === 'upgrade') {
    const ending = { watch: watchOf(request, serving), refuse: (error: S4uError) => record.failed(error) }
    return upgradeInside(request, replyTo, inside, ending)
  }
  return answerFromInside(request, replyTo.response, inside)
}

/** Returns what watches the session of a request, where it has one. */
function watchOf(
  { session, site }: CallerRequest,
  { sessionWatch, signIns, settings, now }: Serving,
): Watch | undefined {
  if (session === undefined) return undefined
  const { maxIdle } = settings.session
  const goesOn = (one: typeof session): Promise<boolean> => signIns.of(site).sessionGoesOn(one)
  return (end) => sessionWatch.watch(session, { now, maxIdle, goesOn }, end)
}
