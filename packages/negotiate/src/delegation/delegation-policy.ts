import type { ForwardedTickets, Identity } from '@s4u/acceptor'
import { ConfigurationError, type OptionTableOf, shownInput } from '@s4u/kdc-client'
import { parsePrincipal, sameRealmIgnoringCase, withoutHostBasedForm } from '@s4u/krb5'
import { isAllowed, isEntry, type Target } from './allowed-targets.js'

/**
 * What this app permits itself, before a KDC is asked. An option that is left out is off, except
 * `allow`: without it, only the directory decides.
 */
export interface DelegationOptions {
  /**
   * What becomes of ticket-granting tickets of users (unconstrained delegation): of one that a
   * client forwards with its token, and of the one that a password gets. `ignore` (default): none
   * is kept, and the directory's lists decide, with the user's ticket to this service as evidence.
   * `use`: it is kept with the identity, and the service acts as the user everywhere, whatever the
   * directory lists; `allow` still applies. A ticket that a client forwards must be its own, for a
   * KDC of its realm or of the service's. Example: `{ forwardedTickets: 'use' }`. Source: RFC 4121
   * section 4.1.1.
   */
  readonly forwardedTickets?: ForwardedTickets
  /**
   * The principal of the keytab that signs in to the KDC: on Active Directory the account
   * (`svc-web`), since an SPN cannot sign in. Default: the keytab's first account, else its first
   * entry. With keys of several realms, the name with a realm is the account of that realm, and the
   * name without a realm that of each realm; callers of other realms are delegated by the first
   * account there.
   */
  readonly principal?: string
  /**
   * The SPNs that the app may call as its callers: `HTTP/api.ad.test`, `HTTP/*.farm.ad.test`,
   * `HTTP/*`. A port, an instance name or a realm is permitted only by an entry that names it
   * (`MSSQLSvc/db.ad.test:1433`, `HTTP/api.ad.test@AD.TEST`). Default: what the directory allows.
   */
  readonly allow?: readonly string[]
  /**
   * Whether users who presented no ticket may be impersonated (S4U2Self): `false` (default),
   * `true`, or a function that says it of each user. The function gets the name that `identityFor`
   * got. For an alias, a user principal name or `AD\\alice` it also gets the name that the
   * directory has resolved (`alice@AD.TEST`), and must permit both. Let it list who may, and not
   * who may not: a user has several names. Only `true` permits; a promise, or another value that is
   * no boolean, is an error. Example: `(user) => ['bob@AD.TEST', 'eve@AD.TEST'].includes(user)`.
   */
  readonly protocolTransition?: boolean | ((user: string) => boolean)
}

/** Every name in DelegationOptions; others are refused. */
export const DELEGATION_OPTIONS = {
  principal: 'value',
  allow: 'texts',
  protocolTransition: 'value',
  forwardedTickets: 'value',
} as const satisfies OptionTableOf<DelegationOptions>

/**
 * @throws ConfigurationError KDC_ERR_POLICY when the app's own list does not have the target;
 * MalformedTokenError when the target is not a name
 */
export function requireAllowedTarget(spn: string, { allow }: DelegationOptions): void {
  if (allow === undefined) return
  const permitted = permittedBy(allow)
  if (permitted?.has(spn)) return
  // Compares the name as the KDC client reads it, not the text: `HTTP/vault@x.farm.ad.test` is
  // `HTTP/vault`.
  const target = readTarget(spn)
  if (isAllowed(target, allow)) {
    if (permitted !== undefined && permitted.size < MAX_PERMITTED) permitted.add(spn)
    return
  }
  const name = JSON.stringify(spn)
  throw new ConfigurationError(`this app does not permit itself to act as a caller towards ${name}`, {
    code: 'KDC_ERR_POLICY',
    status: 403,
    hint: `Add ${name} to delegation.allow if the app is meant to call it as its callers.`,
  })
}

const permittedNames = new WeakMap<readonly string[], Set<string>>()

/**
 * An app calls few services; more names come from URLs of its users, and are compared each time.
 */
const MAX_PERMITTED = 100

/** Returns the names that a list has permitted before; undefined for a list that may change. */
function permittedBy(allow: readonly string[]): Set<string> | undefined {
  if (!Object.isFrozen(allow)) return undefined
  let names = permittedNames.get(allow)
  if (names === undefined) permittedNames.set(allow, (names = new Set()))
  return names
}

/**
 * @throws ConfigurationError KDC_ERR_POLICY unless the app permits protocol transition for this
 * user
 */
