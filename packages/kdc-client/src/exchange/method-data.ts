import { decodeReadable, EtypeInfo2Entry, findPaData, PaData, PaType } from '@s4u/krb5'

/**
 * Returns the pre-authentication methods in the e-data of an error. Many kinds of errors carry many
 * kinds of e-data: other octets give an empty list, and elements that cannot be decoded are left
 * out. Source: RFC 4120 section 5.9.1.
 */
export function methodsIn(eData: Uint8Array | undefined): readonly PaData[] {
  try {
    return eData === undefined ? [] : decodeReadable(PaData, eData)
  } catch {
    return []
  }
}

/**
 * Returns how the KDC derives the client's key, for each encryption type that it names; undefined
 * if it names none. Elements that cannot be decoded are left out: a strange salt of one type is no
 * reason not to sign in with another. Source: RFC 4120 section 5.2.7.5.
 *
 * @throws MalformedTokenError for octets that are no list
 */
export function keysOffered(padata: readonly PaData[] | undefined): readonly EtypeInfo2Entry[] | undefined {
  const info = findPaData(padata, PaType.ETYPE_INFO2)
  return info && decodeReadable(EtypeInfo2Entry, info)
}
