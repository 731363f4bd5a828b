/**
 * Returns the user principal name in the subject alternative names of a certificate. Verifies
 * nothing: it searches for the object identifier 1.3.6.1.4.1.311.20.2.3, and reads the UTF8String
 * behind it. That is enough for a realm that believes every certificate.
 */
export function subjectUpn(certificate: Uint8Array): string | undefined {
  for (let start = 0; start + UPN_OID.length + 4 <= certificate.length; start++) {
    if (!UPN_OID.every((octet, index) => certificate[start + index] === octet)) continue
    // OtherName: the identifier, then [0] around the string; both lengths are short in any real
    // UPN.
    const [outer, outerLength, tag, length] = certificate.subarray(start + UPN_OID.length)
    const from = start + UPN_OID.length + 4
    if (
      outer !== 0xa0 ||
      outerLength !== length + 2 ||
      tag !== 0x0c ||
      length > 127 ||
      from + length > certificate.length
    )
      continue
    return new TextDecoder().decode(certificate.subarray(from, from + length))
  }
  return undefined
}

const UPN_OID = [0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x14, 0x02, 0x03]
