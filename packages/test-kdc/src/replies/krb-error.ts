import {
  encode,
  encodeKerbExtError,
  findPaData,
  KERB_ERR_TYPE_EXTENDED,
  KerbErrorData,
  KRB_ERROR_CODES,
  KrbError,
  MethodData,
  type PaData,
  type PrincipalName,
} from '@s4u/krb5'
import { armorError } from '../fast/armored-error.js'
import type { Kdc } from '../kdc/kdc.js'
import { wholeSeconds } from '../tickets/lifetimes.js'
import { NT_STATUS, type Refusal, type RefusalDetails } from '../kdc/refusal.js'

/** What a KRB-ERROR says beside its code. */
export interface ErrorContext {
  /**
   * An error of the AS exchange carries METHOD-DATA, with the NTSTATUS as one element. Other errors
   * carry only KERB-ERROR-DATA.
   */
  readonly inAsExchange: boolean
  readonly realm: string
  readonly sname: PrincipalName
  readonly crealm?: string
  readonly cname?: PrincipalName
}

/** Returns the KRB-ERROR of a refusal. Source: RFC 4120 section 5.9.1. */
export function encodeRefusal(kdc: Kdc, refusal: Refusal, context: ErrorContext): Uint8Array {
  const { inAsExchange, ...names } = context
  const { code, message, details, channel } = refusal
  const { clientRealm } = details
  const now = kdc.now()
  const whole = wholeSeconds(now)
  const error: KrbError = {
    stime: whole,
    susec: Math.floor(now - whole) * 1000,
    errorCode: KRB_ERROR_CODES[code],
    ...names,
    ...(clientRealm !== undefined && { crealm: clientRealm }),
    eText: message,
  }
  if (channel !== undefined) return encode(KrbError, armorError(kdc, channel, error, methodData(details)))
  return encode(KrbError, { ...error, eData: errorData(details, inAsExchange) })
}

/**
 * Returns the ways to pre-authenticate, and the reason as Windows gives it. Source: MS-KILE section
 * 2.2.1.
 */
function methodData({ ntStatus, methodData: methods = [] }: RefusalDetails): readonly PaData[] {
  if (ntStatus === undefined) return methods
  const padataValue = encodeKerbExtError({ status: NT_STATUS[ntStatus], flags: EXTENDED_FLAGS })
  return [...methods, { padataType: KERB_ERR_TYPE_EXTENDED, padataValue }]
}

function errorData(details: RefusalDetails, inAsExchange: boolean): Uint8Array | undefined {
  const elements = methodData(details)
  if (inAsExchange) return elements.length === 0 ? undefined : encode(MethodData, elements)
  const status = findPaData(elements, KERB_ERR_TYPE_EXTENDED)
  return status && encode(KerbErrorData, { dataType: KERB_ERR_TYPE_EXTENDED, dataValue: status })
}

/** The flags of KERB_EXT_ERROR, always 1. Source: MS-KILE section 2.2.2. */
const EXTENDED_FLAGS = 1
