import {
  type Claim,
  ConfigurationError,
  type DeviceInfo,
  GroupAttribute,
  type OptionTableOf,
  type Pac,
} from '@s4u/krb5'
import { foreignFactsOf } from '../pac-authority/withheld.js'
import type { AccessCaller } from '../access-check/access-check.js'

/** What an access check needs to know of an identity. */
export interface PacHolder {
  readonly principal: string
  readonly impersonationLevel: string
  readonly sid: string | undefined
  readonly groups: readonly string[]
  readonly pac: Pac | undefined
  /** Why the groups are not known; undefined if they are. */
  readonly groupsUnknown?: string | undefined
}

/** What the app adds to the caller of an access check. */
export interface CallerOptions {
  /**
   * The groups of this machine that the caller is in: no ticket can name them. Example:
   * `['S-1-5-32-545']`. Default: none.
   */
  readonly localGroups?: readonly string[]
  /**
   * What the app itself says about this request: attributes without `@` in conditions. Default:
   * none.
   */
  readonly localClaims?: readonly Claim[]
}

/** Every name in CallerOptions; other names are refused. */
export const CALLER_OPTIONS = {
  localGroups: 'texts',
  localClaims: 'value',
} as const satisfies OptionTableOf<CallerOptions>

/**
 * Returns the caller as a security descriptor sees it: the user, groups, device and claims of the
 * PAC.
 * @throws ConfigurationError when nothing says which SIDs the caller has: a check with no SIDs
 * would deny what is allowed, and allow what is denied
 */
export function callerFromPac(
  { principal, impersonationLevel, sid, groups, pac, groupsUnknown }: PacHolder,
  { localGroups = [], localClaims }: CallerOptions,
): AccessCaller {
  if (impersonationLevel === 'anonymous') return { sid: ANONYMOUS, groups: localGroups }
  if (sid !== undefined && groupsUnknown !== undefined) throw groupsNotKnown(principal, groupsUnknown)
  if (sid === undefined) {
    throw new ConfigurationError(
      `there is no security identifier of ${principal}, so no access can be checked${groupsUnknown === undefined ? '' : `: ${groupsUnknown}`}`,
      {
        code: 'GSS_S_UNAVAILABLE',
        hint: 'The ticket had no PAC with LOGON_INFO. Directories without SIDs have no use for security descriptors; see requirePac, and domainSids for users of other realms.',
      },
    )
  }
  const domainSid = foreignFactsOf(pac)?.serviceDomain
  return {
    sid,
    ...(domainSid !== undefined && { domainSid }),
    groups: [...groups, ...(groups.includes(OTHER_ORGANIZATION) ? [] : [THIS_ORGANIZATION]), ...localGroups],
    denyOnlySids: pac?.denyOnlySids() ?? [],
    deviceGroups: pac?.deviceInfo === undefined ? [] : deviceSids(pac.deviceInfo),
    claims: {
      user: (pac?.clientClaims ?? []).flatMap(({ claims }) => claims),
      device: (pac?.deviceClaims ?? []).flatMap(({ claims }) => claims),
      ...(localClaims && { local: localClaims }),
    },
  }
}

/**
 * Returns the error for a question about groups that are not known. An answer of "none" would admit
 * callers that a group should keep out.
 */
export function groupsNotKnown(principal: string, why: string): ConfigurationError {
  return new ConfigurationError(`it is not known which groups ${principal} is in: ${why}`, {
    code: 'GSS_S_UNAVAILABLE',
    hint: 'requirePac refuses tickets without a PAC when they come; requirePac: false says that their users are in no group. For users of other realms see domainSids.',
  })
}

const ANONYMOUS = 'S-1-5-7'
const THIS_ORGANIZATION = 'S-1-5-15'

/**
 * Says that the user came over a trust with selective authentication. A caller has either this SID
 * or that of This Organization, never both. Source: MS-DTYP section 2.4.2.4.
 */
const OTHER_ORGANIZATION = 'S-1-5-1000'

/** Returns the SID of the computer, and of those of its groups that are enabled. */
function deviceSids({ accountDomainId, userId, accountGroupIds, extraSids, domainGroups }: DeviceInfo): string[] {
  const enabled = ({ attributes }: { readonly attributes: number }): boolean =>
    (attributes & GroupAttribute.ENABLED) !== 0
  return [
    `${accountDomainId}-${userId}`,
    ...accountGroupIds.filter(enabled).map(({ relativeId }) => `${accountDomainId}-${relativeId}`),
    ...extraSids.filter(enabled).map(({ sid }) => sid),
    ...domainGroups.flatMap(({ domainId, groupIds }) =>
      groupIds.filter(enabled).map(({ relativeId }) => `${domainId}-${relativeId}`),
    ),
  ]
}
