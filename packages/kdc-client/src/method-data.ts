import { decode, MethodData, type PaData } from '@s4u/krb5'

/**
 * What a KDC tells beside an error of how it wants to be asked. Errors of all kinds carry e-data of
 * all kinds: none in what is something else. Source: RFC 4120 section 5.9.1.
 */
export function methodsIn(eData: Uint8Array | undefined): readonly PaData[] {
  try {
    return eData === undefined ? [] : decode(MethodData, eData)
  } catch {
    return []
  }
}
