import { ConfigurationError, type OptionTableOf } from '@s4u/kdc-client'
import { parsePrincipal } from '@s4u/krb5'
import { isAllowed, isEntry, type Target } from './allowed-targets.js'

/** What this app permits itself, before any KDC is asked. What is left out is off, but for `allow`: there the directory decides alone. */
export interface DelegationOptions {
  /**
   * The keytab principal that speaks to the KDC: on Active Directory the account (`svc-web`), since an SPN cannot sign in.
   * Default: the keytab's first account, else its first entry.
   */
  readonly principal?: string
  /**
   * Target SPNs: `HTTP/api.ad.test`, `HTTP/*.farm.ad.test`, `HTTP/*`. A port, an instance name or a realm is permitted only by an entry
   * that names it (`MSSQLSvc/db.ad.test:1433`, `HTTP/api.ad.test@AD.TEST`). Default: whatever the directory allows.
   */
  readonly allow?: readonly string[]
  /**
   * Whether users who presented no ticket may be impersonated (S4U2Self): never (default), always, or those for whom the function says
   * so. It is given the user as `identityFor` is, and `alice@AD.TEST` for callers and owners of certificates: let it name who may. Only
   * `true` is a yes; a promise, or anything else that is no boolean, is an error.
   */
  readonly protocolTransition?: boolean | ((user: string) => boolean)
}

/** Every name in DelegationOptions; others are refused. */
export const DELEGATION_OPTIONS = {
  principal: 'value',
  allow: 'value',
  protocolTransition: 'value',
} as const satisfies OptionTableOf<DelegationOptions>

/** @throws ConfigurationError KDC_ERR_POLICY when the app's own list does not have the target; MalformedTokenError when it is no name */
export function requireAllowedTarget(spn: string, { allow }: DelegationOptions): void {
  if (allow === undefined) return
  // What the KDC client will read, and not the text: `HTTP/vault@x.farm.ad.test` is `HTTP/vault`.
  const target = readTarget(spn)
  if (isAllowed(target, allow)) return
  const name = JSON.stringify(spn)
  throw new ConfigurationError(`this app does not permit itself to act as a caller towards ${name}`, {
    code: 'KDC_ERR_POLICY',
    status: 403,
    hint: `Add ${name} to delegation.allow if the app is meant to call it as its callers.`,
  })
}

/** @throws ConfigurationError KDC_ERR_POLICY unless the app permits protocol transition for this user */
export function requireProtocolTransition(user: string, options: DelegationOptions): void {
  if (permitsTransition(user, options)) return
  throw new ConfigurationError(`this app does not permit itself to impersonate ${user}, who presented no ticket`, {
    code: 'KDC_ERR_POLICY',
    status: 403,
    hint: 'Set delegation.protocolTransition to true, or to a function that permits this user.',
  })
}

/** The same for a user whom only the KDC knows yet: for some at least. @throws ConfigurationError KDC_ERR_POLICY */
export function requireSomeTransition(options: DelegationOptions): void {
  if (typeof options.protocolTransition !== 'function') requireProtocolTransition('the owner of a certificate', options)
}

/** Whether the app permits itself to vouch for this user. @throws ConfigurationError when the answer is neither yes nor no */
export function permitsTransition(user: string, { protocolTransition = false }: DelegationOptions): boolean {
  const said: unknown = typeof protocolTransition === 'function' ? protocolTransition(user) : protocolTransition
  // A promise of `false` is as truthy as the text 'false'.
  if (typeof said !== 'boolean') throw notBoolean(said, typeof protocolTransition === 'function')
  return said
}

/**
 * @throws ConfigurationError when an entry is not `class/host`, with `*` as the first label of the host or as the whole of it,
 * protocolTransition neither a boolean nor a function, or the principal no name
 */
export function checkDelegationOptions(options: DelegationOptions): void {
  const { allow = [], protocolTransition = false, principal } = options
  if (typeof protocolTransition !== 'boolean' && typeof protocolTransition !== 'function')
    throw notBoolean(protocolTransition, false)
  if (principal !== undefined) requireName(principal)
  const wrong = allow.find((entry) => !isEntry(entry))
  if (wrong === undefined) return
  throw new ConfigurationError(
    `delegation.allow: ${JSON.stringify(wrong)} is not a service principal name or pattern`,
    {
      hint: "Write 'HTTP/api.ad.test', 'HTTP/*.farm.ad.test' (one or more labels in place of the star) or 'HTTP/*'.",
    },
  )
}

function requireName(principal: string): void {
  try {
    readTarget(principal)
  } catch (cause) {
    throw new ConfigurationError(`delegation.principal: ${JSON.stringify(principal)} is not the name of a principal`, {
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

/** A name as the KDC client reads it, with its realm only where one was written. @throws MalformedTokenError */
function readTarget(spn: string): Target {
  const { name, realm } = parsePrincipal(spn, { realm: UNSAID })
  return realm === UNSAID ? { name } : { name, realm }
}

/** No realm can be called this. */
const UNSAID = '\0'
