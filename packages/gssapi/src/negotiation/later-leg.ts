import { MalformedTokenError, RejectedTokenError } from '@s4u/krb5'
import { decodeNegTokenResp, type NegTokenResp } from './spnego.js'

/**
 * Reads a later token of the initiator. Source: RFC 4178 section 4.2.2.
 * @throws MalformedTokenError; RejectedTokenError where the initiator gave up
 */
export function readLaterLeg(token: Uint8Array): NegTokenResp {
  const resp = decodeNegTokenResp(token)
  if (resp.negState === 'reject')
    throw new RejectedTokenError('the initiator gave up (negState reject)', { code: 'GSS_S_FAILURE' })
  return { ...resp, responseToken: unlessEmpty(resp.responseToken) }
}

/**
 * Returns undefined for an empty field, which some encoders write for a token that is not there.
 */
export function unlessEmpty(token: Uint8Array | undefined): Uint8Array | undefined {
  return token?.length === 0 ? undefined : token
}

/** Returns the refusal of an initiator whose list of mechanisms is not confirmed. */
export function listNotConfirmed(reason: string, cause?: unknown): RejectedTokenError {
  return new RejectedTokenError(`the initiator did not confirm its list of mechanisms: ${reason}`, {
    code: 'GSS_S_BAD_SIG',
    hint: 'Somebody on the way may have changed the list to force a weaker mechanism.',
    cause,
  })
}

export function malformed(path: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path, expected, found })
}
