import { NdrReader, NdrWriter } from '@s4u/krb5'

/** The interface. MS-NRPC section 1.9. */
export const NETLOGON = { interfaceId: '12345678-1234-abcd-ef00-01234567cffb', version: 1 }

/** Numbers of calls. MS-NRPC section 3.5.4. */
export const NetlogonCall = {
  REQUEST_CHALLENGE: 4,
  GET_CAPABILITIES: 21,
  AUTHENTICATE3: 26,
  SAM_LOGON_EX: 39,
  AUTHENTICATE_KERBEROS: 59,
} as const

/** Bits of NegotiateFlags. MS-NRPC section 3.1.4.2. */
export const NetlogonFlag = { AES: 0x100_0000, SECURE_RPC: 0x4000_0000, KERBEROS: 0x8000_0000 } as const

/** All that a member of today offers; AES alone is accepted of it. */
export const OFFERED_FLAGS = 0x612f_ffff

/** Who speaks with whom. */
export interface NetlogonNames {
  /** The controller as it is called: `dc1.corp.test`. */
  readonly server: string
  /** The machine account without `$`. */
  readonly computer: string
}

/** NetrServerReqChallenge. MS-NRPC section 3.5.4.4.1. */
export function encodeChallengeRequest({ server, computer }: NetlogonNames, challenge: Uint8Array): Uint8Array {
  return NdrWriter.stub((ndr) =>
    ndr.pointer(true).terminatedString(`\\\\${server}`).terminatedString(computer).bytes(challenge),
  )
}

export function decodeChallengeReply(stub: Uint8Array): { readonly challenge: Uint8Array; readonly status: number } {
  return NdrReader.stub(stub, 'NetrServerReqChallenge', (ndr) => ({
    challenge: ndr.bytes(8, 'ServerChallenge'),
    status: ndr.u32('status'),
  }))
}

/** NetrServerAuthenticate3. MS-NRPC section 3.5.4.4.2. */
export function encodeAuthenticate3(
  { server, computer }: NetlogonNames,
  credential: Uint8Array,
  flags: number,
): Uint8Array {
  return NdrWriter.stub((ndr) =>
    ndr
      .pointer(true)
      .terminatedString(`\\\\${server}`)
      .terminatedString(`${computer}$`)
      .u16(WORKSTATION)
      .terminatedString(computer)
      .bytes(credential)
      .u32(flags),
  )
}

export interface Authenticated {
  readonly credential: Uint8Array
  readonly flags: number
  readonly status: number
}

export function decodeAuthenticate3(stub: Uint8Array): Authenticated {
  return NdrReader.stub(stub, 'NetrServerAuthenticate3', (ndr) => {
    const credential = ndr.bytes(8, 'ServerCredential')
    const flags = ndr.u32('NegotiateFlags')
    ndr.u32('AccountRid')
    return { credential, flags, status: ndr.u32('status') }
  })
}

/**
 * NetrServerAuthenticateKerberos: the association is that of the machine account already, by its
 * ticket. MS-NRPC section 3.5.4.4.3.
 */
export function encodeAuthenticateKerberos({ server, computer }: NetlogonNames, flags: number): Uint8Array {
  return NdrWriter.stub((ndr) =>
    ndr
      .pointer(true)
      .terminatedString(`\\\\${server}`)
      .terminatedString(`${computer}$`)
      .u16(WORKSTATION)
      .terminatedString(computer)
      .u32(flags),
  )
}

/** @throws MalformedTokenError */
export function decodeAuthenticateKerberos(stub: Uint8Array): Omit<Authenticated, 'credential'> {
  return NdrReader.stub(stub, 'NetrServerAuthenticateKerberos', (ndr) => {
    const flags = ndr.u32('NegotiateFlags')
    ndr.u32('AccountRid')
    return { flags, status: ndr.u32('status') }
  })
}

/** What NetrLogonGetCapabilities is asked for: what the controller agreed to, or was asked for. */
export const CapabilityLevel = { AGREED: 1, REQUESTED: 2 } as const

/** NetrLogonGetCapabilities. MS-NRPC section 3.5.4.4.10. */
export function encodeCapabilities(
  { server, computer }: NetlogonNames,
  authenticator: Uint8Array,
  level: number,
): Uint8Array {
  return NdrWriter.stub((ndr) =>
    ndr
      .terminatedString(`\\\\${server}`)
      .pointer(true)
      .terminatedString(computer)
      .align(4)
      .bytes(authenticator)
      .bytes(new Uint8Array(12))
      .u32(level),
  )
}

export interface Capabilities {
  readonly authenticator: Uint8Array
  readonly capabilities: number
  readonly status: number
}

export function decodeCapabilities(stub: Uint8Array): Capabilities {
  return NdrReader.stub(stub, 'NetrLogonGetCapabilities', (ndr) => {
    const authenticator = ndr.bytes(12, 'ReturnAuthenticator')
    ndr.u32('QueryLevel')
    return { authenticator, capabilities: ndr.u32('ServerCapabilities'), status: ndr.u32('status') }
  })
}

/** WorkstationSecureChannel. MS-NRPC section 2.2.1.3.13. */
const WORKSTATION = 2
