import { type Filetime, type LogonInfo, millisecondsOfFiletime, Pac, PacBufferType } from '@s4u/krb5'
import type { TreeNode } from '../terminal/blocks.js'
import type { DecodingContext } from './decoding-context.js'
import { attempted, branch, leaf, timeLeaf } from './nodes.js'

/**
 * The parts of a PAC: who the user is, in which groups, and who signed. @throws MalformedTokenError
 */
export function pacTree(octets: Uint8Array, context: DecodingContext): TreeNode {
  const pac = Pac.decode(octets)
  return branch(
    'PAC',
    pac.buffers.map(({ type, data }) => attempted(nameOf(type), () => bufferTree(pac, type, data.length, context))),
    `${octets.length} octets`,
  )
}

function bufferTree(pac: Pac, type: number, length: number, context: DecodingContext): TreeNode | undefined {
  const label = nameOf(type)
  switch (type) {
    case PacBufferType.LOGON_INFO:
      return pac.logonInfo && logonTree(label, pac.logonInfo, pac.sids(), context)
    case PacBufferType.CLIENT_INFO:
      return pac.clientInfo && branch(label, [leaf('name', pac.clientInfo.name)])
    case PacBufferType.UPN_DNS_INFO: {
      const { upn, dnsDomainName, extended } = pac.upnDnsInfo ?? {}
      return branch(label, [
        leaf('upn', upn),
        leaf('domain', dnsDomainName),
        leaf('account', extended?.samAccountName),
        leaf('sid', extended?.sid),
      ])
    }
    case PacBufferType.DELEGATION_INFO: {
      const { s4u2proxyTarget, transitedServices = [] } = pac.delegationInfo ?? {}
      return branch(label, [leaf('target', s4u2proxyTarget), ...transitedServices.map((one) => leaf('through', one))])
    }
    case PacBufferType.CLIENT_CLAIMS:
      return claimsTree(label, pac.clientClaims)
    case PacBufferType.DEVICE_CLAIMS:
      return claimsTree(label, pac.deviceClaims)
    case PacBufferType.REQUESTOR:
      return leaf(label, withName(pac.requestor ?? '', context))
    default:
      return signatureLeaf(label, pac, type) ?? leaf(label, `${length} octets`)
  }
}

function logonTree(label: string, info: LogonInfo, sids: readonly string[], context: DecodingContext): TreeNode {
  return branch(label, [
    leaf('account', `${info.logonDomainName}\\${info.effectiveName}`),
    leaf('name', info.fullName || undefined),
    leaf('server', info.logonServer || undefined),
    time('signed in', info.logonTime),
    time('password set', info.passwordLastSet),
    time('password must change', info.passwordMustChange),
    branch(
      'user and groups',
      sids.map((sid) => ({ label: withName(sid, context) })),
      String(sids.length),
    ),
  ])
}

function withName(sid: string, { nameOfSid }: DecodingContext): string {
  const name = nameOfSid(sid)
  return name === undefined ? sid : `${sid} (${name})`
}

function time(label: string, filetime: Filetime): TreeNode | undefined {
  return timeLeaf(label, millisecondsOfFiletime(filetime))
}

function claimsTree(label: string, arrays: Pac['clientClaims'] = []): TreeNode {
  return branch(
    label,
    arrays.flatMap(({ claims }) => claims.map(({ id, values }) => leaf(id, values.map(String).join(', ')))),
  )
}

function signatureLeaf(label: string, pac: Pac, type: number): TreeNode | undefined {
  const signature = [
    [PacBufferType.SERVER_CHECKSUM, pac.serverChecksum],
    [PacBufferType.KDC_CHECKSUM, pac.kdcChecksum],
    [PacBufferType.TICKET_CHECKSUM, pac.ticketChecksum],
    [PacBufferType.FULL_CHECKSUM, pac.fullChecksum],
  ] as const
  const [, found] = signature.find(([of]) => of === type) ?? []
  return found && leaf(label, `checksum type ${found.signatureType}, ${found.signature.length} octets`)
}

/** `LOGON_INFO`, or the number of a type that has no name. */
function nameOf(type: number): string {
  const found = Object.entries(PacBufferType).find(([, number]) => number === type)
  return found === undefined ? `buffer of type ${type}` : found[0]
}
