import { type Claim, closeOptions, type OptionTableOf, parseSid, requireGiven } from '@s4u/krb5'
import {
  AccessMask,
  EVERY_RIGHT,
  type GenericMapping,
  GenericMappings,
  mapGeneric,
  parseRights,
} from './access-mask.js'
import type { Attribute } from './attribute.js'
import { decodeSecurityDescriptor } from './decode-security-descriptor.js'
import { type ConditionFacts, evaluateCondition } from './evaluate-condition.js'
import { AccessNode, type ObjectType } from './object-types.js'
import { parseSddl } from './parse-sddl.js'
import { canonicalSid } from './sddl-sids.js'
import type { Ace, SecurityDescriptor } from './security-descriptor.js'

/** The caller whose access is checked. Source: MS-DTYP section 2.5.2. */
export interface AccessCaller {
  /** The SID of the user. */
  readonly sid: string
  /**
   * The SIDs of the caller's groups. Network, Everyone and Authenticated Users are added here, as
   * Windows does for callers over the network; the last two not for the anonymous user.
   */
  readonly groups: readonly string[]
  /**
   * The domain that `DA`, `DU` and the like mean if options do not say it; `false` for none.
   * Default: the domain of `sid`.
   */
  readonly domainSid?: string | false
  /**
   * Groups that only deny: they refuse what entries refuse them, and grant nothing
   * (SE_GROUP_USE_FOR_DENY_ONLY).
   */
  readonly denyOnlySids?: readonly string[]
  /** The groups of the computer that the user sits at: `Device_Member_of` asks about them. */
  readonly deviceGroups?: readonly string[]
  /**
   * The restricting SIDs of the caller: such a caller gets only what the user and these SIDs may
   * both do.
   */
  readonly restrictedSids?: readonly string[]
  /** The claims of the user and of the user's device, and what the app says itself. */
  readonly claims?: {
    readonly user?: readonly Claim[]
    readonly device?: readonly Claim[]
    /** What the app itself says about this request: attributes without `@`. */
    readonly local?: readonly Claim[]
  }
}

/** Options of an access check. */
export interface AccessCheckOptions {
  /** What generic rights mean for this kind of object. Default: those of files. */
  readonly mapping?: GenericMapping
  /**
   * The parts of the object that the access is about. Entries for other parts allow nothing.
   * Default: the whole object.
   */
  readonly objectType?: ObjectType
  /** The SID that `PS` (SELF) stands for: that of the object, if it is a user or a computer. */
  readonly self?: string
  /**
   * The domain that `DA`, `DU` and the like of an SDDL string mean. Default: the domain of the
   * service for a caller of another realm, else that of the caller.
   */
  readonly domainSid?: string
  /**
   * Whether the anonymous user may do what Everyone may do. Default: `false`, as on Windows, whose
   * policy "Let Everyone permissions apply to anonymous users" this is.
   */
  readonly everyoneIncludesAnonymous?: boolean
}

/** Every name in AccessCheckOptions; other names are refused. */
export const ACCESS_CHECK_OPTIONS = {
  mapping: 'value',
  objectType: 'value',
  self: 'value',
  domainSid: 'value',
  everyoneIncludesAnonymous: 'flag',
} as const satisfies OptionTableOf<AccessCheckOptions>

/**
 * Returns the access that a security descriptor allows a caller: all of `desiredAccess`, or 0. For
 * `MAXIMUM_ALLOWED` it returns every right that the caller has. Privileges do not count: they
 * belong to a machine, and a caller over the network has none here. Source: MS-DTYP section
 * 2.5.3.2.
 *
 * @param securityDescriptor SDDL, or the self-relative binary form
 * @param desiredAccess a mask, or SDDL rights: `FR`, `RPWP`
 * @throws ConfigurationError when the SDDL, the rights or a SID is wrong
 * @throws MalformedTokenError when the binary form is wrong
 *
 * @example
 * ```ts
 * import { accessCheck, type AccessCaller } from '@s4u/acceptor'
 *
 * const caller: AccessCaller = { sid: 'S-1-5-21-1-2-3-1104', groups: ['S-1-5-21-1-2-3-513'] }
 * console.log(accessCheck('D:(A;;FR;;;DU)', 'FR', caller) !== 0)
 * ```
 */
