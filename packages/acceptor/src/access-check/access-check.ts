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

/** Who asks. Source: MS-DTYP section 2.5.2. */
export interface AccessCaller {
  readonly sid: string
  /**
   * The SIDs of the groups that count. Network, and for all but the anonymous user Everyone and
   * Authenticated Users, are added here, as Windows does for whoever comes over the network.
   */
  readonly groups: readonly string[]
  /**
   * The domain that `DA`, `DU` and the like mean where options do not say: `false` for none.
   * Default: the domain of `sid`.
   */
  readonly domainSid?: string | false
  /** Groups that deny what entries refuse them, and grant nothing (SE_GROUP_USE_FOR_DENY_ONLY). */
  readonly denyOnlySids?: readonly string[]
  /** The groups of the computer that the user sits at: what `Device_Member_of` asks about. */
  readonly deviceGroups?: readonly string[]
  /** A restricted caller gets what the user may do and these SIDs may do too. */
  readonly restrictedSids?: readonly string[]
  readonly claims?: {
    readonly user?: readonly Claim[]
    readonly device?: readonly Claim[]
    /** What the app itself says about this request: attributes without `@`. */
    readonly local?: readonly Claim[]
  }
}

export interface AccessCheckOptions {
  /** What generic rights mean for this kind of object. Default: those of files. */
  readonly mapping?: GenericMapping
  /**
   * The parts of the object that the access is about; entries for parts that are not here allow
   * nothing.
   */
  readonly objectType?: ObjectType
  /** Whom `PS` (SELF) stands for: the SID of the object, if it is a user or a computer. */
  readonly self?: string
  /**
   * What `DA`, `DU` and the like of an SDDL string are relative to. Default: the domain of the
   * service, for a caller of another realm; else that of the caller.
   */
  readonly domainSid?: string
  /**
   * Whether what Everyone may do the anonymous user may do too. Default: no, as on Windows, whose
   * policy of that name ("Let Everyone permissions apply to anonymous users") this is.
   */
  readonly everyoneIncludesAnonymous?: boolean
}

/** Every name in AccessCheckOptions; others are refused. */
export const ACCESS_CHECK_OPTIONS = {
  mapping: 'value',
  objectType: 'value',
  self: 'value',
  domainSid: 'value',
  everyoneIncludesAnonymous: 'flag',
} as const satisfies OptionTableOf<AccessCheckOptions>

/**
 * What a security descriptor lets a caller do: all of `desiredAccess`, or 0. For `MAXIMUM_ALLOWED`,
 * every right there is. No privilege is taken into account: they belong to the machine, and a
 * caller over the network has none here.
 *
 *     if (accessCheck('D:(A;;FR;;;DU)', 'FR', caller)) …
 *
 * Source: MS-DTYP section 2.5.3.2.
 *
 * @param securityDescriptor SDDL, or the self-relative binary form
 * @param desiredAccess a mask, or SDDL rights: `FR`, `RPWP`
 * @throws ConfigurationError when the SDDL, the rights or a SID is wrong
 * @throws MalformedTokenError when the binary form is wrong
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

/** The same, of options that are closed already. */
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

/** Entries in their order: whichever names a right first decides it. */
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
  // An entry for OWNER RIGHTS replaces what owners have otherwise.
  const ownerRights = effective.some(({ sid }) => sid === OWNER_RIGHTS)
  if (isOwner('allow') && !ownerRights) root.decide('allow', AccessMask.READ_CONTROL | AccessMask.WRITE_DAC, undefined)
  const principalSelf = self === undefined ? undefined : canonicalSid(self)
  for (const ace of effective) {
    const sid = ace.sid === SELF ? (principalSelf ?? SELF) : ace.sid
    const isMeant = sid === OWNER_RIGHTS ? isOwner(ace.kind) : trustees[ace.kind].has(sid)
    if (!isMeant || !conditionHolds(ace, facts)) continue
    // Without parts to ask about, a refusal for one part counts, and a permission for one does not.
    const part = objectType === undefined && ace.kind === 'deny' ? undefined : ace.objectType
    root.decide(ace.kind, mapGeneric(ace.mask, mapping), part)
  }
  return root.granted & ~(AccessMask.ACCESS_SYSTEM_SECURITY | AccessMask.MAXIMUM_ALLOWED)
}

/** What is unknown allows nothing, and denies. Source: MS-DTYP section 2.5.3.2. */
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

/** `S-1-5-21-1-2-3` of `S-1-5-21-1-2-3-1104`. */
function domainOf(sid: string): string | undefined {
  const { identifierAuthority, subAuthorities } = parseSid(sid)
  if (identifierAuthority !== 5 || subAuthorities[0] !== 21 || subAuthorities.length < 5) return undefined
  return `S-1-5-${subAuthorities.slice(0, -1).join('-')}`
}
