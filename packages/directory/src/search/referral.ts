/**
 * The entry that a reference leads to: `ldap://dc2.corp.test/CN=Configuration,DC=corp,DC=test`.
 * The host of the reference is not used: the controllers of the name's own domain are asked. So a
 * server cannot send the caller's ticket to a host of its choice. Returns undefined if the
 * reference names no entry. RFC 4516 section 2.
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