export function accessCheck(
  securityDescriptor: string | Uint8Array,
  desiredAccess: number | string,
  caller: AccessCaller,
  options?: AccessCheckOptions,
): number {
  return checkAccess(
    securityDescriptor,
    desiredAccess,
    caller,
    closeOptions('accessCheck', options, ACCESS_CHECK_OPTIONS),
  )
}

/** Does what `accessCheck` does, with options that are already closed. */
export function checkAccess(
  securityDescriptor: string | Uint8Array,
  desiredAccess: number | string,
  caller: AccessCaller,
  options: AccessCheckOptions,
): number {
  requireGiven('accessCheck: the caller', caller, [], 'Give an identity, or { sid, groups }.')
  if (!(securityDescriptor instanceof Uint8Array))
    requireGiven('accessCheck: the security descriptor', securityDescriptor, 'text', 'Give SDDL, or its octets.')
  if (typeof desiredAccess !== 'number')
    requireGiven('accessCheck: the rights', desiredAccess, 'text', "Write 'FR', or a mask.")
  const { mapping = GenericMappings.FILE, domainSid = ownDomainOf(caller) } = options
  const descriptor =
    typeof securityDescriptor === 'string'
      ? parseSddl(securityDescriptor, domainSid)
      : decodeSecurityDescriptor(securityDescriptor)
  const desired = mapGeneric(typeof desiredAccess === 'string' ? parseRights(desiredAccess) : desiredAccess, mapping)
  const granted = grantedAccess(descriptor, caller, mapping, options)
  const specific = desired & ~AccessMask.MAXIMUM_ALLOWED
  if ((granted & specific) !== specific) return 0
  return ((desired & AccessMask.MAXIMUM_ALLOWED) === 0 ? specific : granted) >>> 0
}

function grantedAccess(
  descriptor: SecurityDescriptor,
  caller: AccessCaller,
  mapping: GenericMapping,
  options: AccessCheckOptions,
): number {
  if (descriptor.dacl === undefined) return (EVERY_RIGHT | mapping.all) >>> 0
  const sids = sidsOf(caller, options)
  const denyOnlySids = new Set(caller.denyOnlySids?.map(canonicalSid))
  const facts = factsOf(caller, sids, denyOnlySids, descriptor)
  const trustees = { allow: sids, deny: new Set([...sids, ...denyOnlySids]) }
  const granted = decide(descriptor, descriptor.dacl, trustees, facts, mapping, options)
  if (caller.restrictedSids === undefined) return granted
  const restricted = new Set(caller.restrictedSids.map(canonicalSid))
  const both = { allow: restricted, deny: restricted }
  return granted & decide(descriptor, descriptor.dacl, both, facts, mapping, options)
}

/** The SIDs that each kind of entry is compared with. */
type Trustees = Readonly<Record<Ace['kind'], ReadonlySet<string>>>

