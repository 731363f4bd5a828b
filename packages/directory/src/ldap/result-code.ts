import type { S4uErrorCode } from '@s4u/krb5'

/** Names of the results of operations, as the specification has them. RFC 4511 section 4.1.9. */
export const RESULT_CODES: ReadonlyMap<number, S4uErrorCode> = new Map<number, S4uErrorCode>([
  [0, 'success'],
  [1, 'operationsError'],
  [2, 'protocolError'],
  [3, 'timeLimitExceeded'],
  [4, 'sizeLimitExceeded'],
  [5, 'compareFalse'],
  [6, 'compareTrue'],
  [7, 'authMethodNotSupported'],
  [8, 'strongerAuthRequired'],
  [10, 'referral'],
  [11, 'adminLimitExceeded'],
  [12, 'unavailableCriticalExtension'],
  [13, 'confidentialityRequired'],
  [14, 'saslBindInProgress'],
  [16, 'noSuchAttribute'],
  [17, 'undefinedAttributeType'],
  [18, 'inappropriateMatching'],
  [19, 'constraintViolation'],
  [20, 'attributeOrValueExists'],
  [21, 'invalidAttributeSyntax'],
  [32, 'noSuchObject'],
  [33, 'aliasProblem'],
  [34, 'invalidDNSyntax'],
  [36, 'aliasDereferencingProblem'],
  [48, 'inappropriateAuthentication'],
  [49, 'invalidCredentials'],
  [50, 'insufficientAccessRights'],
  [51, 'busy'],
  [52, 'unavailable'],
  [53, 'unwillingToPerform'],
  [54, 'loopDetect'],
  [64, 'namingViolation'],
  [65, 'objectClassViolation'],
  [66, 'notAllowedOnNonLeaf'],
  [67, 'notAllowedOnRDN'],
  [68, 'entryAlreadyExists'],
  [69, 'objectClassModsProhibited'],
  [71, 'affectsMultipleDSAs'],
  [80, 'other'],
])

export const ResultCode = {
  SUCCESS: 0,
  SIZE_LIMIT_EXCEEDED: 4,
  AUTH_METHOD_NOT_SUPPORTED: 7,
  STRONGER_AUTH_REQUIRED: 8,
  REFERRAL: 10,
  CONFIDENTIALITY_REQUIRED: 13,
  SASL_BIND_IN_PROGRESS: 14,
  NO_SUCH_ATTRIBUTE: 16,
  CONSTRAINT_VIOLATION: 19,
  ATTRIBUTE_OR_VALUE_EXISTS: 20,
  NO_SUCH_OBJECT: 32,
  INVALID_CREDENTIALS: 49,
  BUSY: 51,
  UNAVAILABLE: 52,
  ENTRY_ALREADY_EXISTS: 68,
} as const

/** `noSuchObject`, or `resultCode99` for a number that the specification does not know. */
export function resultCodeName(code: number): S4uErrorCode {
  return RESULT_CODES.get(code) ?? `resultCode${code}`
}
