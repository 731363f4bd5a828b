import {
  asciiLower,
  closeOptions,
  ConfigurationError,
  hintOfCopies,
  requireGiven,
  requireLogger,
  shownInput,
} from '@s4u/krb5'
import { journalFor } from '@s4u/kdc-client'
import type { Directory } from './interface/directory.js'
import { DIRECTORY_OPTIONS, type DirectoryOptions } from './interface/directory-options.js'
import { LdapDirectory } from './ldap-directory.js'

/**
 * Opens the directory of a domain, as the account of a KDC client. Nothing is sent before the first
 * question.
 *
 * @example
 * ```ts
 * import { createKdcClient } from '@s4u/kdc-client'
 * import { openDirectory } from '@s4u/directory'
 *
 * const client = createKdcClient({ credentials: { principal: 'svc-web', keytab: 'web.keytab' } })
 * await using directory = openDirectory({ client })
 * const alice = await directory.account('alice')
 * console.log(alice?.displayName, alice?.state.disabled)
 * ```
 *
 * @throws ConfigurationError
 */
export function openDirectory(given: DirectoryOptions): Directory {
  const options = closeOptions('openDirectory', given, DIRECTORY_OPTIONS)
  requireClient(options.client)
  requireNumbers(options)
  requireLogger(options.logger)
  const domain = asciiLower(options.domain ?? options.client.realm)
  if (!DOMAIN.test(domain)) throw notADomain(domain)
  return new LdapDirectory(options, domain, journalFor(options.logger))
}

const DOMAIN = /^(?=.{1,240}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*$/

function requireClient(client: unknown): void {
  const hint = `Give client: createKdcClient({ credentials: … }). ${hintOfCopies('@s4u/kdc-client')}`
  requireGiven('openDirectory: client', client, ['ticketFor', 'realm', 'principal'], hint)
}

const NUMBERS = {
  timeLimit: { least: 1, most: 600_000 },
  maxConnections: { least: 1, most: 100 },
  idleTimeout: { least: 0, most: 3_600_000 },
  namesFreshFor: { least: 0, most: 86_400_000 },
} as const

function requireNumbers(options: DirectoryOptions): void {
  for (const [name, { least, most }] of Object.entries(NUMBERS)) {
    const value: unknown = Reflect.get(options, name)
    if (value === undefined) continue
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) continue
    throw new ConfigurationError(
      `openDirectory: ${name} must be a whole number from ${least} to ${most}, and not ${shownInput(value)}`,
    )
  }
}

function notADomain(domain: string): ConfigurationError {
  return new ConfigurationError(`openDirectory: domain must be a name in DNS, and not ${shownInput(domain)}`, {
    hint: "Write domain: 'corp.test'.",
  })
}
