import { formatSid, MalformedTokenError, parseSid } from '@s4u/krb5'
import { readOtherName } from './alternative-names.js'
import { eachOf, readDer, Tag } from './read-der.js'

/** szOID_NTDS_CA_SECURITY_EXT, and the name in it. Source: MS-WCCE section 2.2.2.7.7.4. */
export const NTDS_CA_SECURITY = '1.3.6.1.4.1.311.25.2'
const NTDS_OBJECT_SID = '1.3.6.1.4.1.311.25.2.1'

/**
 * The URI in which a subjectAltName says the same, for certificates that are made offline. Source:
 * Microsoft KB5014754.
 */
const SID_URI = /^tag:microsoft\.com,2022-09-14:sid:(S-1-[\d-]+)$/

/**
 * Returns the SID of the account for which the authority issued a certificate: `S-1-5-21-…-1104`.
 *
 * @param extension the value of the extension 1.3.6.1.4.1.311.25.2
 * @param uris those of the subjectAltName
 * @throws MalformedTokenError when it is no SID, or when there are two
 */
export function accountSidOf(extension: Uint8Array | undefined, uris: readonly string[]): string | undefined {
  const texts = new Set<string>()
  if (extension !== undefined)
    readDer('NtdsCaSecurityExt', extension, (reader) =>
      eachOf(reader, Tag.SEQUENCE, () => {
        const { type, text } = readOtherName(reader)
        if (type === NTDS_OBJECT_SID) texts.add(sidOf(text ?? ''))
      }),
    )
  for (const uri of uris) {
    const text = SID_URI.exec(uri)?.[1]
    if (text !== undefined) texts.add(sidOf(text))
  }
  if (texts.size > 1) throw wrong('one SID', `${texts.size} of them`)
  return texts.values().next().value
}

function sidOf(text: string): string {
  try {
    return formatSid(parseSid(text))
  } catch (cause) {
    throw wrong('a SID', 'another text', cause)
  }
}

function wrong(expected: string, found: string, cause?: unknown): MalformedTokenError {
  return new MalformedTokenError({ path: 'Certificate.extensions[sid]', expected, found, cause })
}
