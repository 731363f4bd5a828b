import { asciiLower } from '@s4u/krb5'

/** Whether a transited service, `HTTP/web.ad.test@AD.TEST`, is one of a realm. */
export function isServiceOf(service: string, realm: string): boolean {
  return asciiLower(service).endsWith(`@${asciiLower(realm)}`)
}
