/**
 * The entry that a reference leads to: `ldap://dc2.corp.test/CN=Configuration,DC=corp,DC=test`. The
 * host in it is not used: who owns the name is asked, so that a server sends nobody's ticket to a
 * host of its choice. Undefined for what names no entry. RFC 4516 section 2.
 */
export function dnOfReference(uri: string): string | undefined {
  const path = /^ldaps?:\/\/[^/?#]*\/([^?#]+)/i.exec(uri)?.[1]
  if (path === undefined) return undefined
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
