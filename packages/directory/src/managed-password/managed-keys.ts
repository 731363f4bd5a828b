import { asciiLower, asciiUpper, Key, type KeytabEntry, NameType, parsePrincipal } from '@s4u/krb5'
import type { DirectoryAccount } from '../interface/directory-account.js'
import type { PasswordBlob } from './password-blob.js'

/** What the KDC makes of a managed password. */
const AES: readonly number[] = [18, 17]
const RC4 = 23

/**
 * The keys of an account with a managed password, current ones first, under the account's own name
 * and each of its service principal names.
 *
 * @param kvno the version of the current ones; those before have the one below
 */
export async function managedKeys(
  account: DirectoryAccount,
  blob: PasswordBlob,
  kvno: number,
  now: number,
): Promise<KeytabEntry[]> {
  const generations = [
    { password: blob.current, version: kvno },
    ...(blob.previous === undefined || kvno < 2 ? [] : [{ password: blob.previous, version: kvno - 1 }]),
  ]
  const entries: KeytabEntry[] = []
  for (const { password, version } of generations) {
    const text = utf16Of(password)
    for (const etype of typesOf(account)) {
      const key = await Key.fromPassword(etype, text, saltOf(account))
      for (const principal of principalsOf(account)) entries.push({ principal, kvno: version, key, timestamp: now })
    }
  }
  return entries
}

/** RC4 only where the account says so: accounts that say nothing have AES keys too. */
function typesOf({ encryptionTypes }: DirectoryAccount): readonly number[] {
  if (encryptionTypes === undefined) return AES
  return [...AES, RC4].filter((etype) => encryptionTypes.includes(etype))
}

/**
 * As for computers: the host in it is made of the account's name, and not of its name in DNS.
 * MS-KILE section 3.1.1.2.
 */
function saltOf({ name, domain }: DirectoryAccount): string {
  return `${asciiUpper(domain)}host${asciiLower(name).replace(/\$$/, '')}.${asciiLower(domain)}`
}

function principalsOf({ principal, servicePrincipalNames, domain }: DirectoryAccount) {
  const realm = asciiUpper(domain)
  return [
    parsePrincipal(principal, { nameType: NameType.PRINCIPAL }),
    ...servicePrincipalNames.map((spn) => parsePrincipal(spn, { realm, nameType: NameType.SRV_INST })),
  ]
}

/**
 * Returns the UTF-16 units as text, half characters included: string-to-key writes each half as
 * U+FFFD, as the KDC does.
 */
function utf16Of(octets: Uint8Array): string {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  const units = Array.from({ length: octets.length / 2 }, (_, index) => view.getUint16(2 * index, true))
  return String.fromCharCode(...units)
}
