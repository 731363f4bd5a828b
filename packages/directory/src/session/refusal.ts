import { DirectoryError } from '../errors.js'
import type { Answer } from '../connection/ldap-connection.js'
import { ResultCode, resultCodeName } from '../ldap/result-code.js'

/** Makes the error for an answer that refuses. */
export function refusalOf(operation: string, { result }: Answer, server: string): DirectoryError {
  const { code, diagnostic, matchedDn } = result
  const windowsError = windowsErrorOf(diagnostic)
  const hint = hintFor(code, diagnostic)
  return new DirectoryError(
    resultCodeName(code),
    {
      operation,
      resultCode: code,
      diagnostic,
      server,
      ...(matchedDn !== '' && { matchedDn }),
      ...(windowsError !== undefined && { windowsError }),
    },
    hint === undefined ? {} : { hint },
  )
}

/** `00002098: SecErr: DSID-…`: eight hexadecimal digits at the front. */
function windowsErrorOf(diagnostic: string): number | undefined {
  const digits = /^([\dA-Fa-f]{8}):/.exec(diagnostic)?.[1]
  return digits === undefined ? undefined : parseInt(digits, 16)
}

/** SEC_E_BAD_BINDINGS, and `data 57` of older versions. */
const BAD_BINDINGS = /80090346|data 57\b/

/**
 * `data 52e`: what the server calls a wrong password, and means a ticket for another account too.
 */
const LOGON_FAILURE = /data 52e\b/

/** Samba, of msDS-AllowedToActOnBehalfOfOtherIdentity. */
const ONLY_AS_SYSTEM = /can only be modified as system/

const AT_THE_CONTROLLER =
  'Samba takes this change over LDAP from nobody. Make it on the controller: samba-tool delegation add-principal and del-principal.'

function hintFor(code: number, diagnostic: string): string | undefined {
  switch (code) {
    case ResultCode.STRONGER_AUTH_REQUIRED:
    case ResultCode.CONFIDENTIALITY_REQUIRED:
      return 'The server wants signing and sealing, or TLS. Leave protection at "sealed", or use "ldaps".'
    case ResultCode.INVALID_CREDENTIALS:
      if (BAD_BINDINGS.test(diagnostic))
        return 'Something stands in the TLS connection between here and the controller: the certificate that arrives here is not its own.'
      if (LOGON_FAILURE.test(diagnostic))
        return 'The ticket is for another account than the controller runs as. Name the controller as the directory does (dNSHostName), and not an alias.'
      return undefined
    case ResultCode.CONSTRAINT_VIOLATION:
      return ONLY_AS_SYSTEM.test(diagnostic) ? AT_THE_CONTROLLER : undefined
    default:
      return undefined
  }
}
