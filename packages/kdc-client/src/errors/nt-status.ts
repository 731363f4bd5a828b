import { decode, decodeKerbExtError, KERB_ERR_TYPE_EXTENDED, KerbErrorData, type KrbError, MethodData } from '@s4u/krb5'

/**
 * Returns the NTSTATUS in the e-data of an error. Active Directory sends KERB-ERROR-DATA, Samba a
 * METHOD-DATA with an element of type 3. Source: MS-KILE section 2.2.1 and section 3.3.5.2.
 */
export function findNtStatus({ eData }: KrbError): number | undefined {
  if (eData === undefined) return undefined
  return attempt(() => extended(decode(KerbErrorData, eData))) ?? attempt(() => inMethodData(eData))
}

/**
 * Returns the name of a status, `STATUS_ACCOUNT_DISABLED`, or its number in hexadecimal. Source:
 * MS-ERREF section 2.3.1.
 */
export function ntStatusName(status: number): string {
  return NAMES[status] ?? `0x${status.toString(16).toUpperCase().padStart(8, '0')}`
}

export const NtStatus = {
  ACCOUNT_RESTRICTION: 0xc000006e,
  NOT_SUPPORTED: 0xc00000bb,
  NOT_FOUND: 0xc0000225,
  NO_MATCH: 0xc0000272,
} as const

const NAMES: Readonly<Record<number, string>> = {
  0xc000005e: 'STATUS_NO_LOGON_SERVERS',
  0xc0000064: 'STATUS_NO_SUCH_USER',
  0xc000006a: 'STATUS_WRONG_PASSWORD',
  0xc000006d: 'STATUS_LOGON_FAILURE',
  0xc000006e: 'STATUS_ACCOUNT_RESTRICTION',
  0xc000006f: 'STATUS_INVALID_LOGON_HOURS',
  0xc0000070: 'STATUS_INVALID_WORKSTATION',
  0xc0000071: 'STATUS_PASSWORD_EXPIRED',
  0xc0000072: 'STATUS_ACCOUNT_DISABLED',
  0xc00000bb: 'STATUS_NOT_SUPPORTED',
  0xc0000193: 'STATUS_ACCOUNT_EXPIRED',
  0xc0000224: 'STATUS_PASSWORD_MUST_CHANGE',
  0xc0000225: 'STATUS_NOT_FOUND',
  0xc0000234: 'STATUS_ACCOUNT_LOCKED_OUT',
  0xc0000272: 'STATUS_NO_MATCH',
  0xc0000413: 'STATUS_AUTHENTICATION_FIREWALL_FAILED',
}

function inMethodData(eData: Uint8Array): number | undefined {
  const element = decode(MethodData, eData).find(({ padataType }) => padataType === KERB_ERR_TYPE_EXTENDED)
  return element && extended({ dataType: KERB_ERR_TYPE_EXTENDED, dataValue: element.padataValue })
}

function extended({ dataType, dataValue }: KerbErrorData): number | undefined {
  return dataType === KERB_ERR_TYPE_EXTENDED && dataValue ? decodeKerbExtError(dataValue).status : undefined
}

/**
 * Returns undefined where decoding fails. e-data does not tell its own type, so octets that are no
 * KERB-ERROR-DATA may be something else, and the error itself must not get lost.
 */
function attempt(read: () => number | undefined): number | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
