import {
  ApReq,
  decode,
  decodeKerbExtError,
  encryptionTypeName,
  EtypeInfo2,
  type EtypeInfo2Entry,
  findPaData,
  KERB_ERR_TYPE_EXTENDED,
  KerbErrorData,
  KeyUsage,
  MethodData,
  type PaData,
  PaForUser,
  PaPacRequest,
  PaType,
} from '@s4u/krb5'
import { NT_STATUSES } from '../explaining/nt-statuses.js'
import type { TreeNode } from '../terminal/blocks.js'
import { apReqTree } from './ap-req-tree.js'
import type { DecodingContext } from './decoding-context.js'
import { attempted, branch, leaf, nameLeaf } from './nodes.js'

/** One element of pre-authentication, by its type. */
export function padataTree({ padataType, padataValue }: PaData, context: DecodingContext): TreeNode | undefined {
  const label = padataName(padataType)
  return attempted(label, () => {
    switch (padataType) {
      case PaType.TGS_REQ:
        return apReqTree(decode(ApReq, padataValue), context, KeyUsage.TGS_REQ_AUTHENTICATOR, label)
      case PaType.ETYPE_INFO2:
        return branch(label, decode(EtypeInfo2, padataValue).map(saltLeaf))
      case PaType.FOR_USER: {
        const { userName, userRealm } = decode(PaForUser, padataValue)
        return nameLeaf(`${label} user`, userName, userRealm)
      }
      case PaType.PAC_REQUEST:
        return leaf(label, decode(PaPacRequest, padataValue).includePac ? 'with a PAC' : 'without a PAC')
      default:
        return leaf(label, `${padataValue.length} octets`)
    }
  })
}

/** The e-data of a KRB-ERROR: what pre-authentication the KDC wants, and an NTSTATUS. */
export function methodDataTree(octets: Uint8Array, context: DecodingContext): TreeNode | undefined {
  const extended = read(() => decode(KerbErrorData, octets))
  if (extended !== undefined && extended.dataType === KERB_ERR_TYPE_EXTENDED && extended.dataValue !== undefined)
    return statusLeaf(decodeKerbExtError(extended.dataValue).status)
  const methods = read(() => decode(MethodData, octets))
  if (methods === undefined) return undefined
  const status = findPaData(methods, KERB_ERR_TYPE_EXTENDED)
  return branch('METHOD-DATA', [
    status && attempted('NTSTATUS', () => statusLeaf(decodeKerbExtError(status).status)),
    ...methods.filter(({ padataType }) => padataType !== KERB_ERR_TYPE_EXTENDED).map((one) => padataTree(one, context)),
  ])
}

function saltLeaf({ etype, salt, s2kparams }: EtypeInfo2Entry): TreeNode | undefined {
  const parts = [salt === undefined ? 'salt of the name' : `salt ${salt}`]
  if (s2kparams !== undefined) parts.push(`parameters ${Buffer.from(s2kparams).toString('hex')}`)
  return leaf(encryptionTypeName(etype), parts.join(', '))
}

function statusLeaf(status: number): TreeNode | undefined {
  const [, name] = NT_STATUSES.find(([code]) => code === status >>> 0) ?? []
  const number = `0x${(status >>> 0).toString(16).toUpperCase()}`
  return leaf('NTSTATUS', name === undefined ? number : `${name} (${number})`)
}

/** `PA-ETYPE-INFO2`, or the number of a type that has no name. */
function padataName(type: number): string {
  const found = Object.entries(PaType).find(([, number]) => number === type)
  return found === undefined ? `padata of type ${type}` : `PA-${found[0].replaceAll('_', '-')}`
}

function read<T>(attempt: () => T): T | undefined {
  try {
    return attempt()
  } catch {
    return undefined
  }
}
