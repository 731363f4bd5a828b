import type { FarmMember } from '../farm/farm.js'
import type { Operation } from '../operation/operation.js'
import { InnerServerError } from '../requests/inner-server-error.js'
import { nameOfSite } from '../requests/name-of-site.js'
import type { CallerRequest } from '../requests/steps.js'

/** A 401 of an inner server, and what was asked of it. */
export interface InnerRefusal {
  readonly request: CallerRequest
  readonly member: FarmMember
  /** What it was given: `a ticket for HTTP/orders.ad.test`. */
  readonly given: string
  /** The scheme that the gateway speaks to it. */
  readonly scheme: 'negotiate' | 'basic' | undefined
  readonly schemes: readonly string[]
  /** The reason that it gave: `KRB_AP_ERR_MODIFIED`. */
  readonly code?: string | undefined
}

/**
 * Reports a 401 of an inner server to the administrators. The user sees the inner server's own
 * answer. Where the server wants another scheme than the one of the site, it and the gateway are
 * not set up for each other: that is an alert.
 */
export function tellRefusal(
  operation: Pick<Operation, 'alert' | 'innerRefused' | 'note'>,
  refusal: InnerRefusal,
): void {
  const { request, member, scheme, schemes, code } = refusal
  const isOther = schemes.length > 0 && !schemes.some((one) => one.toLowerCase() === scheme)
  operation.innerRefused(nameOfSite(request.site), isOther ? 'other-scheme' : 'refused')
  const who = request.caller?.principal ?? 'nobody'
  if (isOther) operation.alert(otherScheme(refusal, who), request)
  else if (code !== undefined) operation.alert(refusedWith(refusal, who, code), request)
  else operation.note(`${member.name} refused ${who}, who came with ${refusal.given}`, request)
}

function otherScheme({ request, member, given, schemes }: InnerRefusal, who: string): InnerServerError {
  const { as } = request.site.delegation
  return new InnerServerError(`${member.name} was given ${given} for ${who}, and wants ${schemes.join(' or ')}`, {
    code: 'S4U_OTHER_SCHEME',
    hint:
      as === 'kerberos'
        ? 'Switch on Negotiate (Integrated authentication) on that server, for this path; or let the site use delegation.as: basic, or none.'
        : 'Switch that scheme on there, or change delegation.as of the site.',
  })
}

function refusedWith({ member, given }: InnerRefusal, who: string, code: string): InnerServerError {
  return new InnerServerError(`${member.name} refused ${given} for ${who}: ${code}`, {
    code: 'S4U_INNER_REFUSED',
    hint: 'That server could not use the ticket: compare its keytab, or the account with its service principal name, and its clock.',
  })
}
