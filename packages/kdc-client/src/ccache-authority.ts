import {
  type CachedCredential,
  ConfigurationError,
  type CredentialCache,
  decodeCcache,
  formatPrincipal,
} from '@s4u/krb5'
import { CredentialFile } from './credential-file.js'
import type { ServiceTicket } from './service-ticket.js'
import type { ReadyTicket } from './sign-in.js'

/** @throws ConfigurationError when there is no such file, or no ticket-granting ticket in it */
export function ccacheAuthority(
  source: string | Uint8Array | true,
  environment: NodeJS.ProcessEnv = process.env,
): ReadyTicket {
  if (source instanceof Uint8Array) {
    const { principal, tgt } = grantingTicketIn(decodeCcache(source))
    return { kind: 'ready-ticket', principal, tgt: () => tgt }
  }
  const file = new CredentialFile(pathOf(source === true ? defaultCache(environment) : source), 'credential cache')
  let found = grantingTicketIn(decodeCcache(file.read(), file.name))
  const { principal } = found
  const read = (): ServiceTicket => {
    if (file.hasChanged()) found = newer(file, found)
    return found.tgt
  }
  return { kind: 'ready-ticket', principal, tgt: read }
}

interface Found {
  readonly principal: ReadyTicket['principal']
  readonly tgt: ServiceTicket
}

/** Another user's cache under the same name is no renewal, and what is being written is no cache. */
function newer(file: CredentialFile, before: Found): Found {
  try {
    const after = grantingTicketIn(decodeCcache(file.read(), file.name))
    return formatPrincipal(after.principal) === formatPrincipal(before.principal) ? after : before
  } catch {
    return before
  }
}

/** Source: MIT krb5 documentation, "Credential cache": KRB5CCNAME, else a file named after the user. */
function defaultCache({ KRB5CCNAME }: NodeJS.ProcessEnv): string {
  return KRB5CCNAME ?? `/tmp/krb5cc_${process.getuid?.() ?? 0}`
}

/** The types that MIT and Heimdal know beside files. Other words before a colon may be anything. */
const OTHER_TYPES: readonly string[] = ['DIR', 'KEYRING', 'MEMORY', 'KCM', 'API', 'MSLSA', 'SCC']

function pathOf(name: string): string {
  const type = /^([A-Z]{2,}):/.exec(name)?.[1]
  if (type === undefined || type === 'FILE') return name.replace(/^FILE:/, '')
  const which = OTHER_TYPES.includes(type) ? `of type ${type}` : 'of another type than FILE'
  throw new ConfigurationError(`credential caches ${which} cannot be read`, {
    code: 'KRB5_CC_UNKNOWN_TYPE',
    hint: 'Use a file: KRB5CCNAME=FILE:/path.',
  })
}

function grantingTicketIn({ principal, credentials }: CredentialCache): Found {
  const granting = credentials.filter(
    ({ server }) =>
      server.name.nameString[0] === 'krbtgt' &&
      server.name.nameString[1] === principal.realm &&
      server.realm === principal.realm,
  )
  // What was renewed stands behind what it replaces.
  const longest = [...granting].sort((a, b) => b.endtime - a.endtime)[0]
  if (longest !== undefined) return { principal, tgt: ticketOf(longest) }
  throw new ConfigurationError(
    `the credential cache of ${formatPrincipal(principal)} holds no ticket-granting ticket`,
    { code: 'KRB5_CC_NOTFOUND', hint: `Run kinit ${formatPrincipal(principal)}.` },
  )
}

/** As a value of this package. */
export function ticketOf(credential: CachedCredential): ServiceTicket {
  const { client, server, ticket, key, flags, authtime, starttime, endtime, renewTill } = credential
  return Object.freeze({
    client,
    service: server,
    ticket,
    sessionKey: key,
    flags,
    authenticatedAt: authtime,
    startsAt: starttime || authtime,
    expiresAt: endtime,
    ...(renewTill > 0 && { renewableUntil: renewTill }),
  })
}
