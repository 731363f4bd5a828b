import { asciiLower, type DeviceInfo, type LogonInfo, type Pac, PacBufferType, printableName } from '@s4u/krb5'
import type { ForeignStatement } from './foreign-statements.js'
import type { SidAuthority } from './sid-authority.js'
import { MAX_SHOWN, noteWithheld, shownTexts, shownText, type Withheld } from './withheld.js'

/** What may be believed of a PAC. */
export interface PacBelief {
  /** The realm of the user. */
  readonly realm: string
  /** Which SIDs the realm may give its user. */
  readonly maySay: SidAuthority
  /** Which SIDs may stand among the resource groups. */
  readonly maySayResource: SidAuthority
  /** What else is believed. */
  readonly statements: ReadonlySet<ForeignStatement>
  /** Why no SID is believed at all: LOGON_INFO is left out then. */
  readonly noSidsBecause?: string
}

const T = PacBufferType

/**
 * Returns the PAC without what is not believed, or the same object if everything is. What was left
 * out is noted with the new PAC.
 */
export function filterPac(pac: Pac, belief: PacBelief): Pac {
  const logonInfo =
    belief.noSidsBecause === undefined ? pac.logonInfo && believedLogonInfo(pac.logonInfo, belief) : undefined
  const deviceInfo = believedDevice(pac.deviceInfo, belief)
  const without = withheldBufferTypes(pac, belief, deviceInfo)
  const isWhole = logonInfo === pac.logonInfo && deviceInfo === pac.deviceInfo && without.length === 0
  if (isWhole) return pac
  const sids = withheldSids(pac, logonInfo)
  const excerpt = pac.excerpt({ logonInfo, deviceInfo, without, denyOnlySids: sids })
  return noteWithheld(excerpt, {
    realm: printableName(belief.realm),
    ...(sids.length > 0 && { sids: shownTexts(sids) }),
    ...(sids.length > MAX_SHOWN && { moreSids: sids.length - MAX_SHOWN }),
    ...withheldStatements(pac, without, deviceInfo),
    ...(belief.noSidsBecause !== undefined && { because: belief.noSidsBecause }),
  })
}

/** Returns the SIDs of the PAC that the believed part of its LOGON_INFO does not have. */
function withheldSids(pac: Pac, believed: LogonInfo | undefined): readonly string[] {
  if (believed === pac.logonInfo) return []
  const kept = pac.excerpt({ logonInfo: believed, deviceInfo: undefined, without: [], denyOnlySids: [] })
  const known = new Set([...kept.sids(), ...kept.denyOnlySids()])
  return [...pac.sids(), ...pac.denyOnlySids()].filter((sid) => !known.has(sid))
}

/**
 * Returns the believed part, or the same object if all of it is believed. SIDs that UserFlags do
 * not declare do not count, so they are not shown either.
 */
function believedLogonInfo(info: LogonInfo, { maySay, maySayResource }: PacBelief): LogonInfo {
  const domain = info.resourceGroupDomainSid ?? ''
  const extraSids = info.extraSids.filter(({ sid }) => maySay(sid))
  const resourceGroups = info.resourceGroups.filter(({ relativeId }) => maySayResource(`${domain}-${relativeId}`))
  const isSame = extraSids.length === info.extraSids.length && resourceGroups.length === info.resourceGroups.length
  if (isSame) return info
  const resource = resourceGroups.length === 0 ? { resourceGroupDomainSid: undefined } : {}
  return { ...info, extraSids, resourceGroups, ...resource }
}

/**
 * Returns the believed part of the device. A device of another domain than the user's realm is left
 * out completely.
 */
function believedDevice(
  info: DeviceInfo | undefined,
  { maySay, statements, noSidsBecause }: PacBelief,
): DeviceInfo | undefined {
  if (info === undefined || noSidsBecause !== undefined || !statements.has('device')) return undefined
  if (!maySay(`${info.accountDomainId}-${info.userId}`)) return undefined
  const extraSids = info.extraSids.filter(({ sid }) => maySay(sid))
  const domainGroups = info.domainGroups.map(({ domainId, groupIds }) => ({
    domainId,
    groupIds: groupIds.filter(({ relativeId }) => maySay(`${domainId}-${relativeId}`)),
  }))
  const same =
    extraSids.length === info.extraSids.length &&
    domainGroups.every(({ groupIds }, index) => groupIds.length === info.domainGroups[index].groupIds.length)
  return same ? info : { ...info, extraSids, domainGroups }
}

/** The buffer of each statement. */
const BUFFERS: readonly (readonly [ForeignStatement, number])[] = [
  ['upn', T.UPN_DNS_INFO],
  ['claims', T.CLIENT_CLAIMS],
  ['device', T.DEVICE_CLAIMS],
  ['delegatedBy', T.DELEGATION_INFO],
]

/**
 * Returns the types of the buffers to leave out. The claims of a device are not believed if the
 * device is not. The services that acted have nothing to do with domains.
 */
function withheldBufferTypes(pac: Pac, belief: PacBelief, device: DeviceInfo | undefined): readonly number[] {
  const { statements, noSidsBecause, realm } = belief
  const isDeviceWithheld = device === undefined && pac.deviceInfo !== undefined
  const counts = (statement: ForeignStatement): boolean => {
    if (statement === 'delegatedBy') return statements.has(statement) || isOwnDelegation(pac, realm)
    return noSidsBecause === undefined && statements.has(statement) && !(statement === 'device' && isDeviceWithheld)
  }
  const isThere = (type: number): boolean => pac.buffers.some((buffer) => buffer.type === type)
  return BUFFERS.filter(([statement, type]) => !counts(statement) && isThere(type)).map(([, type]) => type)
}

/**
 * Returns whether a realm speaks only of its own services. A realm may say that they acted for its
 * user: it could act in their place.
 */
function isOwnDelegation({ delegationInfo }: Pac, realm: string): boolean {
  return (delegationInfo?.transitedServices ?? []).every((service) => isServiceOf(service, realm))
}

/** Returns whether a transited service, `HTTP/web.ad.test@AD.TEST`, belongs to a realm. */
export function isServiceOf(service: string, realm: string): boolean {
  return asciiLower(service).endsWith(`@${asciiLower(realm)}`)
}

function withheldStatements(pac: Pac, without: readonly number[], device: DeviceInfo | undefined): Partial<Withheld> {
  const { upnDnsInfo, clientClaims = [], deviceInfo, delegationInfo } = pac
  const upn = without.includes(T.UPN_DNS_INFO) ? upnDnsInfo?.upn : undefined
  const claims = without.includes(T.CLIENT_CLAIMS)
    ? clientClaims.flatMap((array) => array.claims.map(({ id }) => id))
    : []
  const services = without.includes(T.DELEGATION_INFO) ? (delegationInfo?.transitedServices ?? []) : []
  const leftOut = device === undefined ? deviceInfo : undefined
  return {
    ...(upn !== undefined && upn !== '' && { upn: shownText(upn) }),
    ...(claims.length > 0 && { claims: shownTexts(claims) }),
    ...(leftOut && { device: `${leftOut.accountDomainId}-${leftOut.userId}` }),
    ...(services.length > 0 && { delegatedBy: shownTexts(services) }),
  }
}
