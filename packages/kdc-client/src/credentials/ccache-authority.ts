import {
  andLeftOut,
  type CachedCredential,
  ConfigurationError,
  type CredentialCache,
  decodeCcache,
  formatPrincipal,
  noticeOfLeftOut,
  type PrincipalName,
  samePrincipal,
} from '@s4u/krb5'
import type { NamedCredentialCache } from '../credential-caches/named-cache.js'
import { ticketOf } from '../tickets/ccache-credential.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { ReadyTicket } from './authority.js'

/**
 * Returns the tickets of a credential cache.
 *
 * @throws ConfigurationError if there is no cache, or if it has no ticket of its owner
 */
export function ccacheAuthority(source: NamedCredentialCache | Uint8Array): ReadyTicket {
  if (source instanceof Uint8Array) {
    const cache = decodeCcache(source)
    return authorityOf(cache, async () => cache)
  }
  let cache = source.readNow()
  return authorityOf(cache, async () => {
    if (source.hasChanged()) cache = await newer(source, cache)
    return cache
  })
}

function authorityOf(first: CredentialCache, read: () => Promise<CredentialCache>): ReadyTicket {
  if (ownTicketsIn(first).length === 0) throw noTicket(first)
  return {
    kind: 'ready-ticket',
    principal: first.principal,
    notice: noticeOfLeftOut(
      'credential cache',
      `the credential cache of ${formatPrincipal(first.principal)}`,
      first.leftOut,
    ),
    tgt: async () => grantingTicketIn(await read()),
    ticketsOf: async (name) => ticketsIn(await read(), name),
  }
}

/**
 * Reads the cache again. The cache of another user under the same name does not count, and neither
 * does a cache that is being written.
 */
async function newer(place: NamedCredentialCache, before: CredentialCache): Promise<CredentialCache> {
  try {
    const after = await place.read()
    const isSame = samePrincipal(after.principal, before.principal) && ownTicketsIn(after).length > 0
    const isWhole = grantingTicketsIn(after).length > 0 || grantingTicketsIn(before).length === 0
    return isSame && isWhole ? after : before
  } catch {
    return before
  }
}

/** @throws ConfigurationError KRB5_CC_NOTFOUND */
function grantingTicketIn(cache: CredentialCache): ServiceTicket {
  // A renewed ticket is behind the one that it replaces, so the one that ends last is taken.
  const longest = [...grantingTicketsIn(cache)].sort((a, b) => b.endtime - a.endtime)[0]
  if (longest === undefined) throw noTicket(cache)
  return ticketOf(longest)
}

function grantingTicketsIn(cache: CredentialCache): readonly CachedCredential[] {
  const { realm } = cache.principal
  return ownTicketsIn(cache).filter(
    ({ server: { name, realm: of } }) =>
      name.nameString[0] === 'krbtgt' && name.nameString[1] === realm && of === realm,
  )
}

function ticketsIn(cache: CredentialCache, { nameString }: PrincipalName): ServiceTicket[] {
  const isNamed = ({ server }: CachedCredential): boolean =>
    server.name.nameString.length === nameString.length &&
    server.name.nameString.every((part, index) => part === nameString[index])
  return ownTicketsIn(cache).filter(isNamed).map(ticketOf)
}

/**
 * Returns the tickets of the cache's owner. A cache may also have tickets of users for whom the
 * owner acted (`proxy_impersonator`), and a request as the owner must not get one of those.
 */
function ownTicketsIn({ principal, credentials }: CredentialCache): readonly CachedCredential[] {
  return credentials.filter(({ client, isSkey }) => !isSkey && samePrincipal(client, principal))
}

function noTicket(cache: CredentialCache): ConfigurationError {
  const { principal, leftOut } = cache
  const has = ownTicketsIn(cache).map(({ server }) => formatPrincipal(server))
  const isSealed = leftOut.some(({ why }) => why.includes('gssproxy'))
  return new ConfigurationError(
    `the credential cache of ${formatPrincipal(principal)} holds no ticket-granting ticket, ${has.length === 0 ? 'nor any other' : `but for ${[...new Set(has)].slice(0, 10).join(', ')}`}${andLeftOut(leftOut)}`,
    {
      code: 'KRB5_CC_NOTFOUND',
      hint: isSealed
        ? 'The tickets in this cache are for gssproxy alone. Give this service its own keytab, or a cache that kinit has written without gssproxy (GSS_USE_PROXY=no).'
        : `Run kinit ${formatPrincipal(principal)}.`,
    },
  )
}
