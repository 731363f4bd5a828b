import { type Control, SearchRequest } from 'ldapts'
import type { AnswerLimits } from '../connection/ldap-connection.js'
import { cookieOf, domainScope, PAGED_RESULTS, pagedResults, securityDescriptorFlags } from '../ldap/controls.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'
import { parseFilter } from '../ldap/parse-filter.js'
import { Operation } from '../ldap/response.js'
import { ResultCode } from '../ldap/result-code.js'
import type { Session } from './open-session.js'
import { refusalOf } from './refusal.js'

/** A search as it goes to one server. */
export interface PageRequest {
  readonly base: string
  readonly scope: 'base' | 'one' | 'sub'
  readonly filter: string
  readonly attributes: readonly string[]
  readonly pageSize: number
  /** Whether references to other servers are of interest. */
  readonly referrals: boolean
}

export interface Page {
  readonly entries: readonly DirectoryEntry[]
  readonly references: readonly string[]
  /** What the next page is asked with; undefined after the last one. */
  readonly cookie: Uint8Array | undefined
}

/** The largest size of a page, in octets. */
const MAX_PAGE_OCTETS = 1 << 27

/** Of a server that knows no pages. */
const MAX_ENTRIES_UNPAGED = 100_000

/** A cookie is good on the connection that it came from, and on no other. RFC 2696. */
export async function searchPage(
  session: Session,
  request: PageRequest,
  cookie: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<Page> {
  const { connection, controller } = session
  const filter = parseFilter(request.filter)
  const controls = controlsFor(session, request, cookie)
  const write = (messageId: number): Uint8Array =>
    new SearchRequest({
      ...{ messageId, baseDN: request.base, scope: request.scope, filter, controls },
      attributes: [...request.attributes],
      // The wait ends here, with the time limit of the call.
      timeLimit: 0,
    }).write()
  const isPaged = session.rootDse.controls.has(PAGED_RESULTS)
  const limits: AnswerLimits = {
    entries: isPaged || request.scope === 'base' ? request.pageSize : MAX_ENTRIES_UNPAGED,
    octets: MAX_PAGE_OCTETS,
  }
  const answer = await connection.exchange(write, Operation.SEARCH_DONE, signal, limits)
  const { result, entries, references } = answer
  if (result.code === ResultCode.REFERRAL && request.referrals) {
    return { entries, references: [...references, ...result.referrals], cookie: undefined }
  }
  if (result.code !== ResultCode.SUCCESS) throw refusalOf('search', answer, controller.label)
  // Where no page was asked for, a cookie has no page to lead to.
  const paged = isPaged && request.scope !== 'base' ? answer.controls.get(PAGED_RESULTS) : undefined
  return { entries, references, cookie: paged && cookieOf(paged) }
}

function controlsFor(
  { rootDse }: Session,
  { scope, pageSize, referrals, attributes }: PageRequest,
  cookie: Uint8Array | undefined,
): Control[] {
  const has = (oid: string): boolean => rootDse.controls.has(oid)
  const wantsDescriptor = attributes.some((name) => /securitydescriptor/i.test(name))
  return [
    ...(scope !== 'base' && has(PAGED_RESULTS) ? [pagedResults(pageSize, cookie)] : []),
    ...(rootDse.isActiveDirectory && wantsDescriptor ? [securityDescriptorFlags()] : []),
    ...(rootDse.isActiveDirectory && !referrals ? [domainScope()] : []),
  ]
}