export function requireProtocolTransition(user: string, options: DelegationOptions): void {
  if (permitsTransition(user, options)) return
  throw new ConfigurationError(`this app does not permit itself to impersonate ${user}, who presented no ticket`, {
    code: 'KDC_ERR_POLICY',
    status: 403,
    hint: 'Set delegation.protocolTransition to true, or to a function that permits this user.',
  })
}

/**
 * Checks a user whom only the KDC knows yet: protocol transition must be permitted for some users.
 * @throws ConfigurationError KDC_ERR_POLICY
 */
export function requireSomeTransition(options: DelegationOptions): void {
  if (typeof options.protocolTransition !== 'function') requireProtocolTransition('the owner of a certificate', options)
}

/**
 * Checks the user that the directory has found for a name. An alias, a user principal name or
 * `AD\\bob` may belong to any account, and the app may know only one name of the user. `bob` and
 * `bob@ad.test` are `bob@AD.TEST` as they stand, and are checked once.
 * @throws ConfigurationError KDC_ERR_POLICY
 */
export function requireResolvedTransition(
  user: string,
  { principal, realm }: Pick<Identity, 'principal' | 'realm'>,
  ownRealm: string,
  options: DelegationOptions,
): void {
  const own = principal.slice(0, -realm.length - 1)
  const at = user.lastIndexOf('@')
  const isWhole = user.slice(0, at) === own && sameRealmIgnoringCase(user.slice(at + 1), realm)
  const isBare = user === own && sameRealmIgnoringCase(realm, ownRealm)
  if (!isWhole && !isBare) requireProtocolTransition(principal, options)
}

/**
 * Whether the app permits itself to vouch for this user. @throws ConfigurationError when the answer
 * is neither yes nor no
 */
export function permitsTransition(user: string, { protocolTransition = false }: DelegationOptions): boolean {
  const said: unknown = typeof protocolTransition === 'function' ? protocolTransition(user) : protocolTransition
  // A promise of `false` is as truthy as the text 'false'.
  if (typeof said !== 'boolean') throw notBoolean(said, typeof protocolTransition === 'function')
  return said
}

/**
 * @throws ConfigurationError when an entry of `allow` is not `class/host`, with `*` as the first
 * label of the host or as the whole host; when `protocolTransition` is neither a boolean nor a
 * function; when `forwardedTickets` is another word; when `principal` is not a name
 */
export function checkDelegationOptions(options: DelegationOptions): void {
  const { allow = [], protocolTransition = false, principal, forwardedTickets = 'ignore' } = options
  if (!FORWARDED.includes(forwardedTickets))
    throw new ConfigurationError(
      `delegation.forwardedTickets must be one of ${FORWARDED.join(', ')}, not ${shownInput(forwardedTickets)}`,
      { hint: "Leave it out, or write 'use' where the service is to act as its users everywhere." },
    )
  if (typeof protocolTransition !== 'boolean' && typeof protocolTransition !== 'function')
    throw notBoolean(protocolTransition, false)
  if (principal !== undefined) requireName(principal)
  const wrong = allow.find((entry) => !isEntry(entry))
  if (wrong === undefined) return
  throw new ConfigurationError(`delegation.allow: ${shownInput(wrong)} is not a service principal name or pattern`, {
    hint: "Write 'HTTP/api.ad.test', 'HTTP/*.farm.ad.test' (one or more labels in place of the star) or 'HTTP/*'.",
  })
}

const FORWARDED: readonly string[] = ['ignore', 'use']

function requireName(principal: string): void {
  try {
    readTarget(principal)
  } catch (cause) {
    throw new ConfigurationError(`delegation.principal: ${shownInput(principal)} is not the name of a principal`, {
      hint: "Write the account with which the service signs in: 'svc-web' or 'svc-web@AD.TEST'.",
      cause,
    })
  }
}

function notBoolean(said: unknown, bySaying: boolean): ConfigurationError {
  const what = said instanceof Promise ? 'a promise' : said === null ? 'null' : `of type ${typeof said}`
  return new ConfigurationError(
    `delegation.protocolTransition must ${bySaying ? 'answer' : 'be'} true or false, and ${bySaying ? 'the answer' : 'it'} is ${what}`,
    {
      hint: 'Give true, false, or a function that returns one of them at once: look up beforehand what it needs to know.',
    },
  )
}

/**
 * Parses a name as the KDC client does, with its realm only where one was written.
 * @throws MalformedTokenError
 */
function readTarget(spn: string): Target {
  const { name, realm } = parsePrincipal(withoutHostBasedForm(spn), { realm: UNSAID })
  return realm === UNSAID ? { name } : { name, realm }
}

/** No realm can be called this. */
const UNSAID = '\0'
