/** Tokens of GSS-API: SPNEGO, Kerberos within it, and NTLM. */

import { decodeNegTokenInit, decodeNegTokenResp, isFramed, isKerberos, Mechanism, unframe } from '@s4u/gssapi'
import { styled, type TreeNode } from '../terminal/blocks.js'
import type { DecodingContext } from './decoding-context.js'
import { attempted, branch, leaf, octetsLeaf } from './nodes.js'
import { isKerberosMessage, messageTree } from './message-tree.js'

/** Whether something is a token, by its first octets. */
export function isToken(octets: Uint8Array): boolean {
  return isFramed(octets) || octets[0] === NEG_TOKEN_INIT || octets[0] === NEG_TOKEN_RESP || isNtlm(octets)
}

/** @throws MalformedTokenError */
export function tokenTree(octets: Uint8Array, context: DecodingContext): TreeNode {
  if (isNtlm(octets)) return ntlmTree(octets)
  if (octets[0] === NEG_TOKEN_RESP) return responseTree(octets, context)
  if (octets[0] === NEG_TOKEN_INIT) return initialTree(octets, context)
  const { mechanism, innerToken } = unframe(octets)
  if (mechanism === Mechanism.SPNEGO) return branch('GSS-API token', [initialTree(innerToken, context)], 'SPNEGO')
  if (!isKerberos(mechanism))
    return branch('GSS-API token', [octetsLeaf('inner token', innerToken)], mechanismName(mechanism))
  const id = `${(innerToken[0] ?? 0).toString(16).padStart(2, '0')} ${(innerToken[1] ?? 0).toString(16).padStart(2, '0')}`
  const message = innerToken.subarray(2)
  const inner = isKerberosMessage(message)
    ? attempted('message', () => messageTree(message, context))
    : octetsLeaf(`message with the identifier ${id}`, message)
  return branch('GSS-API token', [inner], mechanismName(mechanism))
}

const NEG_TOKEN_INIT = 0xa0
const NEG_TOKEN_RESP = 0xa1

function initialTree(octets: Uint8Array, context: DecodingContext): TreeNode {
  const { mechTypes, mechToken, mechListMic, negHints } = decodeNegTokenInit(octets)
  return branch('NegTokenInit', [
    leaf('mechanisms', mechTypes.mechanisms.map(mechanismName).join(', ')),
    mechToken && innerTree(mechToken, context),
    octetsLeaf('mechListMIC', mechListMic),
    octetsLeaf('hints', negHints),
  ])
}

function responseTree(octets: Uint8Array, context: DecodingContext): TreeNode {
  const { negState, supportedMech, responseToken, mechListMic } = decodeNegTokenResp(octets)
  return branch('NegTokenResp', [
    leaf('state', negState),
    leaf('mechanism', supportedMech && mechanismName(supportedMech)),
    responseToken && innerTree(responseToken, context),
    octetsLeaf('mechListMIC', mechListMic),
  ])
}

function innerTree(octets: Uint8Array, context: DecodingContext): TreeNode | undefined {
  return attempted('token', () => {
    if (isToken(octets)) return tokenTree(octets, context)
    return isKerberosMessage(octets) ? messageTree(octets, context) : octetsLeaf('token', octets)
  })
}

/** `KRB5` for its object identifier. */
function mechanismName(mechanism: string): string {
  const found = Object.entries(Mechanism).find(([, identifier]) => identifier === mechanism)
  return found === undefined ? mechanism : `${found[0]} (${mechanism})`
}

/** Source: MS-NLMP section 2.2. */
function isNtlm(octets: Uint8Array): boolean {
  return Buffer.from(octets.subarray(0, 8)).toString('latin1') === 'NTLMSSP\0'
}

const NTLM_MESSAGES: Readonly<Record<number, string>> = { 1: 'NEGOTIATE', 2: 'CHALLENGE', 3: 'AUTHENTICATE' }

function ntlmTree(octets: Uint8Array): TreeNode {
  const type = NTLM_MESSAGES[octets[8] ?? 0] ?? `type ${octets[8]}`
  const advice = 'this is NTLM, not Kerberos: the client had no ticket, often for want of an SPN or of a KDC in reach'
  return { label: 'NTLM', value: type, children: [{ label: 'note', value: styled('warning', advice) }] }
}
