import type { SiteSettings } from '../configuration/gateway-options.js'
import type { ForwardAuth, Check } from '../forward-auth/forward-auth.js'
import { permit } from '../forward-auth/permit.js'
import { textPage } from '../operation/html-page.js'
import { authorityOf } from '../proxying/inner-headers.js'
import { noSite } from '../requests/refusals.js'
import { type CallerRequest, type ReceivedRequest, requestOfSite, type SiteRequest } from '../requests/steps.js'
import type { SignIns } from '../sign-in/sign-ins.js'
import { rulesFor } from '../sites/rules.js'
import type { SiteTable } from '../sites/site-table.js'
import { identify } from './identify.js'
import type { OpenRecord } from './open-record.js'
import { writePage } from './replies.js'
import type { RunningSite } from './running-site.js'

/**
 * Answers another proxy about one request: whether it may pass, and with which credential. The
 * steps are those of a request that comes here itself, on what the proxy was asked for.
 * @throws S4uError where the request may not pass
 */
export async function authorize(check: Check, received: ReceivedRequest, deps: AuthorizeDeps): Promise<void> {
  const { record, serving, forwardAuth } = deps
  const { replyTo, request } = received
  const original = record.is(forwardAuth.originalOf(received))
  serving.note(original)
  const sited = record.is(siteOf(original, serving))
  const caller = await identify(sited, serving.signIns.of(sited.site))
  if ('statusCode' in caller) {
    record.refused(caller.error)
    return writePage(replyTo, request, caller)
  }
  record.is(caller)
  writePage(replyTo, request, check === 'challenge' ? backTo(caller) : await permitted(caller, deps))
}

/** What of a configuration answers other proxies. */
export interface AuthorizeServing {
  readonly sites: SiteTable
  readonly signIns: SignIns
  readonly running: (site: SiteSettings) => RunningSite
  readonly note: (request: ReceivedRequest) => void
}

export interface AuthorizeDeps {
  readonly record: OpenRecord
  readonly serving: AuthorizeServing
  readonly forwardAuth: ForwardAuth
}

/**
 * @throws RejectedTokenError S4U_NO_SITE, S4U_NOT_PERMITTED; MalformedTokenError S4U_BAD_REQUEST
 */
function siteOf(request: ReceivedRequest, { sites }: AuthorizeServing): SiteRequest {
  const site = sites.find(request.host, request.path)
  if (site === undefined) throw noSite()
  return requestOfSite(request, site, rulesFor(site, request))
}

/** The proxy chooses the member of a farm: it must have one service name, that of the first. */
async function permitted(caller: CallerRequest, { record, serving }: AuthorizeDeps) {
  const { farm, delegation, userHeaders } = serving.running(caller.site)
  const [member] = farm.members
  record.member(member)
  return permit(caller, await delegation.credentialFor(caller, member), await userHeaders(caller.caller))
}

/** The user has signed in meanwhile. Nothing that the proxy gets must reach the user. */
function backTo(caller: CallerRequest) {
  const { headers, ...page } = textPage(303, '')
  const { scheme, path, query, answerHeaders } = caller
  // A path such as `//evil.test` would be another host by itself.
  const location = `${scheme}://${authorityOf(caller)}${path}${query}`
  return { ...page, headers: { ...answerHeaders, ...headers, Location: location } }
}
