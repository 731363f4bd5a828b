import { ConfigurationError } from '@s4u/kdc-client'

/** What this app permits itself, before any KDC is asked. What is left out is off, but for `allow`: there the directory decides alone. */
export interface DelegationOptions {
  /**
   * The keytab principal that speaks to the KDC: on Active Directory the account (`svc-web`), since an SPN cannot sign in.
   * Default: the keytab's first account, else its first entry.
   */
  readonly principal?: string
  /** Target SPNs: `HTTP/api.ad.test`, `HTTP/*.farm.ad.test`, `HTTP/*`. Default: whatever the directory allows. */
  readonly allow?: readonly string[]
  /**
   * Whether users who presented no ticket may be impersonated (S4U2Self): never (default), always, or those for whom the function says
   * so. It is given the user as `identityFor` is, and `alice@AD.TEST` for callers and owners of certificates: let it name who may.
   */
  readonly protocolTransition?: boolean | ((user: string) => boolean)
}

/** @throws ConfigurationError KDC_ERR_POLICY when the app's own list does not have the target */
export function requireAllowedTarget(spn: string, { allow }: DelegationOptions): void {
  if (allow === undefined || allow.some((pattern) => matches(spn, pattern))) return
  throw new ConfigurationError(`this app does not permit itself to act as a caller towards ${spn}`, {
    code: 'KDC_ERR_POLICY',
    hint: `Add '${spn}' to delegation.allow if the app is meant to call it as its callers.`,
  })
}

/** @throws ConfigurationError KDC_ERR_POLICY unless the app permits protocol transition for this user */
export function requireProtocolTransition(user: string, options: DelegationOptions): void {
  if (permitsTransition(user, options)) return
  throw new ConfigurationError(`this app does not permit itself to impersonate ${user}, who presented no ticket`, {
    code: 'KDC_ERR_POLICY',
    hint: 'Set delegation.protocolTransition to true, or to a function that permits this user.',
  })
}

/** The same for a user whom only the KDC knows yet: for some at least. @throws ConfigurationError KDC_ERR_POLICY */
export function requireSomeTransition(options: DelegationOptions): void {
  if (typeof options.protocolTransition !== 'function') requireProtocolTransition('the owner of a certificate', options)
}

/** Whether the app permits itself to vouch for this user. */
export function permitsTransition(user: string, { protocolTransition = false }: DelegationOptions): boolean {
  return typeof protocolTransition === 'function' ? protocolTransition(user) : protocolTransition
}

/** @throws ConfigurationError when a pattern is not `class/host`, with `*` as the first label of the host or as the whole of it */
export function checkDelegationOptions({ allow = [] }: DelegationOptions): void {
  const wrong = allow.find((pattern) => !/^[^/@\s*]+\/(\*|(\*\.)?[^/@\s*]+)$/.test(pattern))
  if (wrong === undefined) return
  throw new ConfigurationError(
    `delegation.allow: ${JSON.stringify(wrong)} is not a service principal name or pattern`,
    {
      hint: "Write 'HTTP/api.ad.test', 'HTTP/*.farm.ad.test' (one or more labels in place of the star) or 'HTTP/*'.",
    },
  )
}

/** SPNs are compared without regard to case, as Active Directory does. */
function matches(spn: string, pattern: string): boolean {
  const [serviceClass, host] = split(spn)
  const [wantedClass, wantedHost] = split(pattern)
  if (serviceClass !== wantedClass) return false
  if (wantedHost === '*') return true
  return wantedHost.startsWith('*.')
    ? host.endsWith(wantedHost.slice(1)) && host.length > wantedHost.length - 1
    : host === wantedHost
}

function split(spn: string): [string, string] {
  const slash = spn.indexOf('/')
  return [spn.slice(0, slash).toLowerCase(), spn.slice(slash + 1).toLowerCase()]
}
