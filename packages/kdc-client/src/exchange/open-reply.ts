import { RejectedTokenError } from '@s4u/krb5'

/**
 * Runs a function that decrypts a part of a KDC's answer or compares a checksum. Where it throws,
 * the message of the error says which exchange and which part failed: the code alone does not.
 *
 * @throws RejectedTokenError
 */
export function openReply<T>(step: 'AS' | 'TGS' | 'password change', fault: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof RejectedTokenError)) throw error
    throw new RejectedTokenError(`${step}: the ${step === 'password change' ? 'server' : 'KDC'}'s reply ${fault}`, {
      code: error.code,
      hint: 'Something between here and the KDC changes replies, the address is not that of a KDC of this realm, or the key here is not the one that the KDC has.',
      cause: error,
    })
  }
}
