import {
  encode,
  encodeKerbExtError,
  KERB_ERR_TYPE_EXTENDED,
  KerbErrorData,
  KRB_ERROR_CODES,
  KrbError,
  type KrbErrorName,
  MethodData,
  type PaData,
  type PrincipalName,
} from '@s4u/krb5'

export interface RefusalDetails {
  /** Windows' reason, sent as e-data. */
  readonly ntStatus?: NtStatusName
  /** METHOD-DATA for the client of an AS exchange. */
  readonly methodData?: readonly PaData[]
  /** The realm that knows the client, of KDC_ERR_WRONG_REALM. */
  readonly clientRealm?: string
}

/** The KDC says no. Becomes a KRB-ERROR. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: KrbErrorName
  readonly details: RefusalDetails

  constructor(code: KrbErrorName, text: string, details: RefusalDetails = {}) {
    super(text)
    this.code = code
    this.details = details
  }
}

export function refuse(code: KrbErrorName, text: string, details?: RefusalDetails): never {
  throw new Refusal(code, text, details)
}

/** The reasons that Active Directory gives. Source: MS-ERREF section 2.3.1. */
export const NT_STATUS = {
  STATUS_ACCOUNT_RESTRICTION: 0xc000_006e,
  STATUS_ACCOUNT_DISABLED: 0xc000_0072,
  STATUS_NOT_SUPPORTED: 0xc000_00bb,
  STATUS_ACCOUNT_EXPIRED: 0xc000_0193,
  STATUS_PASSWORD_MUST_CHANGE: 0xc000_0224,
  STATUS_NOT_FOUND: 0xc000_0225,
  STATUS_ACCOUNT_LOCKED_OUT: 0xc000_0234,
  STATUS_NO_MATCH: 0xc000_0272,
} as const

export type NtStatusName = keyof typeof NT_STATUS

export interface ErrorContext {
  /** AS errors carry METHOD-DATA, in which the NTSTATUS is one more element; others a KERB-ERROR-DATA alone. */
  readonly inAsExchange: boolean
  readonly realm: string
  readonly sname: PrincipalName
  readonly crealm?: string
  readonly cname?: PrincipalName
}

/** The KRB-ERROR that says so. `now` in milliseconds. Source: RFC 4120 section 5.9.1. */
export function encodeRefusal(refusal: Refusal, context: ErrorContext, now: number): Uint8Array {
  const { inAsExchange, ...names } = context
  const { clientRealm } = refusal.details
  const whole = Math.floor(now / 1000) * 1000
  return encode(KrbError, {
    stime: whole,
    susec: Math.floor(now - whole) * 1000,
    errorCode: KRB_ERROR_CODES[refusal.code],
    ...names,
    ...(clientRealm !== undefined && { crealm: clientRealm }),
    eText: refusal.message,
    eData: errorData(refusal.details, inAsExchange),
  })
}

/** Source: MS-KILE section 2.2.1. */
function errorData({ ntStatus, methodData = [] }: RefusalDetails, inAsExchange: boolean): Uint8Array | undefined {
  const status =
    ntStatus === undefined ? undefined : encodeKerbExtError({ status: NT_STATUS[ntStatus], flags: EXTENDED_FLAGS })
  const element = status === undefined ? [] : [{ padataType: KERB_ERR_TYPE_EXTENDED, padataValue: status }]
  const elements = [...methodData, ...element]
  if (inAsExchange) return elements.length === 0 ? undefined : encode(MethodData, elements)
  return status === undefined
    ? undefined
    : encode(KerbErrorData, { dataType: KERB_ERR_TYPE_EXTENDED, dataValue: status })
}

/** Of KERB_EXT_ERROR, always 1. Source: MS-KILE section 2.2.2. */
const EXTENDED_FLAGS = 1