/** Goes through the entries in their order: the first entry that names a right decides it. */
function decide(
  { owner }: SecurityDescriptor,
  dacl: readonly Ace[],
  trustees: Trustees,
  facts: ConditionFacts,
  mapping: GenericMapping,
  { objectType, self }: AccessCheckOptions,
): number {
  const effective = dacl.filter(({ inheritOnly }) => !inheritOnly)
  const isOwner = (kind: Ace['kind']): boolean => owner !== undefined && trustees[kind].has(owner)
  const root = new AccessNode(objectType)
  // An entry for OWNER RIGHTS replaces the rights that owners otherwise have.
  const ownerRights = effective.some(({ sid }) => sid === OWNER_RIGHTS)
  if (isOwner('allow') && !ownerRights) root.decide('allow', AccessMask.READ_CONTROL | AccessMask.WRITE_DAC, undefined)
  const principalSelf = self === undefined ? undefined : canonicalSid(self)
  for (const ace of effective) {
    const sid = ace.sid === SELF ? (principalSelf ?? SELF) : ace.sid
    const isMeant = sid === OWNER_RIGHTS ? isOwner(ace.kind) : trustees[ace.kind].has(sid)
    if (!isMeant || !conditionHolds(ace, facts)) continue
    // In a question about the whole object, a refusal for one part counts, and a permission for one
    // part does not.
    const part = objectType === undefined && ace.kind === 'deny' ? undefined : ace.objectType
    root.decide(ace.kind, mapGeneric(ace.mask, mapping), part)
  }
  return root.granted & ~(AccessMask.ACCESS_SYSTEM_SECURITY | AccessMask.MAXIMUM_ALLOWED)
}

/**
 * Returns whether a condition lets its entry apply. An unknown condition allows nothing, and
 * denies. Source: MS-DTYP section 2.5.3.2.
 */
function conditionHolds({ kind, condition }: Ace, facts: ConditionFacts): boolean {
  if (condition === undefined) return true
  const truth = condition === 'unreadable' ? undefined : evaluateCondition(condition, facts)
  return truth ?? kind === 'deny'
}

const EVERYONE = 'S-1-1-0'
const NETWORK = 'S-1-5-2'
const ANONYMOUS = 'S-1-5-7'
const AUTHENTICATED_USERS = 'S-1-5-11'
const SELF = 'S-1-5-10'
const OWNER_RIGHTS = 'S-1-3-4'

function sidsOf(
  { sid, groups }: AccessCaller,
  { everyoneIncludesAnonymous = false }: AccessCheckOptions,
): ReadonlySet<string> {
  const user = canonicalSid(sid)
  const ofAnonymous = everyoneIncludesAnonymous ? [EVERYONE] : []
  const wellKnown = user === ANONYMOUS ? ofAnonymous : [EVERYONE, AUTHENTICATED_USERS]
  return new Set([user, ...groups.map(canonicalSid), NETWORK, ...wellKnown])
}

function factsOf(
  { deviceGroups = [], claims = {} }: AccessCaller,
  sids: ReadonlySet<string>,
  denyOnlySids: ReadonlySet<string>,
  { attributes }: SecurityDescriptor,
): ConditionFacts {
  const { user = [], device = [], local = [] } = claims
  return {
    sids,
    denyOnlySids,
    deviceSids: new Set(deviceGroups.map(canonicalSid)),
    attributes: {
      user: user.map(toAttribute),
      device: device.map(toAttribute),
      local: local.map(toAttribute),
      resource: attributes,
    },
  }
}

function toAttribute(claim: Claim): Attribute {
  return { name: claim.id, values: scalarsOf(claim), caseSensitive: false }
}

function scalarsOf(claim: Claim): Attribute['values'] {
  switch (claim.type) {
    case 'string':
      return claim.values.map((value) => ({ type: 'string', value }))
    case 'boolean':
      return claim.values.map((value) => ({ type: 'integer', value: value ? 1n : 0n }))
    default:
      return claim.values.map((value) => ({ type: 'integer', value }))
  }
}

function ownDomainOf({ sid, domainSid }: AccessCaller): string | undefined {
  return domainSid === undefined ? domainOf(sid) : domainSid || undefined
}

/** Returns the domain of a SID: `S-1-5-21-1-2-3` for `S-1-5-21-1-2-3-1104`. */
function domainOf(sid: string): string | undefined {
  const { identifierAuthority, subAuthorities } = parseSid(sid)
  if (identifierAuthority !== 5 || subAuthorities[0] !== 21 || subAuthorities.length < 5) return undefined
  return `S-1-5-${subAuthorities.slice(0, -1).join('-')}`
}
