import { NdrReader, NdrWriter } from '@s4u/krb5'
import { readValidation, type ValidationInfo, type ValidationLevel } from './validation-info.js'

/** What a controller judges. The names are those that the client has written. */
export interface LogonRequest {
  readonly domain: string
  readonly user: string
  readonly workstation: string
  readonly serverChallenge: Uint8Array
  readonly ntResponse: Uint8Array
}

/** The verdict: a status of Windows, and what the domain says of the user where it is 0. */
export interface LogonReply {
  readonly info: ValidationInfo | undefined
  /** Whether the controller that knows the domain has spoken. */
  readonly isAuthoritative: boolean
  readonly status: number
}

/**
 * NetrLogonSamLogonEx of a network logon. The response of LAN Manager is never sent: it carries no
 * target information, so whoever has it could be at another server (CVE-2019-1338). MS-NRPC
 * section 3.5.4.5.1.
 */
export function encodeLogon(
  { server, computer, level }: { readonly server: string; readonly computer: string; readonly level: ValidationLevel },
  { domain, user, workstation, serverChallenge, ntResponse }: LogonRequest,
): Uint8Array {
  return NdrWriter.stub((ndr) => {
    ndr.pointer(true).terminatedString(`\\\\${server}`).pointer(true).terminatedString(computer)
    ndr.u16(NETWORK).u16(NETWORK).pointer(true)
    ndr.unicodeStringHeader(domain).u32(0).u32(0).u32(0)
    ndr.unicodeStringHeader(user).unicodeStringHeader(workstation)
    ndr.bytes(serverChallenge)
    ndr.u16(ntResponse.length).u16(ntResponse.length).pointer(true)
    ndr.u16(0).u16(0).pointer(false)
    for (const name of [domain, user, workstation]) ndr.unicodeString(name)
    ndr.u32(ntResponse.length).u32(0).u32(ntResponse.length).bytes(ntResponse)
    ndr.u16(level).u32(0)
  })
}

/** @throws MalformedTokenError */
export function decodeLogon(stub: Uint8Array, level: ValidationLevel): LogonReply {
  return NdrReader.stub(stub, 'NetrLogonSamLogonEx', (ndr) => {
    const found = ndr.u16('ValidationLevel')
    if (found !== level) ndr.fail('ValidationLevel', String(level), String(found))
    const info = ndr.pointer('ValidationInformation') ? readValidation(ndr, level) : undefined
    const isAuthoritative = ndr.u8('Authoritative') !== 0
    ndr.u32('ExtraFlags')
    const status = ndr.u32('status')
    if ((status === 0) !== (info !== undefined)) ndr.fail('status', 'a user, or a refusal', 'neither or both')
    return { info, isAuthoritative, status }
  })
}

/** NetlogonNetworkInformation. MS-NRPC section 2.2.1.4.16. */
const NETWORK = 2
