/** The types of PAC buffers. MS-PAC section 2.4. */
export const PacBufferType = {
  LOGON_INFO: 1,
  CREDENTIAL_INFO: 2,
  SERVER_CHECKSUM: 6,
  KDC_CHECKSUM: 7,
  CLIENT_INFO: 10,
  DELEGATION_INFO: 11,
  UPN_DNS_INFO: 12,
  CLIENT_CLAIMS: 13,
  DEVICE_INFO: 14,
  DEVICE_CLAIMS: 15,
  TICKET_CHECKSUM: 16,
  ATTRIBUTES_INFO: 17,
  REQUESTOR: 18,
  FULL_CHECKSUM: 19,
} as const

/** Returns the name of a buffer type: `LOGON_INFO` for 1, `buffer type 99` for an unknown type. */
export function pacBufferTypeName(type: number): string {
  return names.get(type) ?? `buffer type ${type}`
}

export function isKnownPacBufferType(type: number): boolean {
  return names.has(type)
}

const names: ReadonlyMap<number, string> = new Map(Object.entries(PacBufferType).map(([name, type]) => [type, name]))
