import { type CallerIdentity, type Gate, groupGate } from '@s4u/negotiate'
import type { RuleSettings, SiteSettings } from '../configuration/gateway-options.js'
import { networksOf } from '../configuration/networks.js'
import { notPermitted } from '../requests/refusals.js'
import { looseReading, requireOneReading } from '../requests/request-target.js'
import type { ReceivedRequest, SiteRequest } from '../requests/steps.js'
import { isBelow } from './site-table.js'

const insideOf = new WeakMap<RuleSettings, (address: string | undefined) => boolean>()

/**
 * Finds the rules that decide about a request, and refuses it where its path, or the network of its
 * client, is not for them. Where the inner server may read the path otherwise than it is written,
 * the rule of that reading must let the caller pass too.
 * @throws MalformedTokenError S4U_BAD_REQUEST; RejectedTokenError S4U_NOT_PERMITTED
 */
export function rulesFor(site: SiteSettings, request: ReceivedRequest): readonly RuleSettings[] {
  const goesByPaths = site.access.some(({ paths }) => paths.length > 0)
  if (site.strictPaths || goesByPaths) requireOneReading(request.path)
  if (site.access.length === 0) return NO_RULES
  const { method, path } = request
  const exact = site.access.find((rule) => fits(rule, method, (beginning) => isBelow(path, beginning)))
  const loosely = looseReading(path)
  const loose = site.access.find((rule) =>
    fits(rule, method, (beginning) => isBelow(loosely, looseReading(beginning)) || isBelow(path, beginning)),
  )
  const rules = exact === loose ? [exact] : [exact, loose]
  const deciding = rules.map((rule) => rule ?? KNOWN_USERS)
  for (const rule of deciding) requireNetwork(rule, request)
  return deciding
}

/** What holds where no rule fits. */
const KNOWN_USERS: RuleSettings = Object.freeze({
  paths: [],
  methods: [],
  networks: [],
  users: [],
  groups: [],
  allow: 'users',
})

const NO_RULES: readonly RuleSettings[] = Object.freeze([KNOWN_USERS])

function fits({ methods, paths }: RuleSettings, method: string, isUnder: (beginning: string) => boolean): boolean {
  if (methods.length > 0 && !methods.includes(method)) return false
  return paths.length === 0 || paths.some(isUnder)
}

function requireNetwork(rule: RuleSettings, { clientAddress }: ReceivedRequest): void {
  if (rule.allow === 'nobody') throw notPermitted('a rule of the site lets nobody pass')
  if (rule.networks.length === 0) return
  let isInside = insideOf.get(rule)
  if (isInside === undefined) insideOf.set(rule, (isInside = networksOf(rule.networks)))
  if (!isInside(clientAddress)) throw notPermitted('the client is in no network of the rule')
}

/** Whether nobody needs to sign in. */
export function isPublic({ rules }: Pick<SiteRequest, 'rules'>): boolean {
  return rules.length > 0 && rules.every(({ allow }) => allow === 'everybody')
}

const gateOf = new WeakMap<RuleSettings, Gate>()

/**
 * Makes the checks of groups, so that their names are looked up when the negotiators start, and not
 * with the first request.
 * @throws ConfigurationError for what is neither a SID nor a name of a group
 */
export function prepareRules({ access }: SiteSettings): void {
  for (const rule of access) if (rule.groups.length > 0) gateOf.set(rule, groupGate(rule.groups))
}

/**
 * Refuses a caller whom a rule does not let in.
 * @throws RejectedTokenError S4U_NOT_PERMITTED, with the reason of the group check as its cause
 */
export function requirePermitted(caller: CallerIdentity, { rules, request }: SiteRequest): void {
  for (const rule of rules) {
    if (rule.allow === 'everybody' || (rule.users.length === 0 && rule.groups.length === 0)) continue
    if (rule.users.some((user) => user === caller.principal || user === caller.sid)) continue
    const verdict = gateOf.get(rule)?.(request, caller)
    if (verdict?.status === 'pass') continue
    throw verdict?.error ?? notPermitted(`${caller.principal} is not among the users of the rule`)
  }
}
