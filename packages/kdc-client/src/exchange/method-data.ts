import { decodeReadable, EtypeInfo2Entry, findPaData, PaData, PaType } from '@s4u/krb5'

/**
 * What a KDC tells beside an error of how it wants to be asked. Errors of all kinds carry e-data of
 * all kinds: none in what is something else, and in a list those that can be read. Source: RFC 4120
 * section 5.9.1.
 */
export function methodsIn(eData: Uint8Array | undefined): readonly PaData[] {
  try {
    return eData === undefined ? [] : decodeReadable(PaData, eData)
  } catch {
    return []
  }
}

/**
 * How the KDC derives the client's key, for each type of key that it names and that can be read: an
 * odd salt of another type is no reason not to sign in. Undefined where it does not say. Source:
 * RFC 4120 section 5.2.7.5.
 * @throws MalformedTokenError for what is no list
 */
export function keysOffered(padata: readonly PaData[] | undefined): readonly EtypeInfo2Entry[] | undefined {
  const info = findPaData(padata, PaType.ETYPE_INFO2)
  return info && decodeReadable(EtypeInfo2Entry, info)
}
