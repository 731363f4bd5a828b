import { ConfigurationError } from '@s4u/krb5'
import type { Directory } from '../interface/directory.js'
import type { DirectoryAccount } from '../interface/directory-account.js'
import { decodeSecurityDescriptor } from '../security-descriptor/security-descriptor.js'
import type { JoinOptions } from './join-options.js'

/**
 * Refuses to take over an account that is not the one that was named, or over which another user
 * keeps rights. Every user of a domain may create some computer accounts: if an attacker has
 * created the account in advance, the attacker would own the new service.
 *
 * @throws ConfigurationError
 */
export async function requireTakeable(
  present: DirectoryAccount,
  directory: Directory,
  options: JoinOptions & { readonly signInName: string },
): Promise<void> {
  requireNamed(present, directory, options)
  requireNobodyElse(present)
  await requireTrustedOwner(present, directory, options)
}

/**
 * Requires that the account was named by its own name. A SID, a distinguished name or a service
 * principal name may lead to another account, and the password of another account, or of a domain
 * controller, must not be set by mistake.
 */
function requireNamed(
  present: DirectoryAccount,
  directory: Directory,
  { signInName, kind }: JoinOptions & { readonly signInName: string },
): void {
  const isNamed = present.name.toLowerCase() === signInName.toLowerCase()
  const isHere = present.domain === directory.domain && present.kind === kind
  if (isNamed && isHere && !present.state.domainController) return
  throw notTaken(
    present,
    'it is another account than the name and the kind say',
    'Name the account itself (svc-web, WEB01), in the domain of the directory. Domain controllers are never taken over.',
  )
}

function requireNobodyElse(present: DirectoryAccount): void {
  if (present.delegation.allowedToAct === undefined) return
  throw notTaken(
    present,
    'others may act towards it in users’ names (msDS-AllowedToActOnBehalfOfOtherIdentity)',
    'Look at who they are. If they are meant, set the attribute again after the join; clear it before.',
  )
}

async function requireTrustedOwner(
  present: DirectoryAccount,
  directory: Directory,
  { trustedOwners = [], signal }: JoinOptions,
): Promise<void> {
  const attributes = ['nTSecurityDescriptor']
  const [entry] = await directory.search({ base: present.dn, scope: 'base', attributes, signal }).all()
  const octets = entry?.octets('nTSecurityDescriptor')
  const owner = octets && decodeSecurityDescriptor(octets).owner
  const domainSid = present.sid?.replace(/-\d+$/, '')
  if (owner !== undefined && [...administratorsOf(domainSid), ...trustedOwners].includes(owner)) return
  throw notTaken(
    present,
    owner === undefined ? 'its owner cannot be read' : `it belongs to ${owner}, who is no administrators’ group`,
    'Whoever owns an account can set its password. Let Domain Admins own it, delete it, or name the owner in trustedOwners (--trusted-owner SID).',
  )
}

/** Domain Admins, Enterprise Admins, and Administrators. Source: MS-DTYP section 2.4.2.4. */
function administratorsOf(domainSid: string | undefined): readonly string[] {
  const ofDomain = domainSid === undefined ? [] : [`${domainSid}-512`, `${domainSid}-519`]
  return [...ofDomain, 'S-1-5-32-544']
}

function notTaken({ name }: DirectoryAccount, why: string, hint: string): ConfigurationError {
  return new ConfigurationError(`joinAccount: ${name} is not taken over, since ${why}`, { hint })
}
