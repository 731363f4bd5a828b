import { RejectedTokenError } from '@s4u/krb5'
import type { CallerIdentity, S4uSubject } from '@s4u/negotiate'
import type { ClientCertificate } from '../x509/client-certificate.js'

/** Whom to ask the KDC for, and what its answer must say. */
export interface CertificateOwner {
  /** A user principal name is asked for as one: see `vouchedAccount`. */
  readonly user: S4uSubject | { readonly upn: string }
  /** The SID of the account in the directory, where the directory was asked. */
  readonly sid?: string
}

/**
 * Compares the account that the KDC has named with that of the certificate and of the directory: a
 * name that has been given to another person, or that two accounts have, leads to another SID.
 * Source: Microsoft KB5014754.
 * @throws RejectedTokenError KDC_ERR_CERTIFICATE_MISMATCH
 */
export function requireOwner(
  { principal, sid }: Pick<CallerIdentity, 'principal' | 'sid'>,
  { sid: certified, fingerprint }: Pick<ClientCertificate, 'sid' | 'fingerprint'>,
  { sid: found }: Pick<CertificateOwner, 'sid'>,
): void {
  for (const expected of [certified, found]) {
    if (expected === undefined || expected === sid) continue
    throw new RejectedTokenError(
      `the certificate ${fingerprint} is for the account ${expected}, and ${principal} is ${sid ?? 'without a SID'}`,
      {
        code: 'KDC_ERR_CERTIFICATE_MISMATCH',
        hint: 'Revoke the certificate if its name has been given to another account, and have a new one issued.',
      },
    )
  }
}
