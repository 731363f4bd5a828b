import { createKdcClient, type KdcClient, type KdcCredentials, type ServiceTicket } from '@s4u/kdc-client'
import { ConfigurationError, printableName } from '@s4u/krb5'
import { type InitializeClientOptions, kdcOptions } from './client-options.js'
import { findDelegated, isDelegated } from './delegated-credentials.js'
import { knownClient } from './known-clients.js'
import { defaultClient } from './default-credentials.js'
import { readKeytab } from '../keytabs/read-keytab.js'

/** Where the tickets of a client come from. */
export interface TicketSource {
  readonly principal: string
  ticketFor(spn: string, options?: { readonly fresh?: boolean }): Promise<ServiceTicket>
  /** Absent where a user is impersonated, whose ticket-granting ticket nobody has. */
  tgtToForward?(): Promise<ServiceTicket>
}

/** The options that say who signs in. At most one of them. */
const CREDENTIALS = ['client', 'delegate', 'keytab', 'ccache', 'password'] as const

/** Tells whether the options name credentials, so that they are looked at before the first step. */
export function namesCredentials(options: InitializeClientOptions): boolean {
  return options.principal !== undefined || givenCredentials(options).length > 0
}

/**
 * Returns the source of tickets that the options name, or that of the environment.
 *
 * @throws ConfigurationError, MissingKeyError, MalformedTokenError
 */
export async function ticketSource(options: InitializeClientOptions): Promise<TicketSource> {
  const given = givenCredentials(options)
  if (given.length > 1) throw tooMany(given)
  const { client, delegate, principal } = options
  if (client !== undefined) return requireTickets('client', client)
  if (delegate !== undefined) return requireTickets('delegate', delegate)
  const password = passwordOf(options)
  if (password !== undefined && isDelegated(password)) return delegatedTo(options, findDelegated(password))
  const credentials = credentialsOf(options)
  if (credentials === undefined) return requireTyped(await defaultClient(untyped(options)), options)
  const found = clientWith(credentials, options)
  if ('ccache' in credentials && principal !== undefined && found.principal !== principal)
    throw otherOwner(found.principal, principal)
  return found
}

/** A program that mixes up its users must not act as the wrong one. @throws ConfigurationError */
function delegatedTo({ principal, user }: InitializeClientOptions, tickets: TicketSource): TicketSource {
  const wanted = principal ?? user
  if (wanted === undefined || wanted === tickets.principal) return tickets
  throw new ConfigurationError(`the credentials are those of ${tickets.principal}, and ${wanted} was asked for`, {
    code: 'KRB_AP_ERR_BADMATCH',
    hint: 'Give the name of the user and the text of delegatedPassword together.',
  })
}

/**
 * Returns a client with these credentials. The contexts of one keytab share one, and its tickets. A
 * password is shown to the KDC for each context: a ticket that it was good for once would let it
 * pass after a change, and for an account that was disabled since.
 */
function clientWith(credentials: KdcCredentials, options: InitializeClientOptions): KdcClient {
  const make = (): KdcClient => createKdcClient({ ...kdcOptions(options), credentials })
  const { realm, kdc, krb5Config, keytab } = options
  // Keys that are no text are not shared, since functions and objects have no name.
  if (typeof keytab !== 'string' || (kdc !== undefined && typeof kdc !== 'string')) return make()
  const names = [keytab, options.principal ?? options.user, realm, kdc, krb5Config, process.env['KRB5_CONFIG']]
  return knownClient(readKeytab(keytab), names, make)
}

function credentialsOf(options: InitializeClientOptions): KdcCredentials | undefined {
  const { keytab, ccache } = options
  const name = options.principal ?? (options.user || undefined)
  if (keytab !== undefined) return { keytab, ...(name !== undefined && { principal: name }) }
  if (ccache !== undefined) return { ccache }
  const password = passwordOf(options)
  if (password === undefined) return undefined
  if (name === undefined) throw noUser()
  return { principal: name, password }
}

/**
 * A form hands on what somebody has typed. Without a password that must not become a context of
 * this machine under the name of another.
 */
function requireTyped(client: KdcClient, options: InitializeClientOptions): KdcClient {
  const name = options.principal ?? options.user
  if (!name || !hasPassword(options) || isOwner(client.principal, name)) return client
  throw new ConfigurationError(
    `the password of ${printableName(name)} is empty, and the credentials of this machine are those of ${client.principal}`,
    {
      code: 'GSS_S_NO_CRED',
      hint: 'Give a password, or leave user and password out to act as this machine.',
    },
  )
}

/** A name that was typed chooses none among several caches, or keys, of this machine. */
function untyped(options: InitializeClientOptions): InitializeClientOptions {
  if (!hasPassword(options)) return options
  const { principal: _typed, ...others } = options
  return others
}

/** Whether there is a password, which may be empty. */
function hasPassword({ password, pass }: InitializeClientOptions): boolean {
  return (password ?? pass) !== undefined
}

/** A name without a realm is in the realm of the credentials. */
function isOwner(owner: string, name: string): boolean {
  return owner === name || owner === `${name}${owner.slice(owner.lastIndexOf('@'))}`
}

/** The driver of MongoDB always gives a password, which is empty when there is none. */
function passwordOf({ password, pass }: InitializeClientOptions): string | undefined {
  return password || pass || undefined
}

function givenCredentials(options: InitializeClientOptions): string[] {
  const given = { ...options, password: passwordOf(options) }
  return CREDENTIALS.filter((name) => given[name] !== undefined)
}

/** Asks for what is used: an impersonation of another copy of the package is one too. */
function requireTickets(name: string, source: TicketSource): TicketSource {
  if (typeof source?.ticketFor === 'function' && typeof source.principal === 'string') return source
  throw new ConfigurationError(`${name} must have a principal and a method ticketFor`, {
    hint:
      name === 'client'
        ? 'Give what createKdcClient returns.'
        : 'Give what identity.impersonate() returns: initializeClient(service, { delegate: req.identity.impersonate() }).',
  })
}

function tooMany(names: readonly string[]): ConfigurationError {
  return new ConfigurationError(`the options name several credentials: ${names.join(', ')}`, {
    hint: 'Leave all but one of them out.',
  })
}

function noUser(): ConfigurationError {
  return new ConfigurationError('a password is given, and nobody whose it is', {
    code: 'GSS_S_NO_CRED',
    hint: "Name the account: { user: 'jdoe@AD.TEST', password }.",
  })
}

function otherOwner(owner: string, wanted: string): ConfigurationError {
  return new ConfigurationError(`the credential cache is that of ${owner}, and ${wanted} was asked for`, {
    code: 'KRB5_CC_NOTFOUND',
    hint: 'Name the cache of that principal, or leave principal out.',
  })
}
