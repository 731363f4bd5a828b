import { asciiLower, ConfigurationError, shownInput } from '@s4u/krb5'
import type { DirectorySearch, SearchOptions } from '../interface/directory.js'
import { DirectoryError } from '../errors.js'
import type { DomainControllers } from '../failover/domain-controllers.js'
import { withDeadline } from '../deadline.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'
import { parseFilter } from '../ldap/parse-filter.js'
import { dnOfReference } from './referral.js'
import type { Lease } from '../session/session-pool.js'
import { type Page, type PageRequest, searchPage } from '../session/search-page.js'

/**
 * Active Directory ends an answer at MaxPageSize with an error, which is 1,000 unless somebody
 * changed it.
 */
const MAX_PAGE_SIZE = 1_000

/**
 * Entries of one page by default: half of what Active Directory gives, so that no page is cut
 * short.
 */
const DEFAULT_PAGE_SIZE = 500

/** A search with more entries is nearly always a mistake in the filter. */
const DEFAULT_MAX_ENTRIES = 100_000

/**
 * The number of referrals that are followed. More of them come from a server that refers in
 * circles.
 */
const MAX_REFERRALS = 100

/** Pages without an entry in a row: a filter may match nothing for a while, but not for ever. */
const MAX_EMPTY_PAGES = 100

/** What a search needs. */
export interface SearchMeans {
  readonly controllers: DomainControllers
  /** Who has an entry; undefined where it is in no domain that is known here. */
  readonly ownersOf: (dn: string, signal: AbortSignal | undefined) => Promise<DomainControllers | undefined>
  /** Tells that a part was left out. */
  readonly leftOut: (uri: string) => void
  /** For one page; milliseconds. */
  readonly timeLimit: number
}

/**
 * Returns a search. Each iteration over it sends the search once more.
 * @throws ConfigurationError
 */
export function createSearch(options: SearchOptions, means: SearchMeans): DirectorySearch {
  const { pageSize = DEFAULT_PAGE_SIZE, maxEntries = DEFAULT_MAX_ENTRIES } = options
  requireCount('pageSize', pageSize, MAX_PAGE_SIZE)
  requireCount('maxEntries', maxEntries, Number.MAX_SAFE_INTEGER)
  if (options.filter !== undefined) parseFilter(options.filter)
  const iterate = (): AsyncGenerator<DirectoryEntry> => entriesOf(options, { ...means, pageSize, maxEntries })
  return {
    [Symbol.asyncIterator]: iterate,
    async all() {
      const entries: DirectoryEntry[] = []
      for await (const entry of iterate()) entries.push(entry)
      return entries
    },
  }
}

interface Limits extends SearchMeans {
  readonly pageSize: number
  readonly maxEntries: number
}

async function* entriesOf(options: SearchOptions, means: Limits): AsyncGenerator<DirectoryEntry> {
  let count = 0
  for await (const { entries } of partsOf(options, means)) {
    for (const entry of entries) {
      if (++count > means.maxEntries) throw tooMany(means.maxEntries)
      yield entry
    }
  }
}

/**
 * The pages of the part that was asked for, then those of the parts that it refers to, each once.
 */
async function* partsOf(options: SearchOptions, means: Limits): AsyncGenerator<Page> {
  const visited = new Set<string>([asciiLower(options.base ?? '')])
  const waiting: Part[] = [{ base: options.base, controllers: means.controllers }]
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    for await (const page of pagesOf({ ...options, base: part.base }, { ...means, controllers: part.controllers })) {
      yield page
      if (options.referrals === 'follow') waiting.push(...(await referredTo(page.references, visited, options, means)))
    }
  }
}

interface Part {
  readonly base: string | undefined
  readonly controllers: DomainControllers
}

/** Returns the parts that an answer refers to and that have not been read yet. */
async function referredTo(
  references: readonly string[],
  visited: Set<string>,
  { signal }: SearchOptions,
  means: Limits,
): Promise<Part[]> {
  const parts: Part[] = []
  for (const uri of references) {
    const base = dnOfReference(uri)
    if (base !== undefined && visited.has(asciiLower(base))) continue
    const controllers = base === undefined ? undefined : await means.ownersOf(base, signal)
    if (base === undefined || controllers === undefined) {
      means.leftOut(uri)
      continue
    }
    visited.add(asciiLower(base))
    if (visited.size > MAX_REFERRALS) throw inCircles()
    parts.push({ base, controllers })
  }
  return parts
}

/**
 * The first page may come from any controller; the others come from the one that knows the cookie.
 */
async function* pagesOf(options: SearchOptions, means: Limits): AsyncGenerator<Page> {
  const { signal } = options
  let lease: Lease | undefined
  let request: PageRequest | undefined
  const question = { signal, operation: 'search', repeatable: true }
  let page = await means.controllers.keep(
    question,
    (session, attemptSignal) => {
      request = requestOf(options, session.rootDse.domainDn, means.pageSize)
      return searchPage(session, request, undefined, attemptSignal)
    },
    (kept) => (lease = kept),
  )
  try {
    yield page
    let empty = 0
    while (page.cookie !== undefined && lease !== undefined && request !== undefined) {
      const { cookie } = page
      empty = page.entries.length + page.references.length === 0 ? empty + 1 : 0
      if (empty > MAX_EMPTY_PAGES) throw endless(lease.session.controller.label)
      const [{ session }, sent] = [lease, request]
      page = await withDeadline(means.timeLimit, signal, (attemptSignal) =>
        searchPage(session, sent, cookie, attemptSignal),
      )
      yield page
    }
  } finally {
    lease?.release()
  }
}

function requestOf(options: SearchOptions, domainDn: string, pageSize: number): PageRequest {
  const { base, filter = '(objectClass=*)', scope = 'sub', attributes = [], globalCatalog, referrals } = options
  return {
    // The root of the catalogue is that of all domains of the forest.
    base: base ?? (globalCatalog === true ? '' : domainDn),
    ...{ scope, filter, attributes, pageSize, referrals: referrals === 'follow' },
  }
}

function requireCount(name: string, value: unknown, most: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return
  throw new ConfigurationError(`search: ${name} must be a whole number from 1 to ${most}, and not ${shownInput(value)}`)
}

function endless(server: string): DirectoryError {
  return new DirectoryError('loopDetect', {
    ...{ operation: 'search', resultCode: 54, server },
    diagnostic: `${MAX_EMPTY_PAGES} pages in a row have no entry, and each says that there is another one`,
  })
}

function inCircles(): DirectoryError {
  return new DirectoryError('loopDetect', {
    ...{ operation: 'search', resultCode: 54, server: 's4u' },
    diagnostic: `references lead to more than ${MAX_REFERRALS} parts of the directory`,
  })
}

function tooMany(maxEntries: number): DirectoryError {
  return new DirectoryError(
    'sizeLimitExceeded',
    { operation: 'search', resultCode: 4, diagnostic: `more than ${maxEntries} entries were found`, server: 's4u' },
    { hint: 'Narrow the filter, or raise maxEntries.' },
  )
}
